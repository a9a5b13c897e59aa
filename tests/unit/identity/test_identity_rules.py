"""Decisions about passwords and log-ins, codes, and patterns of access rules."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cumulet.identity.operations.authentication.totp import code_at, matches
from cumulet.identity.operations.delegation.access_rules import pattern
from cumulet.identity.rules import Compliance, check_password, end_filter, factors_missing, instant, is_expired, is_locked
from cumulet.kernel.errors import Invalid

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


OF_THE_RFC = [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.mark.parametrize(("at", "code"), OF_THE_RFC)
def test_codes_are_those_of_rfc_6238(at, code):
    assert code_at(RFC_SECRET, at // 30) == code
    assert matches([RFC_SECRET], code, at)
    assert matches([RFC_SECRET], code, at + 30)
    assert not matches([RFC_SECRET], code, at + 60)


@pytest.mark.parametrize("secret", ["1", "not base32", "é"])
def test_a_secret_that_is_not_base32_matches_nothing(secret):
    assert code_at(secret, 1) is None
    assert not matches([secret], "000000", 0)


@pytest.mark.parametrize("code", ["", "é", "28708", "2870820"])
def test_what_is_no_code_matches_nothing(code):
    assert not matches([RFC_SECRET], code, 59)


@pytest.mark.parametrize(("rule", "yes", "no"), [
    ("/v2.1/servers", ["/v2.1/servers"], ["/v2.1/servers/", "/v2x1/servers", "/v2.1/serversx", "/v2.1/servers\n"]),
    ("/v2/*", ["/v2/a"], ["/v2/", "/v2/a/b", "/v2"]),
    ("/v2/{id}/ips", ["/v2/a/ips"], ["/v2//ips", "/v2/a/b/ips"]),
    ("/v2/**", ["/v2/", "/v2/a/b/c"], ["/v3/a", "/v2"]),
    ("/a/*/b/**/c", ["/a/x/b/c/d/c"], ["/a/b/c", "/a/x/b/c"]),
    ("/v2/(a|b)+", ["/v2/(a|b)+"], ["/v2/a"]),
])  # fmt: skip
def test_a_pattern_matches_whole_paths(rule, yes, no):
    assert [path for path in yes if not pattern(rule).fullmatch(path)] == []
    assert [path for path in no if pattern(rule).fullmatch(path)] == []


@given(st.text(alphabet="abc/.+()[]^$|?\\-_ ", max_size=20))
def test_a_pattern_without_signs_matches_itself_only(text):
    assert pattern(f"/{text}").fullmatch(f"/{text}")
    assert not pattern(f"/{text}").fullmatch(f"/{text}x")


def test_a_lock_needs_enough_failures_and_runs_out():
    rules = Compliance(lockout_failures=2, lockout_seconds=10)
    assert not is_locked(rules, 1, 100, 100)
    assert is_locked(rules, 2, 100, 109.9)
    assert not is_locked(rules, 2, 100, 110)
    assert not is_locked(Compliance(), 1000, 100, 100)


def test_a_password_that_never_ends_is_not_expired():
    assert not is_expired(None, {}, 1e12)
    assert is_expired("2020-01-01T00:00:00.000000", {}, 1.6e9)
    assert not is_expired("2020-01-01T00:00:00.000000", {"ignore_password_expiry": True}, 1.6e9)


def test_a_password_has_an_end():
    check_password(Compliance(), "x" * 4096)
    with pytest.raises(Invalid, match="4096"):
        check_password(Compliance(), "x" * 4097)


KNOWN = {"password", "totp", "token"}


@pytest.mark.parametrize(("rules", "methods", "missing"), [
    ([], {"password"}, []),
    ([["password"]], {"password"}, []),
    ([["password", "totp"]], {"password"}, [["password", "totp"]]),
    ([["password", "totp"]], {"password", "totp"}, []),
    ([["totp"], ["password", "token"]], {"password"}, [["totp"], ["password", "token"]]),
    ([["retina"]], {"password"}, []),
    ([["retina", "totp"]], {"password"}, [["totp"]]),
    ([["retina"], ["totp"]], {"password"}, [["totp"]]),
])  # fmt: skip
def test_one_rule_for_several_factors_must_be_met(rules, methods, missing):
    found = factors_missing({"multi_factor_auth_rules": rules}, methods, KNOWN)
    assert sorted(map(sorted, found)) == sorted(map(sorted, missing))


@pytest.mark.parametrize("text", ["soon", "", "2020-13-01", "lt:2020-01-01"])
def test_what_is_no_time_is_refused_by_name(text):
    with pytest.raises(Invalid, match="when"):
        instant("when", text)


def test_times_are_read_with_and_without_a_zone():
    assert instant("when", None) is None
    assert instant("when", "1970-01-01T00:01:00Z") == instant("when", "1970-01-01T00:01:00.000000") == 60.0
    assert instant("when", "1970-01-01T01:01:00+01:00") == 60.0


def test_a_filter_by_time_has_an_operator_or_means_equality():
    assert end_filter("gte:1970-01-01T00:01:00Z") == ("1970-01-01T00:01:00.000000", "gte")
    assert end_filter("neq:1970-01-01T00:01:00Z")[1] == "ne"
    assert end_filter("1970-01-01T00:01:00Z")[1] == "eq"
    with pytest.raises(Invalid, match="password_expires_at"):
        end_filter("near:1970-01-01T00:01:00Z")
