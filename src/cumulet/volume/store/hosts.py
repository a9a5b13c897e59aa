"""What operators said about hosts as places for volumes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, metadata, values
from ..model import HostSettings

HOSTS = sa.Table(
    "volume_hosts",
    metadata,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("frozen", sa.Boolean, nullable=False),
)
_columns: dict[str, Any] = {c.name: sa.bindparam(c.name, type_=c.type) for c in HOSTS.columns}
EVERYONE = Query(sa.select(HOSTS), HostSettings)
SAVE = Query(
    insert(HOSTS)
    .values(_columns)
    .on_conflict_do_update(
        index_elements=["host_id"], set_={name: column for name, column in _columns.items() if name != "host_id"}
    )
)


async def settings(tx: Reader) -> dict[str, HostSettings]:
    """By host id; a host of which nothing was said is absent."""
    return {found.host_id: found for found in await tx.all(EVERYONE)}


async def save(tx: Tx, wanted: HostSettings) -> None:
    """Insert or overwrite."""
    await tx.do(SAVE, **values(wanted))
