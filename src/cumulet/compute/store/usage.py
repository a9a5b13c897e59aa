"""Which servers existed when, deleted ones too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Listing, Page, Reader
from .servers import SERVERS

S = SERVERS.c


class Lifetime(Struct, frozen=True):
    """A server that has been running, from when to when; `terminated_at` is None while it exists."""

    id: str
    project_id: str
    name: str
    state: str
    flavor: dict[str, Any]
    launched_at: str
    terminated_at: str | None


LISTING = Listing(
    sa.select(*(S[name] for name in Lifetime.__struct_fields__)).where(S.launched_at.is_not(None)),
    Lifetime,
    key=S.id,
    sorts={"project_id": S.project_id},
    filters={
        "project_id": S.project_id,
        "launched_at": S.launched_at,
        "ends": lambda op, name: sa.or_(S.terminated_at.is_(None), S.terminated_at > sa.bindparam(name)),
    },
    default=[("project_id", False)],
)


async def between(tx: Reader, start: str, end: str, page: Page) -> list[Lifetime]:
    """A page of the servers that existed at some moment between two stamps, project by project."""
    return await LISTING.page(tx, page.where("launched_at", end, "lt").where("ends", start))
