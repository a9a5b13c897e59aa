"""What a list of images is asked for: filters, sorting, paging. https://docs.openstack.org/api-ref/image/v2/#list-images"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...kernel.db import Condition, Page
from ...kernel.errors import Invalid
from ...kernel.http import Paging, Request, whole
from .. import rules
from ..model import ACCEPTED, MEMBER_STATUSES, PROPERTY_SEPARATOR, SORTS, VISIBILITIES

PAGING = Paging(filters={}, sorts={name: name for name in SORTS}, always_limit=True, descending=True)

_COMPARISONS = {"eq": "eq", "neq": "ne", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
_PAGING = frozenset(("limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "tag", "visibility"))


class Asked(NamedTuple):
    """A page, and which answer images shared with the caller must have got from him."""

    page: Page
    member_status: str


def asked(request: Request) -> Asked:
    """What the query says. Raises Invalid, naming the parameter."""
    _check_sorting(request)
    page = PAGING.page(request)
    conditions = [_condition(name, values[-1]) for name, values in request.query.items() if name not in _PAGING]
    conditions += [Condition("tag", tag.strip()) for tag in request.query.get("tag", [])]
    if "os_hidden" not in request.query:
        conditions.append(Condition("os_hidden", False))
    conditions += _visibility(request)
    return Asked(Page(tuple(conditions), _order(request, page), page.limit, page.marker), _member_status(request))


def _order(request: Request, page: Page) -> Sequence[tuple[str, bool]]:
    """A direction without a key is that of the default order."""
    direction = (request.asked("sort_dir") or "").lower()
    if page.sort or not direction:
        return page.sort
    if direction not in ("asc", "desc"):
        raise Invalid(f"Invalid sort direction: {direction}")
    return [("created_at", direction == "desc")]


def _check_sorting(request: Request) -> None:
    keys, directions = request.query.get("sort_key", []), request.query.get("sort_dir", [])
    if "sort" in request.query and (keys or directions):
        raise Invalid("Old and new sorting syntax cannot be combined")
    if len(directions) > 1 and len(directions) != max(len(keys), 1):
        raise Invalid("Number of sort dirs does not match the number of sort keys")


def _visibility(request: Request) -> list[Condition]:
    """Without a visibility asked for, other projects' community images are left out."""
    wanted = request.asked("visibility")
    if not wanted:
        return [Condition("default_for", request.actor.project_id or "")]
    if wanted not in (*VISIBILITIES, "all"):
        raise Invalid(f"Invalid visibility value: {wanted}")
    return [] if wanted == "all" else [Condition("visibility", wanted)]


def _member_status(request: Request) -> str:
    wanted = request.asked("member_status") or ACCEPTED
    if wanted not in (*MEMBER_STATUSES, "all"):
        raise Invalid(f"Invalid status: {wanted}")
    return wanted


def _condition(name: str, text: str) -> Condition:
    """A parameter that is not the name of a field filters by the custom property of that name."""
    if name == "changes-since":
        raise Invalid('The "changes-since" filter is no longer available on v2.')
    read = _READ.get(name)
    return read(name, text) if read else Condition("property", f"{name}{PROPERTY_SEPARATOR}{text}")


def _plain(name: str, text: str) -> Condition:
    return Condition(name, text)


def _choice(name: str, text: str) -> Condition:
    """`value`, `eq:value` or `in:value,"value, with comma"`. A name may hold a colon: only known operators are refused."""
    op, colon, rest = text.partition(":")
    if not colon or (op not in _COMPARISONS and op != "in"):
        return Condition(name, text)
    if op == "eq":
        return Condition(name, rest)
    if op != "in":
        raise Invalid(f"Unable to filter by unknown operator '{op}'.")
    if rest.count('"') % 2:
        raise Invalid(f"Invalid value for '{name}': the quotes do not match.")
    return Condition(name, [value for row in csv.reader([rest]) for value in row], "in")


def _time(name: str, text: str) -> Condition:
    op, colon, rest = text.partition(":")
    if colon and op in _COMPARISONS:
        return Condition(name, rules.instant(name, rest), _COMPARISONS[op])
    return Condition(name, rules.instant(name, text))


def _number(name: str, text: str) -> Condition:
    return Condition(name, _integer(name, text))


def _range(name: str, text: str) -> Condition:
    """`size_min` and the like."""
    field, _, end = name.rpartition("_")
    return Condition(field, _integer(name, text), "gte" if end == "min" else "lte")


def _integer(name: str, text: str) -> int:
    number = whole(text)
    if number is None:
        raise Invalid(f"Invalid value for '{name}': a number is needed.")
    return number


def _flag(name: str, text: str) -> Condition:
    if text.lower() not in ("true", "false"):
        raise Invalid(f"Invalid value '{text}' for '{name}' filter. Valid values are 'true' or 'false'.")
    return Condition(name, text.lower() == "true")


_NUMBERS = ("size", "virtual_size", "min_disk", "min_ram")
_READ: dict[str, Callable[[str, str], Condition]] = {
    **dict.fromkeys(("id", "name", "status", "container_format", "disk_format"), _choice),
    **dict.fromkeys(("owner", "checksum", "os_hash_algo", "os_hash_value"), _plain),
    **dict.fromkeys(("created_at", "updated_at"), _time),
    **dict.fromkeys(("protected", "os_hidden"), _flag),
    **dict.fromkeys(_NUMBERS, _number),
    **{f"{name}_{end}": _range for name in _NUMBERS for end in ("min", "max")},
}
