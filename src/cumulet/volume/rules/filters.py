"""What clients write in query parameters beyond plain words."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...kernel.clock import seconds, stamp
from ...kernel.db import Condition
from ...kernel.errors import Invalid

_OPERATORS = {"gt": "gt", "gte": "gte", "eq": "eq", "neq": "ne", "lt": "lt", "lte": "lte"}


def dictionary(name: str, text: str) -> dict[str, str]:
    """A JSON or Python dictionary of strings. Raises Invalid, naming the parameter."""
    try:
        return msgspec.json.decode(text.replace("'", '"'), type=dict[str, str])
    except msgspec.DecodeError:
        raise Invalid(f"Invalid input for field/attribute {name}. Value: {text}. It must be a dictionary.") from None


def instants(name: str, text: str) -> list[Condition]:
    """`gt:2026-01-02T03:04:05,lte:…` as conditions on the column `name`. Raises Invalid."""
    return [_instant(name, part) for part in text.split(",")]


def _instant(name: str, text: str) -> Condition:
    operator, _, when = text.partition(":")
    if operator not in _OPERATORS:
        raise Invalid(f"Invalid {operator} operator in {name}; one of {', '.join(_OPERATORS)} is expected.")
    try:
        read = stamp(seconds(when))
    except ValueError:
        raise Invalid(f"Invalid {when} value in {name}; an ISO 8601 instant is expected.") from None
    return Condition(name, read, _OPERATORS[operator])


def distinct(documents: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """Every key of some metadata with every value that it has somewhere."""
    found: dict[str, list[str]] = {}
    for metadata in documents:
        for key, value in metadata.items():
            if value not in found.setdefault(key, []):
                found[key].append(value)
    return found
