"""Options of domains, one row each; a secret one is sealed and has no value in the clear."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Json, Query, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, insert

TOPIC = "domain options"
"""Signalled with a domain's id when its options change."""

OPTIONS = sa.Table(
    "domain_options",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("option", sa.Text, nullable=False),
    sa.Column("value", Json),
    sa.Column("secret", sa.Text),
    sa.Index("domain_options_domain", "domain_id"),
)
T = OPTIONS.c


class DomainOption(Struct, frozen=True):
    """One option. `id` is that of the domain, the group and the option with slashes between."""

    id: str
    domain_id: str
    group: str
    option: str
    value: Any
    secret: str | None


OF_DOMAIN = Query(sa.select(OPTIONS).where(T.domain_id == sa.bindparam("domain_id")).order_by(T.id), DomainOption)
DOMAINS = Query(sa.select(T.domain_id).distinct())
INSERT, DELETE = insert(OPTIONS), delete(OPTIONS)


async def of_domain(tx: Reader, domain_id: str) -> list[DomainOption]:
    """A domain's options."""
    return await tx.all(OF_DOMAIN, domain_id=domain_id)


async def domain_ids(tx: Reader) -> list[str]:
    """The domains that have options."""
    return [row[0] for row in await tx.all(DOMAINS)]


async def put(tx: Tx, option: DomainOption) -> None:
    """Insert, or replace the one that is there."""
    await tx.do(DELETE, key=option.id)
    await tx.do(INSERT, **values(option))


async def remove(tx: Tx, option_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=option_id)
