"""Filters: constraints on hosts that have nothing to do with what is free there.

The names of extra specs, image properties and metadata of aggregates are upstream's:
https://docs.openstack.org/nova/latest/admin/scheduling.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

Marks = dict[str, set[str]]
"""The metadata of all aggregates that a host is in: key to values; a value with commas is several."""


class Place(Struct, frozen=True):
    """A host, as filters see it."""

    host_id: str
    hostname: str
    zone: str
    arch: str
    hypervisors: frozenset[str]
    marks: Marks


class Ask(Struct, frozen=True):
    """A server, as filters see it."""

    project_id: str
    zone: str | None
    extra_specs: Mapping[str, str]
    image_properties: Mapping[str, str]


class Constraint(Struct, frozen=True):
    """`reason` is what is wrong with hosts that do not pass, for a sentence that begins with their number."""

    reason: str
    passes: Callable[[Place], bool]


SCOPE = "aggregate_instance_extra_specs:"
_ARCHITECTURES = ("hw_architecture", "architecture", "img_architecture")
_HYPERVISORS = ("img_hv_type", "hypervisor_type")


def among(reason: str, host_ids: Iterable[str]) -> Constraint:
    """Only these hosts."""
    allowed = frozenset(host_ids)
    return Constraint(reason, lambda place: place.host_id in allowed)


def not_among(reason: str, host_ids: Iterable[str]) -> Constraint:
    """None of these hosts."""
    refused = frozenset(host_ids)
    return Constraint(reason, lambda place: place.host_id not in refused)


def zone(ask: Ask) -> Iterable[Constraint]:
    """The availability zone that was asked for."""
    if ask.zone is not None:
        yield Constraint(f"not in the zone {ask.zone}", lambda place: place.zone == ask.zone)


def image_properties(ask: Ask) -> Iterable[Constraint]:
    """The architecture and the hypervisor that an image is made for."""
    arch = _first(ask.image_properties, _ARCHITECTURES)
    if arch:
        yield Constraint(f"not of the image's architecture {arch}", lambda place: place.arch == arch)
    hypervisor = _first(ask.image_properties, _HYPERVISORS).lower()
    if hypervisor:
        yield Constraint(f"without the image's hypervisor {hypervisor}", lambda place: hypervisor in place.hypervisors)


def _first(properties: Mapping[str, str], names: Iterable[str]) -> str:
    return next((properties[name] for name in names if properties.get(name)), "")


def extra_specs(ask: Ask) -> Iterable[Constraint]:
    """What a flavor wants of the metadata of its host's aggregates."""
    for name, wanted in ask.extra_specs.items():
        if name.startswith(SCOPE):
            key = name.removeprefix(SCOPE)
            yield Constraint(f"not in an aggregate with {key} = {wanted}", _marked(key, wanted))


def _marked(key: str, wanted: str) -> Callable[[Place], bool]:
    return lambda place: any(matches(value, wanted) for value in place.marks.get(key, ()))


def matches(value: str, wanted: str) -> bool:
    """Whether a value is as an extra spec wants it: itself, `<or> a <or> b`, `<in> part`, `s== text`, or `>= 2` and the like."""
    if wanted.startswith("<or>"):
        return value in [choice.strip() for choice in wanted.split("<or>") if choice.strip()]
    operator, _, operand = wanted.partition(" ")
    if operator == "<in>":
        return operand.strip() in value
    if operator in _TEXT and operand:
        return _TEXT[operator](value, operand.strip())
    if operator in _NUMBERS and _is_number(value) and _is_number(operand):
        return _NUMBERS[operator](float(value), float(operand))
    return value == wanted


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "s==": lambda a, b: a == b,
    "s!=": lambda a, b: a != b,
    "s>=": lambda a, b: a >= b,
    "s<=": lambda a, b: a <= b,
    "s>": lambda a, b: a > b,
    "s<": lambda a, b: a < b,
}
_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a >= b,  # upstream's meaning: at least
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", text) is not None


def isolated_projects(ask: Ask) -> Iterable[Constraint]:
    """Hosts in aggregates with `filter_tenant_id` are for those projects only."""
    yield Constraint("kept for other projects", lambda place: _is_open_to(place.marks, ask.project_id))


def _is_open_to(marks: Marks, project_id: str) -> bool:
    owners = set().union(*(values for key, values in marks.items() if key.startswith("filter_tenant_id")))
    return not owners or project_id in owners


def isolated_images(ask: Ask) -> Iterable[Constraint]:
    """If an aggregate says something of a property that an image has, both must say the same."""
    yield Constraint("kept for other images", lambda place: _takes(place.marks, ask.image_properties))


def _takes(marks: Marks, properties: Mapping[str, str]) -> bool:
    return all(properties[key] in values for key, values in marks.items() if key in properties)


ALWAYS = (zone, image_properties, extra_specs)
"""They constrain only who asks for it."""

ISOLATING = (isolated_projects, isolated_images)
"""They constrain everybody, once an aggregate says so."""


def constraints(ask: Ask, isolating: bool) -> list[Constraint]:
    """Every constraint on the hosts of this server; `isolating` if there are aggregates with metadata."""
    filters = (*ALWAYS, *ISOLATING) if isolating else ALWAYS
    return [constraint for each in filters for constraint in each(ask)]


def traits(ask: Ask) -> tuple[list[str], list[str]]:
    """The traits that flavor and image require, and those that they forbid."""
    named = {**ask.image_properties, **ask.extra_specs}
    found: dict[str, list[str]] = {"required": [], "forbidden": []}
    for name, value in sorted(named.items()):
        if name.startswith("trait:") and value in found:
            found[value].append(name.removeprefix("trait:"))
    return found["required"], found["forbidden"]
