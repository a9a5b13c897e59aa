"""What a host is and has right now, by upstream's names, and what flavors and JSON queries want of it.

Names and operators: https://docs.openstack.org/nova/latest/admin/scheduling.html (ComputeCapabilitiesFilter, JsonFilter).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ....kernel.errors import Invalid
from .matching import matches

Attributes = Mapping[str, Any]
"""What is known of a host: one of NAMES to a number, a text, or a mapping such as `cpu_info`."""

SCOPE = "capabilities:"
NAMES = frozenset(
    {"host", "uuid", "nodename", "hypervisor_hostname", "hypervisor_type", "hypervisor_version", "host_ip", "cpu_info"}
    | {"vcpus_total", "vcpus_used", "total_usable_ram_mb", "free_ram_mb", "total_usable_disk_gb", "free_disk_mb", "disk_mb_used"}
    | {"num_instances", "num_io_ops", "failed_builds", "cpu_allocation_ratio", "ram_allocation_ratio", "disk_allocation_ratio"}
)
MOST_LISTS = 100
"""How many lists one query may consist of."""


def wanted(extra_specs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, requirement) of each extra spec about a host: `capabilities:PATH`, or the plain name of an attribute."""
    for name, requirement in extra_specs.items():
        if name.startswith(SCOPE):
            yield name.removeprefix(SCOPE), requirement
        elif name in NAMES:
            yield name, requirement


def satisfies(attributes: Attributes, path: str, requirement: str) -> bool:
    """Whether the attribute at `path` (`free_ram_mb`, `cpu_info:features`) is as wanted; what is not known never is."""
    value = _at(attributes, path.split(":"))
    return value is not None and matches(_text(value), requirement)


def _at(attributes: Attributes, path: Sequence[str]) -> Any:
    found: Any = attributes
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def query(hint: Any) -> list[Any] | None:
    """The JSON query in a scheduler hint; None without one. Raises Invalid for what is none."""
    if not hint:
        return None
    if not isinstance(hint, str) or hint.count("[") > MOST_LISTS:
        raise Invalid(f"The scheduler hint query must be JSON text of at most {MOST_LISTS} lists.")
    try:
        found: list[Any] = msgspec.json.decode(hint, type=list[Any])
    except msgspec.DecodeError:
        raise Invalid('The scheduler hint query must be a JSON list such as [">=", "$free_ram_mb", 1024].') from None
    _check(found)
    return found


def _check(part: list[Any]) -> None:
    if part and (not isinstance(part[0], str) or part[0] not in _OPERATORS):
        raise Invalid(f"The scheduler hint query has {part[0]!r} where one of {', '.join(_OPERATORS)} is expected.")
    for inner in part[1:]:
        if isinstance(inner, list):
            _check(inner)


def holds(part: list[Any], attributes: Attributes) -> bool:
    """Whether a query holds for a host. An argument that is not known is left out; an empty query always holds."""
    if not part:
        return True
    arguments = [value for value in (_value(each, attributes) for each in part[1:]) if value is not None]
    return _OPERATORS[part[0]](arguments)


def _value(each: Any, attributes: Attributes) -> Any:
    if isinstance(each, list):
        return holds(each, attributes)
    if isinstance(each, str) and each.startswith("$"):
        return _at(attributes, each[1:].split("."))
    return each


def _compare(compared: Callable[[Any, Any], bool]) -> Callable[[list[Any]], bool]:
    def of_all(arguments: list[Any]) -> bool:
        try:
            return len(arguments) > 1 and all(compared(arguments[0], other) for other in arguments[1:])
        except TypeError:  # a number and a text
            return False

    return of_all


_OPERATORS: dict[str, Callable[[list[Any]], bool]] = {
    "=": _compare(operator.eq),
    "<": _compare(operator.lt),
    ">": _compare(operator.gt),
    "<=": _compare(operator.le),
    ">=": _compare(operator.ge),
    "in": lambda arguments: len(arguments) > 1 and arguments[0] in arguments[1:],
    "not": lambda arguments: any(not argument for argument in arguments),
    "or": any,
    "and": all,
}
