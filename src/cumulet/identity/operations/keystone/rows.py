"""How Keystone keeps values: JSON in text, flags as numbers, instants in microseconds; and what is refused of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from ....kernel.clock import stamp
from ...store.keystone.source import Row, Source

ROOT_DOMAIN = "<<keystone.domain.root>>"
"""The row that Keystone keeps above its domains."""
NO_DOMAIN = "<<null>>"
"""The domain of a role that has none."""
MICROSECONDS = 1e6


class NotUnderstood(ValueError):
    """Something in Keystone's database that has no meaning here: the message names its table and row."""


def json(row: Row, column: str, table: str) -> Any:
    """A column of JSON text; empty is an empty object."""
    text = row[column]
    if text is None or text == "":
        return {}
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise NotUnderstood(f"{table} {row.get('id')}: {column} is not JSON.") from None


def extra(row: Row, table: str) -> dict[str, Any]:
    """The fields of their own that clients have stored, without those that are None."""
    found = json(row, "extra", table)
    if not isinstance(found, dict):
        raise NotUnderstood(f"{table} {row['id']}: extra is not an object.")
    return {name: value for name, value in found.items() if value is not None}


def instant(microseconds: int | None, at: datetime | None) -> float | None:
    """Seconds since the epoch, from whichever of two columns has it; the second is in UTC."""
    if microseconds is not None:
        return microseconds / MICROSECONDS
    return None if at is None else at.replace(tzinfo=UTC).timestamp()


def end(microseconds: int | None, at: datetime | None) -> str | None:
    """`instant` as a stamp."""
    found = instant(microseconds, at)
    return None if found is None else stamp(found)


def grouped(rows: Iterable[Row], key: str, value: str | Callable[[Row], Any]) -> dict[Any, list[Any]]:
    """One column's values, or what is made of each row, by another column's."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(value(row) if callable(value) else row[value])
    return found


def options(source: Source, table: str, owner: str, names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Options by owner's id and by name. Raises NotUnderstood for one whose id is not among `names`."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in source[table]:
        if row["option_id"] not in names:
            raise NotUnderstood(f"{table}: {owner} {row[owner]} has an option {row['option_id']}, which is not known.")
        value = json(row, "option_value", table)
        if value is not None:
            found[row[owner]][names[row["option_id"]]] = value
    return found
