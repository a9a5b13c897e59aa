"""Under which ids the people and groups of directories are known here; what a directory says of them is in the usual tables."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Query, Reader, Tx, among, metadata, values
from ....kernel.db.rows import get, insert

ENTRIES = sa.Table(
    "directory_entries",
    metadata,
    sa.Column("public_id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("local_id", sa.Text, nullable=False),
    sa.Column("used_at", sa.Double, nullable=False),
    sa.Index("directory_entries_local", "domain_id", "kind", "local_id", unique=True),
    sa.Index("directory_entries_used", "used_at"),
)
T = ENTRIES.c


class Mapped(Struct, frozen=True):
    """One entry; `kind` is user or group. `used_at` is when somebody last logged in, in seconds."""

    public_id: str
    domain_id: str
    kind: str
    local_id: str
    used_at: float


INSERT, GET = insert(ENTRIES), get(ENTRIES, Mapped, "public_id")
_SOME = (T.domain_id == sa.bindparam("domain_id"), T.kind == sa.bindparam("kind"), among(T.local_id, "ids"))
OF_LOCAL = Query(sa.select(ENTRIES).where(*_SOME), Mapped)
USED_SINCE = Query(sa.select(ENTRIES).where(T.used_at > sa.bindparam("since", type_=sa.Double()), T.kind == "user"), Mapped)
USE = Query(sa.update(ENTRIES).where(T.public_id == sa.bindparam("b_id")).values(used_at=sa.bindparam("at", type_=sa.Double())))
FORGET = Query(sa.delete(ENTRIES).where(T.domain_id == sa.bindparam("b_domain_id")))


async def find(tx: Reader, public_id: str) -> Mapped | None:
    """By the id under which it is known here."""
    return await tx.one(GET, key=public_id)


async def public_ids(tx: Reader, domain_id: str, kind: str, local_ids: list[str]) -> dict[str, str]:
    """The ids here by those in the directory, as far as they are known."""
    found = await tx.all(OF_LOCAL, domain_id=domain_id, kind=kind, ids=local_ids)
    return {mapped.local_id: mapped.public_id for mapped in found}


async def add(tx: Tx, mapped: Mapped) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(mapped))


async def use(tx: Tx, public_id: str) -> None:
    """Somebody logs in now."""
    await tx.do(USE, b_id=public_id, at=tx.now)


async def used_since(tx: Reader, since: float) -> list[Mapped]:
    """Users who have logged in since."""
    return await tx.all(USED_SINCE, since=since)


async def forget_domain(tx: Tx, domain_id: str) -> None:
    """Delete all of a domain."""
    await tx.do(FORGET, b_domain_id=domain_id)
