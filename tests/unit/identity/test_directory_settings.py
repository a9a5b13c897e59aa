"""What a directory's settings and filters mean, without a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from cumulet.app.config import load
from cumulet.identity.directory.entries import equals, everything, id_in, like, normal_dn


def test_the_settings_can_be_read_from_a_file(tmp_path: Path):
    (tmp_path / "cumulet.toml").write_text('[directories.Acme]\nurl = "ldaps://ldap.acme.example"\nsuffix = "dc=acme"\n')
    found = load(tmp_path / "cumulet.toml", {}).directories["Acme"]
    assert (found.tree("user"), found.tree("group")) == ("ou=Users,dc=acme", "ou=UserGroups,dc=acme")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('url = "http://x"\nsuffix = "x"', "neither ldap"),
        ('url = "ldap://x"', "user_tree_dn"),
        ('url = "ldap://x"\nsuffix = "x"\nuser_enabled_mask = 2', "user_enabled_default"),
        ('url = "ldap://x"\nsuffix = "x"\ngroup_additional_attribute_mapping = ["x"]', "not attribute:field"),
        ('url = "ldap://x"\nsuffix = "x"\nconnection_timeout = 0', "connection_timeout"),
        ("uri = 1", "uri"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(tmp_path, text, named):
    (tmp_path / "wrong.toml").write_text(f"[directories.Acme]\n{text}\n")
    with pytest.raises(ValueError, match=named):
        load(tmp_path / "wrong.toml", {})


@pytest.mark.parametrize(
    ("value", "filter_"),
    [
        ("plain", "(cn=plain)"),
        ("*)(uid=*", r"(cn=\2a\29\28uid=\2a)"),
        ("a\\b", r"(cn=a\5cb)"),
        ("\0", r"(cn=\00)"),
        ("ö", "(cn=ö)"),
    ],
)
def test_nothing_in_a_value_means_anything_in_a_filter(value, filter_):
    assert equals("cn", value) == filter_


@pytest.mark.parametrize(
    ("pattern", "filter_"),
    [
        ("%x%", "(cn=*x*)"),
        ("x%", "(cn=x*)"),
        (r"%\%%", "(cn=*%*)"),
        ("%*%", r"(cn=*\2a*)"),
        (r"a\_b%", "(cn=a_b*)"),
        (r"\\%", r"(cn=\5c*)"),
    ],
)
def test_a_pattern_becomes_a_filter_with_the_same_meaning(pattern, filter_):
    assert like("cn", pattern) == filter_


def test_filters_without_brackets_get_them():
    assert everything(["(a=1)", "", "b=2"]) == "(&(a=1)(b=2))"


def test_names_are_compared_as_directories_do():
    assert normal_dn("CN=Ann, ou=People ,dc=x") == normal_dn("cn=ann,OU=people,DC=X")


@pytest.mark.parametrize(
    ("dn", "found"),
    [
        ("uid=ann,dc=x", "ann"),
        ("UID = ann,dc=x", "ann"),
        ("cn=ann,dc=x", None),
        (r"uid=a\,b,dc=x", None),
        ("uid=a+cn=b", None),
    ],
)
def test_an_id_is_read_from_a_name_only_if_it_is_plainly_there(dn, found):
    assert id_in(dn, "uid") == found
