"""Filters: constraints on hosts that have nothing to do with what is free there.

The names of extra specs, image properties and metadata of aggregates are upstream's:
https://docs.openstack.org/nova/latest/admin/scheduling.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct

from . import capabilities, nearness
from .capabilities import Attributes
from .matching import matches

Marks = dict[str, set[str]]
"""The metadata of all aggregates that a host is in: key to values; a value with commas is several."""


class Place(Struct, frozen=True):
    """A host, as filters see it. `attributes` are there only if something asks for them (`looks_closer`)."""

    host_id: str
    hostname: str
    zone: str
    arch: str
    hypervisors: frozenset[str]
    marks: Marks
    address: str = ""
    attributes: Attributes = {}


class Ask(Struct, frozen=True):
    """A server, as filters see it."""

    project_id: str
    zone: str | None
    extra_specs: Mapping[str, str]
    image_properties: Mapping[str, str]
    flavor: str = ""
    hints: Mapping[str, Any] = {}


class Constraint(Struct, frozen=True):
    """`reason` is what is wrong with hosts that do not pass, for a sentence that begins with their number."""

    reason: str
    passes: Callable[[Place], bool]


SCOPE = "aggregate_instance_extra_specs:"
_ARCHITECTURES = ("hw_architecture", "architecture", "img_architecture")
_HYPERVISORS = ("img_hv_type", "hypervisor_type")
_MODES, OUR_MODE = ("hw_vm_mode", "vm_mode"), "hvm"
_IO_LIMIT, _SERVERS_LIMIT = "max_io_ops_per_host", "max_instances_per_host"


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
    mode = _first(ask.image_properties, _MODES).lower()
    if mode and mode != OUR_MODE:
        yield Constraint(f"without the image's mode {mode}", lambda place: False)


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


def isolated_traits(ask: Ask) -> Iterable[Constraint]:
    """Hosts in aggregates with `trait:NAME=required` are for servers that require the trait."""
    required = set(traits(ask)[0])
    yield Constraint("kept for servers that require their traits", lambda place: _kept_traits(place.marks) <= required)


def _kept_traits(marks: Marks) -> set[str]:
    return {key.removeprefix("trait:") for key, values in marks.items() if key.startswith("trait:") and "required" in values}


def isolated_flavors(ask: Ask) -> Iterable[Constraint]:
    """Hosts in aggregates with `instance_type` are for flavors of those names."""
    yield Constraint("kept for other flavors", lambda place: ask.flavor in place.marks.get("instance_type", (ask.flavor,)))


def operations(ask: Ask) -> Iterable[Constraint]:
    """So many servers of a host may be built, moved and so on at once, at most."""
    yield Constraint(f"with {_IO_LIMIT} servers being worked on", lambda place: _below(place, _IO_LIMIT, "num_io_ops"))


def number_of_servers(ask: Ask) -> Iterable[Constraint]:
    """So many servers may be on a host, at most."""
    yield Constraint(f"with {_SERVERS_LIMIT} servers", lambda place: _below(place, _SERVERS_LIMIT, "num_instances"))


def _below(place: Place, limit: str, attribute: str) -> bool:
    """The smallest limit of a host's aggregates counts; what is no number limits nothing."""
    limits = [int(value) for value in place.marks.get(limit, ()) if value.isdecimal()]
    return not limits or place.attributes[attribute] < min(limits)


def abilities(ask: Ask) -> Iterable[Constraint]:
    """What a flavor wants of its host: `capabilities:PATH`, and plain names of what is known of hosts."""
    for path, wanted in capabilities.wanted(ask.extra_specs):
        yield Constraint(f"whose {path} is not {wanted}", _able(path, wanted))


def _able(path: str, wanted: str) -> Callable[[Place], bool]:
    return lambda place: capabilities.satisfies(place.attributes, path, wanted)


def hinted(ask: Ask) -> Iterable[Constraint]:
    """The hints `query`, and `build_near_host_ip` with `cidr`."""
    query, near = capabilities.query(ask.hints.get("query")), nearness.wanted(ask.hints)
    if query is not None:
        yield Constraint("not as the hint query wants", lambda place: capabilities.holds(query, place.attributes))
    if near is not None:
        yield Constraint(f"with an address outside of {near}", lambda place: nearness.is_near(place.address, near))


ALWAYS = (zone, image_properties, extra_specs, abilities, hinted)
"""They constrain only who asks for it."""

ISOLATING: dict[str, Callable[[Ask], Iterable[Constraint]]] = {
    "filter_tenant_id": isolated_projects,
    "trait:": isolated_traits,
    "instance_type": isolated_flavors,
    _IO_LIMIT: operations,
    _SERVERS_LIMIT: number_of_servers,
    "": isolated_images,
}
"""They constrain everybody, once the metadata of an aggregate has a key that begins so."""


def constraints(ask: Ask, marked: Collection[str]) -> list[Constraint]:
    """Every constraint on the hosts of this server; `marked` are the keys that aggregates have metadata of."""
    isolating = [rule for beginning, rule in ISOLATING.items() if any(key.startswith(beginning) for key in marked)]
    return [constraint for each in (*ALWAYS, *isolating) for constraint in each(ask)]


def looks_closer(ask: Ask, marked: Collection[str]) -> bool:
    """Whether a constraint looks at the attributes of hosts."""
    return (
        any(capabilities.wanted(ask.extra_specs))
        or bool(ask.hints.get("query"))
        or not {_IO_LIMIT, _SERVERS_LIMIT}.isdisjoint(marked)
    )


def traits(ask: Ask) -> tuple[list[str], list[str]]:
    """The traits that flavor and image require, and those that they forbid."""
    named = {**ask.image_properties, **ask.extra_specs}
    found: dict[str, list[str]] = {"required": [], "forbidden": []}
    for name, value in sorted(named.items()):
        if name.startswith("trait:") and value in found:
            found[value].append(name.removeprefix("trait:"))
    return found["required"], found["forbidden"]
