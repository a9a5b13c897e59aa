"""From a query string to a `db.Page`: filters, sorting, limit and marker, declared once per noun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from ..db import Condition, Page
from ..errors import Invalid
from .request import Request
from .words import whole


class Filter(Struct, frozen=True):
    """A query parameter that filters: the store's filter name, the operator, and how its text becomes a value."""

    name: str
    op: str = "eq"
    read: Callable[[str], Any] = str


class Paging(Struct, frozen=True):
    """How one noun is listed.

    `filters` maps query parameters to filters, `sorts` wire names to the store's. `most` caps a page, `strict` refuses unknown
    parameters. Both styles of sorting are understood: `sort=key:dir,key` and repeated `sort_key`/`sort_dir`. A parameter given
    several times means "one of".
    """

    filters: Mapping[str, Filter]
    sorts: Mapping[str, str]
    most: int = 1000
    always_limit: bool = False
    strict: bool = False
    descending: bool = False

    def page(self, request: Request) -> Page:
        """The page that a request asks for. Raises Invalid, naming the parameter."""
        conditions = [self._condition(name, values) for name, values in request.query.items() if name in self.filters]
        limit = self._limit(request.asked("limit"))
        marker = request.asked("marker") or None
        backwards = (request.asked("page_reverse") or "").lower() == "true"
        return Page(tuple(conditions), tuple(self._sort(request)), limit, marker, backwards)

    def _condition(self, name: str, values: list[str]) -> Condition:
        declared = self.filters[name]
        try:
            read = [declared.read(value) for value in values]
        except ValueError as problem:
            raise Invalid(f"Invalid value for '{name}': {problem}.") from None
        if len(read) > 1 and declared.op == "eq":
            return Condition(declared.name, read, "in")
        return Condition(declared.name, read[-1], declared.op)

    def _limit(self, text: str | None) -> int | None:
        if text is None or text == "":
            return self.most if self.always_limit else None
        limit = whole(text)
        if limit is None:
            raise Invalid(f"Invalid limit '{text[:64]}': it must be an integer.")
        if limit < 0:
            raise Invalid(f"Invalid limit '{text}': it must not be negative.")
        return min(limit, self.most) if limit or not self.always_limit else 0

    def _sort(self, request: Request) -> list[tuple[str, bool]]:
        text = request.asked("sort")
        if text:
            pairs = [part.strip().partition(":")[::2] for part in text.split(",") if part.strip()]
        else:
            keys, directions = request.query.get("sort_key", []), request.query.get("sort_dir", [])
            last = directions[-1] if directions else ""
            pairs = [(key, directions[at] if at < len(directions) else last) for at, key in enumerate(keys)]
        return [self._order(key, direction) for key, direction in pairs if key]

    def _order(self, key: str, direction: str) -> tuple[str, bool]:
        if key not in self.sorts:
            raise Invalid(f"Sort key '{key}' is not valid; one of {', '.join(sorted(self.sorts))} is.")
        if direction.lower() not in ("", "asc", "desc"):
            raise Invalid(f"Sort direction '{direction}' is not valid; asc and desc are.")
        return self.sorts[key], direction.lower() == "desc" if direction else self.descending


def next_page(request: Request, path: str, marker: str) -> str:
    """The query and path of the page after `marker`, with everything else as it was asked."""
    kept = {name: values for name, values in request.query.items() if name != "marker"}
    return f"{path}?{urlencode({**kept, 'marker': marker}, doseq=True)}"
