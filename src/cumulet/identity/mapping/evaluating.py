"""What rules make of the attributes of one user."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from ...kernel.errors import Unauthorized
from .rules import Local, LocalProject, LocalUser, Named, Remote, Rule

Assertion = Mapping[str, Sequence[str]]
"""The attributes of a user by name, each with its values."""

PLACEHOLDER = re.compile(r"{(\d+)}")
_NESTED = "JSON:"
"""A group may be given as JSON text with a name and a domain of its own, after this word."""


class MappedUser(Struct, frozen=True):
    """Who it is. `is_local` is a user that exists here already."""

    id: str | None
    name: str | None
    email: str | None
    domain: Named | None
    is_local: bool


class MappedProject(Struct, frozen=True):
    """A project in which the user has roles, by name."""

    name: str
    roles: tuple[str, ...]
    domain: Named | None


class Mapped(Struct, frozen=True):
    """What the rules say together. `group_names` are (name, domain)."""

    user: MappedUser
    group_ids: list[str]
    group_names: list[tuple[str, Named]]
    projects: list[MappedProject]


def evaluate(rules: Sequence[Rule], assertion: Assertion, version: str) -> Mapped:
    """What `rules` of schema `version` make of `assertion`. Raises Unauthorized if no rule applies, or a result makes no sense."""
    applied = [(local, values) for rule in rules if (values := _values(rule.remote, assertion)) is not None for local in rule.local]
    if not applied:
        raise Unauthorized("Could not map any federated user properties to identity values: no rule of the mapping applies.")
    honoured = version != "1.0"
    users = [(local.user, values) for local, values in applied if local.user is not None]
    user, values = users[0] if users else (LocalUser(), [])
    projects = [_projects(*one, honoured) for one in applied if one[0].projects is not None or one[0].projects_json is not None]
    return Mapped(
        user=_user(user, values, _home(*applied[-1]) if honoured else None),
        group_ids=list(dict.fromkeys(group_id for local, values in applied for group_id in _group_ids(local, values))),
        group_names=list(dict.fromkeys(group for local, values in applied for group in _group_names(local, values))),
        projects=projects[-1] if projects else [],
    )


def _values(conditions: Sequence[Remote], assertion: Assertion) -> list[list[str]] | None:
    """What the conditions give, in order; None if one of them does not hold."""
    given: list[list[str]] = []
    for condition in conditions:
        shown = list(assertion.get(condition.type, ()))
        if not shown:
            return None
        if condition.any_one_of is not None and not _among(condition, condition.any_one_of, shown):
            return None
        if condition.not_any_of is not None and _among(condition, condition.not_any_of, shown):
            return None
        if condition.blacklist is not None:
            refused = _among(condition, condition.blacklist, shown)
            shown = [value for value in shown if value not in refused]
        elif condition.whitelist is not None:
            shown = _among(condition, condition.whitelist, shown)
        if condition.gives:
            given.append(shown)
    return given


def _among(condition: Remote, wanted: list[str], shown: list[str]) -> list[str]:
    """The values that are wanted, in the order in which they were shown."""
    if not condition.regex:
        return [value for value in shown if value in wanted]
    searches = [search for text in wanted if (search := pattern(text)) is not None]
    return [value for value in shown if any(search(value) for search in searches)]


@lru_cache(maxsize=1024)
def pattern(text: str) -> Callable[[str], object] | None:
    """What finds a regular expression in a text, in time linear in it; None if it is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        found: Callable[[str], object] = re2.compile(text, options).search
    except re2.error:
        return None
    return found


def _text(text: str | None, values: list[list[str]]) -> str | None:
    """`text` with the values in their places; several are joined by semicolons."""
    return None if text is None else PLACEHOLDER.sub(lambda found: ";".join(values[int(found[1])]), text)


def _list(text: str, values: list[list[str]]) -> list[str]:
    """All values if `text` is nothing but their place, else one: or several if the mapping itself has a list there."""
    whole = PLACEHOLDER.fullmatch(text)
    if whole:
        return values[int(whole[1])]
    if text.startswith("["):
        try:
            listed = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            listed = None
        if isinstance(listed, list):
            return [_text(str(entry), values) or "" for entry in listed]
    return [_text(text, values) or ""]


def _named(domain: Named, values: list[list[str]]) -> Named:
    return Named(_text(domain.id, values), _text(domain.name, values))


def _home(local: Local, values: list[list[str]]) -> Named | None:
    """Since version 2.0 what a result's domain is for more than its groups: also its projects; and the last one's, the user."""
    return _named(local.domain, values) if local.domain else None


def _user(user: LocalUser, values: list[list[str]], home: Named | None) -> MappedUser:
    domain = _named(user.domain, values) if user.domain else home
    name, user_id = _text(user.name, values), _text(user.id, values)
    return MappedUser(user_id or None, name or None, _text(user.email, values), domain, user.type == "local")


def _group_ids(local: Local, values: list[list[str]]) -> Iterator[str]:
    if local.group is not None and local.group.id is not None:
        yield _text(local.group.id, values) or ""
    if local.group_ids is not None:
        yield from _list(local.group_ids, values)


def _group_names(local: Local, values: list[list[str]]) -> Iterator[tuple[str, Named]]:
    if local.group is not None and local.group.name is not None and local.group.domain is not None:
        yield _text(local.group.name, values) or "", _named(local.group.domain, values)
    for name in _list(local.groups, values) if local.groups is not None else ():
        if name.startswith(_NESTED):
            yield _nested(name.removeprefix(_NESTED))
        elif local.domain is None:
            raise Unauthorized("The mapping names groups without their domain.", internal=f"groups: {local.groups!r}")
        else:
            yield name, _named(local.domain, values)


class _NestedGroup(Struct):
    name: str
    domain: Named


def _nested(text: str) -> tuple[str, Named]:
    try:
        group = msgspec.json.decode(text, type=_NestedGroup)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Unauthorized("The identity provider gave a group that cannot be read.", internal=str(problem)) from None
    return group.name, group.domain


def _projects(local: Local, values: list[list[str]], honoured: bool) -> list[MappedProject]:
    """Those of the mapping, with values in their places, and those that the identity provider gave, as they are."""
    own = [(project, values) for project in local.projects or ()]
    given = [(project, None) for project in _given_projects(local, values)]
    home = _home(local, values) if honoured else None
    found = [_project(project, filled) for project, filled in (*own, *given)]
    return [msgspec.structs.replace(project, domain=project.domain or home) for project in found]


def _project(project: LocalProject, values: list[list[str]] | None) -> MappedProject:
    if values is None:
        return MappedProject(project.name, tuple(role.name for role in project.roles), project.domain)
    roles = tuple(_text(role.name, values) or "" for role in project.roles)
    return MappedProject(_text(project.name, values) or "", roles, _named(project.domain, values) if project.domain else None)


def _given_projects(local: Local, values: list[list[str]]) -> list[LocalProject]:
    if local.projects_json is None:
        return []
    try:
        return msgspec.json.decode(_text(local.projects_json, values) or "", type=list[LocalProject])
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Unauthorized("The identity provider gave projects that cannot be read.", internal=str(problem)) from None
