"""Which resources are limited, in each version, and how limits are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from ....kernel.errors import Invalid
from ....kernel.http import Version
from .. import values as v

T = TypeVar("T")
Changes = dict[str, int | str | bool]

NETWORK = frozenset({"fixed_ips", "floating_ips", "security_groups", "security_group_rules"})
INJECTED = frozenset({"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"})
GROUPS = frozenset({"server_groups", "server_group_members"})
NO_NETWORK, NO_INJECTED = Version(2, 36), Version(2, 57)
CLASSES_HAVE_GROUPS = Version(2, 50)


def hidden(version: Version) -> frozenset[str]:
    """What a version of quota sets and limits does not know."""
    return (NETWORK if version >= NO_NETWORK else frozenset()) | (INJECTED if version >= NO_INJECTED else frozenset())


def hidden_in_classes(version: Version) -> frozenset[str]:
    """The same of quota classes."""
    if version >= NO_INJECTED:
        return NETWORK | INJECTED
    return NETWORK if version >= CLASSES_HAVE_GROUPS else GROUPS


def without(found: Mapping[str, T], names: Iterable[str]) -> dict[str, T]:
    """All but these."""
    return {name: value for name, value in found.items() if name not in set(names)}


class Read(Struct, frozen=True):
    """New limits, and whether they are to be set whatever is used already."""

    limits: dict[str, int]
    force: bool


def read(body: Changes, known: Iterable[str]) -> Read:
    """New limits from a request's body. Raises Invalid."""
    names = set(known)
    unknown = [name for name in body if name not in names and name != "force"]
    if unknown:
        raise Invalid(f"Additional properties are not allowed ('{unknown[0]}' was unexpected).")
    limits = {}
    for name, value in body.items():
        if name != "force":
            if isinstance(value, bool):
                raise v.wrong(name, value, "It must be an integer.")
            limits[name] = v.count(name, value, least=-1)
    force = body.get("force", False)
    return Read(limits, v.flag("force", force if isinstance(force, bool) else str(force)))
