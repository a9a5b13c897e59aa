"""From a directory's entries to people and groups, and the filters that find them (RFC 4515)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from .settings import Directory


class Entry(Struct, frozen=True):
    """What a search found: a distinguished name, and attributes' values by lower-case names."""

    dn: str
    values: Mapping[str, Sequence[str]]

    def first(self, attribute: str) -> str | None:
        """The first value of an attribute."""
        found = self.values.get(attribute.lower()) if attribute else None
        return found[0] if found else None


class Person(Struct, frozen=True):
    """Somebody in a directory."""

    local_id: str
    dn: str
    name: str
    enabled: bool
    description: str
    default_project_id: str | None
    extra: dict[str, Any]


class Crew(Struct, frozen=True):
    """A group in a directory. `members` are what it holds: distinguished names, or ids if the directory is of that kind."""

    local_id: str
    dn: str
    name: str
    description: str
    members: Sequence[str]
    extra: dict[str, Any]


_ESCAPED = {character: f"\\{ord(character):02x}" for character in "\\*()\0"}


def escaped(text: str) -> str:
    """A value as a filter may hold it: nothing in it means anything but itself."""
    return "".join(_ESCAPED.get(character, character) for character in text)


def equals(attribute: str, value: str) -> str:
    """A filter."""
    return f"({attribute}={escaped(value)})"


def like(attribute: str, pattern: str) -> str:
    """A filter by SQL's LIKE pattern, with a backslash before what is literal; `_` is not in patterns of clients."""
    parts, literal = [""], False
    for character in pattern:
        if not literal and character in "\\%":
            literal = character == "\\"
            if character == "%":
                parts.append("")
            continue
        parts[-1] += escaped(character)
        literal = False
    return f"({attribute}={'*'.join(parts)})"


def everything(filters: Collection[str]) -> str:
    """All of some filters; a bare one is put in brackets."""
    return f"(&{''.join(text if text.startswith('(') else f'({text})' for text in filters if text)})"


def normal_dn(dn: str) -> str:
    """A distinguished name for comparison: directories write one in several ways."""
    return ",".join("=".join(side.strip() for side in part.split("=", 1)) for part in dn.split(",")).casefold()


def id_in(dn: str, attribute: str) -> str | None:
    """The id that a name begins with, if it does so with this attribute and plainly."""
    name, _, value = dn.partition(",")[0].partition("=")
    plain = name.strip().casefold() == attribute.casefold() and "\\" not in dn and "+" not in value
    return value.strip() if plain and value else None


def _id(entry: Entry, attribute: str) -> str | None:
    """One of several values of an id is the one that is in the entry's name."""
    found = entry.values.get(attribute.lower()) or ()
    named = entry.dn.partition(",")[0].partition("=")
    if len(found) > 1 and named[0].casefold() == attribute.casefold() and named[2] in found:
        return named[2]
    return found[0] if found else None


def _extra(entry: Entry, pairs: Collection[str]) -> dict[str, Any]:
    given = (pair.split(":") for pair in pairs)
    return {name: value for attribute, name in given if (value := entry.first(attribute)) is not None}


def person(entry: Entry, settings: Directory, enabled_members: Collection[str] | None) -> Person | None:
    """Who an entry is, None if it has no id or no name. `enabled_members` are those who are enabled, if a group decides."""
    local_id, name = _id(entry, settings.user_id_attribute), entry.first(settings.user_name_attribute)
    if not local_id or not name:
        return None
    ignored = set(settings.user_attribute_ignore)
    extra = _extra(entry, settings.user_additional_attribute_mapping)
    mail = entry.first(settings.user_mail_attribute)
    if mail is not None and not ignored & {"email", "mail"}:
        extra["email"] = mail
    project = None if "default_project_id" in ignored else entry.first(settings.user_default_project_id_attribute)
    return Person(
        local_id=local_id,
        dn=entry.dn,
        name=name,
        enabled=_enabled(entry, settings, local_id, enabled_members),
        description="" if "description" in ignored else entry.first(settings.user_description_attribute) or "",
        default_project_id=project,
        extra=extra,
    )


def _enabled(entry: Entry, settings: Directory, local_id: str, members: Collection[str] | None) -> bool:
    if members is not None:
        by_id = settings.user_enabled_emulation_use_group_config and settings.group_members_are_ids
        return (local_id if by_id else normal_dn(entry.dn)) in members
    if "enabled" in settings.user_attribute_ignore:
        return True
    value = entry.first(settings.user_enabled_attribute)
    value = settings.user_enabled_default if value is None else value
    if settings.user_enabled_mask:
        flags = int(value) if value.lstrip("-").isdigit() else int(settings.user_enabled_default)
        return flags & settings.user_enabled_mask != settings.user_enabled_mask
    return (value.casefold() == "true") != settings.user_enabled_invert


def crew(entry: Entry, settings: Directory) -> Crew | None:
    """Which group an entry is; None if it has no id or no name."""
    local_id, name = _id(entry, settings.group_id_attribute), entry.first(settings.group_name_attribute)
    if not local_id or not name:
        return None
    return Crew(
        local_id=local_id,
        dn=entry.dn,
        name=name,
        description=entry.first(settings.group_desc_attribute) or "",
        members=entry.values.get(settings.group_member_attribute.lower(), ()),
        extra=_extra(entry, settings.group_additional_attribute_mapping),
    )
