"""Property protection: who may create, read, update and delete which custom properties, by an operator's file.

The file has upstream's format: a section per regular expression, in which each of the four actions names roles, or one policy rule;
`@` is everybody, `!` nobody. The first section whose expression is found in a property's name counts; what no section matches, and
what a section does not name, nobody may. https://docs.openstack.org/glance/latest/admin/property-protections.html
"""

from __future__ import annotations

import configparser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..kernel.errors import Forbidden
from .model import Image

CREATE, READ, UPDATE, DELETE = ACTIONS = ("create", "read", "update", "delete")
EVERYBODY, NOBODY = "@", "!"
Holds = Callable[[str], bool]
"""Whether the caller has a role, or a policy rule allows him."""


class Section(Struct, frozen=True):
    """One expression, and who may do what to the properties that it matches."""

    pattern: Any
    allowed: dict[str, tuple[str, ...]]


class Protections(Struct, frozen=True):
    """The sections in their order; `by_policy`: they name policy rules, not roles. Without any, everybody may do everything."""

    sections: tuple[Section, ...] = ()
    by_policy: bool = False

    @property
    def rules(self) -> frozenset[str]:
        """The policy rules that are named."""
        named = {name for section in self.sections for names in section.allowed.values() for name in names}
        return frozenset(named - {EVERYBODY, NOBODY}) if self.by_policy else frozenset()

    @property
    def openers(self) -> frozenset[str]:
        """The roles, or policy rules, that open properties to readers."""
        named = {name for section in self.sections for name in section.allowed.get(READ, ())}
        return frozenset(named - {EVERYBODY, NOBODY})

    def allows(self, action: str, name: str, holds: Holds) -> bool:
        """Whether the caller may do this to the property `name`."""
        if not self.sections:
            return True
        section = next((one for one in self.sections if one.pattern.search(name)), None)
        allowed = section.allowed.get(action, ()) if section else ()
        if NOBODY in allowed:
            return False
        return EVERYBODY in allowed or any(holds(one) for one in allowed)

    def readable(self, image: Image, holds: Holds) -> dict[str, str]:
        """The custom properties that the caller may read."""
        return {name: value for name, value in image.properties.items() if self.allows(READ, name, holds)}

    def check(self, before: dict[str, str], after: dict[str, str], holds: Holds) -> None:
        """Raise Forbidden unless the caller may make this change; what he may not read is not there for him."""
        if not self.sections:
            return
        for name in before.keys() | after.keys():
            action = self._action(before.get(name), after.get(name), self.allows(READ, name, holds))
            if action is not None and not self.allows(action, name, holds):
                raise Forbidden(f"Property {name} is reserved.")

    @staticmethod
    def _action(old: str | None, new: str | None, is_read: bool) -> str | None:
        if old == new:
            return None
        if new is None:
            return DELETE
        return CREATE if old is None or not is_read else UPDATE


def load(path: Path, by_policy: bool) -> Protections:
    """The file's protections. Raises ValueError naming the section that is wrong."""
    parser = configparser.RawConfigParser(strict=True)
    try:
        parser.read_string(path.read_text(), str(path))
        return Protections(tuple(_section(name, parser[name], by_policy) for name in parser.sections()), by_policy)
    except (OSError, UnicodeDecodeError, configparser.Error, ValueError) as problem:
        raise ValueError(f"{path}: {problem}") from None


def _section(name: str, said: configparser.SectionProxy, by_policy: bool) -> Section:
    unknown = [action for action in said if action not in ACTIONS]
    if unknown:
        raise ValueError(f"[{name}] {unknown[0]}: one of {', '.join(ACTIONS)} is expected")
    allowed = {action: tuple(part.strip() for part in said[action].split(",") if part.strip()) for action in said}
    for action, names in allowed.items():
        if EVERYBODY in names and NOBODY in names:
            raise ValueError(f"[{name}] {action}: @ and ! contradict each other")
        if by_policy and len(names) > 1:
            raise ValueError(f"[{name}] {action}: one policy rule is expected, not several")
    if not by_policy:
        allowed = {action: tuple(role.lower() for role in names) for action, names in allowed.items()}
    import re2

    try:
        return Section(re2.compile(name), allowed)
    except re2.error as problem:
        raise ValueError(f"[{name}]: not a regular expression: {problem}") from None
