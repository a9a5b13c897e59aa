"""Which keys the processes of this cloud seal with: their fingerprints, by ring and number."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, metadata
from ...kernel.db.query import among
from ...kernel.db.rows import insert
from .delegation import oauth
from .delegation.credentials import CREDENTIALS
from .domains import options as domain_options

KEYS = sa.Table(
    "keys",
    metadata,
    sa.Column("ring", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
)
K = KEYS.c
OF_RING = Query(sa.select(K.number, K.fingerprint).where(K.ring == sa.bindparam("ring")))
INSERT = insert(KEYS)
FORGET = Query(sa.delete(KEYS).where(K.ring == sa.bindparam("b_ring"), among(K.number, "numbers")))
SEALED = [CREDENTIALS.c.blob, *(table.c.secret for table in oauth.SEALED), domain_options.OPTIONS.c.secret]
"""Every column whose values are sealed under the id of their row; an id is in one table only."""

BLOBS = Query(sa.union_all(*(sa.select(column.table.c.id, column).where(column.is_not(None)) for column in SEALED)))
RESEAL = [
    Query(
        sa.update(column.table)
        .where(column.table.c.id == sa.bindparam("b_id"), column == sa.bindparam("before"))
        .values({column: sa.bindparam("after", type_=sa.Text())})
    )
    for column in SEALED
]


async def known(tx: Reader, ring: str) -> dict[int, str]:
    """The fingerprints of a ring by number."""
    return dict(await tx.all(OF_RING, ring=ring))


async def add(tx: Tx, ring: str, number: int, fingerprint: str) -> None:
    """Remember a key. Raises Duplicate."""
    await tx.do(INSERT, ring=ring, number=number, fingerprint=fingerprint)


async def forget(tx: Tx, ring: str, numbers: list[int]) -> None:
    """Forget keys."""
    await tx.do(FORGET, b_ring=ring, numbers=numbers)


async def sealed_blobs(tx: Reader) -> list[tuple[str, str]]:
    """(id, sealed blob in base64) of every credential, consumer and token of OAuth."""
    return await tx.all(BLOBS)


async def reseal(tx: Tx, credential_id: str, before: str, after: str) -> bool:
    """Replace a sealed blob, unless it was changed meanwhile."""
    return sum([await tx.do(query, b_id=credential_id, before=before, after=after) for query in RESEAL]) > 0
