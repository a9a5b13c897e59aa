"""The rule language, with oslo.policy as the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oslo_policy import _checks as checks
from oslo_policy import _parser as parser

from cumulet.kernel.errors import Forbidden
from cumulet.kernel.policy import Actor, Policy, PolicySyntaxError, parse
from cumulet.kernel.policy.enforcer import load_overrides
from cumulet.kernel.policy.explaining import Reason, deciding

ATTRIBUTES = ("user_id", "project_id", "domain_id", "user_domain_id", "system_scope", "is_admin", "trust_id")
TARGETS = ("user_id", "project_id", "target.user.domain_id", "target.role.name", "target.project.domain_id")
VALUES = ("one", "two", "None", "all", "admin", "True")
NAMED = {
    "is_one": "user_id:one",
    "admin_required": "role:admin",
    "owner": "user_id:%(user_id)s",
    "both": "rule:owner and role:reader",
}


class Oracle:
    """As much of an enforcer as oslo.policy's checks ask for."""

    def __init__(self) -> None:
        self.rules = {name: parser.parse_rule(text) for name, text in NAMED.items()}


ORACLE = Oracle()


def upstream_says(rule: str, creds: dict[str, Any], target: dict[str, Any]) -> bool:
    """What oslo.policy's own parser and checks make of a rule."""
    return checks._check(parser.parse_rule(rule), target, creds, ORACLE, None)


def we_say(rule: str, actor: Actor, target: dict[str, Any]) -> bool:
    """What we make of it."""
    return parse(rule, lambda name: parse(NAMED[name], lambda other: parse(NAMED[other], _no_more)))(actor, target)


def _no_more(name: str) -> Any:
    raise AssertionError(name)


def creds_of(actor: Actor) -> dict[str, Any]:
    """An actor as oslo.context would describe it."""
    return {"roles": sorted(actor.roles), **{name: actor.attribute(name) for name in ATTRIBUTES}}


checks_text = st.one_of(
    st.sampled_from(["@", "!"]),
    st.sampled_from(sorted(NAMED)).map(lambda name: f"rule:{name}"),
    st.sampled_from(["admin", "reader", "Member", "manager"]).map(lambda name: f"role:{name}"),
    st.sampled_from(TARGETS).map(lambda name: f"role:%({name})s"),
    st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES)).map(":".join),
    st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(TARGETS)).map(lambda pair: f"{pair[0]}:%({pair[1]})s"),
    st.tuples(st.sampled_from(["None", "True", "'one'", '"admin"', "7"]), st.sampled_from(TARGETS)).map(
        lambda pair: f"{pair[0]}:%({pair[1]})s"
    ),
    st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(TARGETS)).map(lambda pair: f"{pair[0]}:o%({pair[1]})se"),
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map(lambda rule: f"({rule})"),
        inner.map(lambda rule: f"not ({rule})"),
        checks_text.map(lambda rule: f"not {rule}"),
        st.tuples(inner, st.sampled_from([" and ", " or ", " AND ", "  or  "]), inner).map("".join),
    )


rules = st.recursive(checks_text, _grown, max_leaves=8)
words = st.sampled_from(["one", "two", "admin"])
actors = st.builds(
    Actor,
    user_id=words,
    project_id=words | st.none(),
    domain_id=words | st.none(),
    user_domain_id=words,
    system=st.booleans(),
    is_admin=st.booleans(),
    trust_id=words | st.none(),
    roles=st.frozensets(st.sampled_from(["admin", "reader", "member", "Manager"])),
)
targets = st.dictionaries(st.sampled_from(TARGETS), words | st.none() | st.just(7), max_size=5)


def _compares_nothing_with_nothing(rule: str, actor: Actor, target: dict[str, Any]) -> bool:
    """Whether a rule compares an attribute that the actor lacks with a null one of the target: there we differ, on purpose."""
    absent = [name for name in ATTRIBUTES if actor.attribute(name) is None]
    null = [name for name, value in target.items() if value is None]
    return any(f"{name}:%({other})s" in rule for name in absent for other in null)


@settings(max_examples=400, deadline=None)
@given(rules, actors, targets)
def test_every_rule_means_what_it_means_to_upstream(rule, actor, target):
    if not _compares_nothing_with_nothing(rule, actor, target):
        assert we_say(rule, actor, target) == upstream_says(rule, creds_of(actor), target)


def test_nobody_is_an_owner_by_having_nothing():
    stranger = Actor(user_id="one")
    rule = "project_id:%(project_id)s"
    assert upstream_says(rule, creds_of(stranger), {"project_id": None})
    assert not we_say(rule, stranger, {"project_id": None})


@pytest.mark.parametrize(
    "rule", ["(role:admin", "role:admin)", "role:admin and", "or role:admin", "role:admin role:reader", "admin", "not", "()"]
)
def test_a_rule_that_cannot_be_read_is_refused_where_upstream_forbids_everything(rule):
    with pytest.raises(PolicySyntaxError, match=r".+"):
        parse(rule, _no_more)
    assert not upstream_says(rule, {"roles": ["admin"]}, {})


@pytest.mark.parametrize("kind", ["http", "https"])
def test_no_rule_asks_another_server(kind):
    with pytest.raises(PolicySyntaxError, match=kind):
        parse(f"{kind}://127.0.0.1/check", _no_more)


def test_upstreams_names_of_token_attributes_are_known():
    actor = Actor(user_id="one", domain_id="two")
    assert we_say("token.domain.id:%(target.user.domain_id)s", actor, {"target.user.domain_id": "two"})
    inside = Actor(user_id="one", project_id="p", project_domain_id="two")
    assert we_say("token.project.domain.id:%(target.user.domain_id)s", inside, {"target.user.domain_id": "two"})


def test_an_actor_without_a_project_is_in_no_projects_domain():
    assert not we_say("project_domain_id:default", Actor(user_id="one"), {})


def test_a_policy_names_the_missing_rule_when_it_is_made():
    with pytest.raises(PolicySyntaxError, match="nowhere"):
        Policy({"a": "role:admin or rule:nowhere"})


def test_a_rule_that_refers_to_itself_is_refused():
    with pytest.raises(PolicySyntaxError, match="a → b → a"):
        Policy({"a": "not rule:b", "b": "rule:a"})


def test_a_refusal_names_the_rule_and_tells_its_text_only_to_the_log():
    with pytest.raises(Forbidden, match="identity:get_user") as refused:
        Policy({"identity:get_user": "role:admin"}).enforce("identity:get_user", Actor(user_id="one"), {})
    assert "role:admin" not in refused.value.message
    assert "role:admin" in refused.value.internal


def test_an_override_replaces_a_default():
    policy = Policy({"a": "!", "b": "rule:a"}, {"a": "@"})
    assert policy.allows("b", Actor(user_id="one"), {})
    assert policy.decide("a", Actor(user_id="one"), {}).text == "@"


def test_a_policy_file_that_is_no_mapping_is_named(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("- role:admin\n")
    with pytest.raises(PolicySyntaxError, match=r"policy\.yaml"):
        load_overrides(path)
    assert load_overrides(tmp_path / "missing.yaml") == {}


@settings(max_examples=200, deadline=None)
@given(rules, actors, targets)
def test_the_explanation_of_a_rule_ends_as_the_rule_does_and_so_do_its_parts(rule, actor, target):
    policy = Policy({**NAMED, "asked": rule})
    reason = policy.explain("asked", actor, target)
    assert reason.held == policy.allows("asked", actor, target)
    assert deciding(reason)
    _check_parts(reason)


def _check_parts(reason: Reason) -> None:
    held = [part.held for part in reason.parts]
    if held:
        expected = {"or": any(held), "and": all(held), "not": not held[0]}.get(reason.text, held[0])
        assert reason.held == expected
    for part in reason.parts:
        _check_parts(part)


def test_what_decided_is_named():
    policy = Policy({**NAMED, "asked": "rule:admin_required or (role:reader and rule:is_one)"})
    actor = Actor(user_id="two", roles=frozenset({"reader"}))
    assert [check.text for check in deciding(policy.explain("asked", actor, {}))] == ["role:admin", "user_id:one"]
    admin = Actor(user_id="two", roles=frozenset({"admin"}))
    assert [check.text for check in deciding(policy.explain("asked", admin, {}))] == ["role:admin"]
