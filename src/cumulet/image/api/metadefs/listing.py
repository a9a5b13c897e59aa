"""How items are listed."""

from __future__ import annotations

import msgspec

from ....kernel.db import Page
from ....kernel.http import Paging, Request

_PAGING = Paging(filters={}, sorts={name: name for name in ("created_at", "updated_at", "name")}, descending=True)


def asked(request: Request) -> Page:
    """The page that the query asks for; what was made in one request stays in that order."""
    page = _PAGING.page(request)
    descending = page.sort[-1][1] if page.sort else True
    order = (*page.sort, *(() if any(key == "created_at" for key, _ in page.sort) else (("created_at", descending),)))
    return msgspec.structs.replace(page, sort=(*order, ("position", descending)))
