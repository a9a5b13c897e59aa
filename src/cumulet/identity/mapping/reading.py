"""From the JSON of a mapping to its rules, with everything refused that could only fail at a log-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ...kernel.errors import Invalid
from .evaluating import PLACEHOLDER, pattern
from .rules import Local, Remote, Rule

VERSIONS = ("1.0", "2.0", "3.0")


def read(rules: Any, version: str) -> list[Rule]:
    """The rules of a mapping of schema `version`. Raises Invalid, naming what is wrong."""
    if version not in VERSIONS:
        raise Invalid(f"Invalid input for field/attribute schema_version. {version!r} is none of {', '.join(VERSIONS)}.")
    try:
        found = msgspec.convert(rules, list[Rule])
    except msgspec.ValidationError as problem:
        raise Invalid(f"Invalid input for field/attribute rules. {problem}") from None
    if not found:
        raise Invalid("Invalid input for field/attribute rules. At least one rule is needed.")
    for at, rule in enumerate(found):
        for problem_found in (*_of_remote(rule.remote), *_of_local(rule, float(version))):
            raise Invalid(f"Invalid input for field/attribute rules[{at}]. {problem_found}")
    return found


def _of_remote(conditions: list[Remote]) -> Iterator[str]:
    if not conditions:
        yield "'remote' needs at least one condition."
    for condition in conditions:
        if len(condition.lists) > 1:
            yield f"The condition on {condition.type!r} has more than one of any_one_of, not_any_of, whitelist and blacklist."
        if condition.regex and not condition.lists:
            yield f"The condition on {condition.type!r} has 'regex' but nothing to compare."
        for text in condition.lists[0] if condition.regex and condition.lists else ():
            if pattern(text) is None:
                yield f"{text!r} is not a regular expression (RE2)."


def _of_local(rule: Rule, version: float) -> Iterator[str]:
    given = sum(condition.gives for condition in rule.remote)
    for local in rule.local:
        for text in _texts(msgspec.to_builtins(local)):
            for place in PLACEHOLDER.findall(text):
                if int(place) >= given:
                    yield f"{{{place}}} in {text!r} refers to a condition that is not there: {given} of them give values."
        yield from _of_result(local, version)


def _of_result(local: Local, version: float) -> Iterator[str]:
    group = local.group
    if group is not None and (group.id is None) == (group.name is None or group.domain is None):
        yield "A group has either an 'id', or a 'name' and a 'domain'."
    if version < 2.0 and any(project.domain is not None for project in local.projects or ()):
        yield "A project's domain can be named since schema version 2.0."
    if version < 3.0 and local.projects_json is not None:
        yield "'projects_json' is known since schema version 3.0."


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
