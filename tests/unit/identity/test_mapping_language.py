"""The language of mappings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cumulet.identity import mapping
from cumulet.identity.mapping import Mapped, Named
from cumulet.kernel.errors import Invalid, Unauthorized

ASSERTION = {
    "UserName": ["bob"],
    "Email": ["bob@example.com"],
    "Type": ["Contractor", "Tester"],
    "Groups": ["devs", "ops", "admins"],
    "Nothing": [],
}
USER = {"user": {"name": "{0}"}}
NAME = {"type": "UserName"}


def evaluated(rules: list[dict[str, Any]], version: str = "1.0", **more: list[str]) -> Mapped:
    return mapping.evaluate(mapping.read(rules, version), {**ASSERTION, **more}, version)


def applies(*remote: dict[str, Any]) -> bool:
    try:
        evaluated([{"local": [{"user": {"name": "x"}}], "remote": list(remote)}])
    except Unauthorized:
        return False
    return True


def test_values_take_their_places_in_the_order_of_the_conditions_that_give_them():
    conditions = [NAME, {"type": "Type", "any_one_of": ["Tester"]}, {"type": "Email"}]
    found = evaluated([{"local": [{"user": {"name": "{0}", "email": "{1}", "id": "{1}/{0}"}}], "remote": conditions}])
    assert (found.user.name, found.user.email, found.user.id) == ("bob", "bob@example.com", "bob@example.com/bob")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"type": "UserName"}, True),
        ({"type": "Missing"}, False),
        ({"type": "Nothing"}, False),
        ({"type": "Type", "any_one_of": ["Tester", "x"]}, True),
        ({"type": "Type", "any_one_of": ["Test"]}, False),
        ({"type": "Type", "any_one_of": ["^Test"], "regex": True}, True),
        ({"type": "Type", "any_one_of": ["est"], "regex": True}, True),
        ({"type": "Type", "any_one_of": ["^est"], "regex": True}, False),
        ({"type": "Type", "any_one_of": []}, False),
        ({"type": "Type", "not_any_of": ["x"]}, True),
        ({"type": "Type", "not_any_of": ["Tester"]}, False),
        ({"type": "Type", "not_any_of": ["T.*r$"], "regex": True}, False),
        ({"type": "Missing", "not_any_of": ["x"]}, False),
    ],
    ids=str,
)
def test_conditions(condition, holds):
    assert applies(condition) is holds


def test_every_condition_of_a_rule_must_hold():
    assert applies(NAME, {"type": "Type", "any_one_of": ["Tester"]})
    assert not applies(NAME, {"type": "Type", "any_one_of": ["Boss"]})


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"type": "Groups"}, ["devs", "ops", "admins"]),
        ({"type": "Groups", "whitelist": ["ops", "x", "devs"]}, ["devs", "ops"]),
        ({"type": "Groups", "whitelist": []}, []),
        ({"type": "Groups", "blacklist": ["ops"]}, ["devs", "admins"]),
        ({"type": "Groups", "blacklist": []}, ["devs", "ops", "admins"]),
        ({"type": "Groups", "whitelist": ["^.*s$"], "regex": True}, ["devs", "ops", "admins"]),
        ({"type": "Groups", "blacklist": ["^a", "v"], "regex": True}, ["ops"]),
    ],
    ids=str,
)
def test_lists_of_groups_are_narrowed_and_keep_their_order(condition, names):
    rules = [{"local": [USER, {"groups": "{1}", "domain": {"name": "D"}}], "remote": [NAME, condition]}]
    assert evaluated(rules).group_names == [(name, Named(None, "D")) for name in names]


def test_a_value_that_looks_like_a_list_is_one_value():
    rules = [{"local": [USER, {"groups": "{1}", "domain": {"id": "d"}}], "remote": [NAME, {"type": "Groups"}]}]
    assert evaluated(rules, Groups=["['admins']"]).group_names == [("['admins']", Named("d"))]


def test_a_value_with_a_place_in_it_is_not_filled_again():
    found = evaluated([{"local": [USER], "remote": [NAME]}], UserName=["{0}{1}{__class__}"])
    assert found.user.name == "{0}{1}{__class__}"


def test_groups_are_named_in_every_way_that_there_is():
    local = [
        {**USER, "group": {"id": "g1"}},
        {"group": {"name": "n-{0}", "domain": {"id": "d"}}},
        {"group_ids": "{1}"},
        {"group_ids": "['g2', 'g-{0}']"},
        {"groups": "JSON:" + json.dumps({"name": "j", "domain": {"name": "E"}})},
    ]
    found = evaluated([{"local": local, "remote": [NAME, {"type": "Groups"}]}])
    assert found.group_ids == ["g1", "devs", "ops", "admins", "g2", "g-bob"]
    assert found.group_names == [("n-bob", Named("d")), ("j", Named(None, "E"))]


def test_names_of_groups_without_a_domain_let_nobody_in():
    with pytest.raises(Unauthorized):
        evaluated([{"local": [USER, {"groups": "{1}"}], "remote": [NAME, {"type": "Groups"}]}])
    with pytest.raises(Unauthorized):
        evaluated([{"local": [{**USER, "groups": "{1}"}], "remote": [NAME, {"type": "Groups"}]}], Groups=["JSON:{"])


def test_the_first_rule_that_applies_names_the_user_and_all_of_them_give_groups():
    rules = [
        {"local": [{"user": {"name": "boss"}, "group": {"id": "bosses"}}], "remote": [{"type": "Type", "any_one_of": ["Boss"]}]},
        {"local": [{**USER, "group": {"id": "all"}}], "remote": [NAME]},
        {
            "local": [{"user": {"name": "other"}, "group": {"id": "testers"}}],
            "remote": [{"type": "Type", "any_one_of": ["Tester"]}],
        },
    ]
    found = evaluated(rules)
    assert (found.user.name, found.group_ids) == ("bob", ["all", "testers"])


def test_without_any_rule_that_applies_nobody_gets_in():
    with pytest.raises(Unauthorized):
        evaluated([{"local": [USER], "remote": [{"type": "Missing"}]}])


def test_local_users_and_their_domain():
    local = {"user": {"name": "{0}", "type": "local", "domain": {"id": "{1}"}}}
    found = evaluated([{"local": [local], "remote": [NAME, {"type": "Email"}]}])
    assert found.user.is_local
    assert found.user.domain == Named("bob@example.com")


@pytest.mark.parametrize(("version", "home"), [("1.0", None), ("2.0", Named("d"))])
def test_since_version_2_the_rules_domain_is_that_of_the_user_and_the_projects(version, home):
    local = [{**USER, "projects": [{"name": "p of {0}", "roles": [{"name": "r-{0}"}]}], "domain": {"id": "d"}}]
    found = evaluated([{"local": local, "remote": [NAME]}], version)
    assert found.user.domain == home
    [project] = found.projects
    assert (project.name, project.roles, project.domain) == ("p of bob", ("r-bob",), home)


def test_since_version_2_the_last_results_domain_is_the_users():
    local = [{**USER, "domain": {"id": "first"}}, {"groups": "g", "domain": {"id": "last"}}]
    assert evaluated([{"local": local, "remote": [NAME]}], "2.0").user.domain == Named("last")
    assert evaluated([{"local": [*local, {"group_ids": "g"}], "remote": [NAME]}], "2.0").user.domain is None


def test_since_version_2_a_project_may_have_a_domain_of_its_own():
    projects = [{"name": "p", "roles": [], "domain": {"name": "{0}"}}]
    [project] = evaluated([{"local": [{**USER, "projects": projects}], "remote": [NAME]}], "2.0").projects
    assert project.domain == Named(None, "bob")


def test_since_version_3_projects_may_be_what_the_provider_says():
    rules = [{"local": [{**USER, "projects_json": "{1}", "domain": {"id": "d"}}], "remote": [NAME, {"type": "P"}]}]
    said = json.dumps([{"name": "{0}", "roles": [{"name": "reader"}]}, {"name": "q", "roles": [], "domain": {"id": "e"}}])
    one, two = evaluated(rules, "3.0", P=[said]).projects
    assert (one.name, one.roles, one.domain) == ("{0}", ("reader",), Named("d"))
    assert two.domain == Named("e")
    for wrong in ("", "{}", '[{"name": 1}]', '[{"roles": []}]', "[" * 5):
        with pytest.raises(Unauthorized):
            evaluated(rules, "3.0", P=[wrong])


@pytest.mark.parametrize(
    ("rules", "version", "words"),
    [
        ([], "1.0", "At least one rule"),
        ("x", "1.0", "array"),
        ([{"local": [USER]}], "1.0", "remote"),
        ([{"local": [USER], "remote": []}], "1.0", "at least one condition"),
        ([{"local": [USER], "remote": [NAME], "x": 1}], "1.0", "x"),
        ([{"local": [{"user": {"name": 1}}], "remote": [NAME]}], "1.0", "name"),
        ([{"local": [{"user": {"type": "king"}}], "remote": [NAME]}], "1.0", "king"),
        ([{"local": [{"users": {}}], "remote": [NAME]}], "1.0", "users"),
        ([{"local": [USER], "remote": [{"type": "a", "any_one_of": [], "whitelist": []}]}], "1.0", "more than one"),
        ([{"local": [], "remote": [{"type": "a", "any_one_of": ["("], "regex": True}]}], "1.0", "not a regular expression"),
        ([{"local": [], "remote": [{"type": "a", "any_one_of": [r"(a)\1"], "regex": True}]}], "1.0", "not a regular expression"),
        ([{"local": [], "remote": [{"type": "a", "regex": True}]}], "1.0", "nothing to compare"),
        ([{"local": [{"user": {"name": "{1}"}}], "remote": [NAME]}], "1.0", "{1}"),
        ([{"local": [USER], "remote": [{"type": "a", "any_one_of": ["b"]}]}], "1.0", "{0}"),
        ([{"local": [{"group": {"name": "a"}}], "remote": [NAME]}], "1.0", "'domain'"),
        ([{"local": [{"group": {"name": "a", "id": "b", "domain": {}}}], "remote": [NAME]}], "1.0", "either"),
        ([{"local": [{"projects": [{"name": "a"}]}], "remote": [NAME]}], "1.0", "roles"),
        ([{"local": [{"projects": [{"name": "a", "roles": [], "domain": {}}]}], "remote": [NAME]}], "1.0", "2.0"),
        ([{"local": [{"projects_json": "{0}"}], "remote": [NAME]}], "2.0", "3.0"),
        ([{"local": [USER], "remote": [NAME]}], "9.9", "9.9"),
    ],
)
def test_what_could_only_fail_at_a_log_in_is_refused_before(rules, version, words):
    with pytest.raises(Invalid) as refused:
        mapping.read(rules, version)
    assert words in refused.value.message
