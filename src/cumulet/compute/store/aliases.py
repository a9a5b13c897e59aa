"""The PCI aliases that the configuration named when the control plane started last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ...kernel.db import Json, Query, Reader, Tx, among, metadata
from ..settings import Alias

ALIASES = sa.Table(
    "pci_aliases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("alias", Json, nullable=False),
)
T = ALIASES.c

CLEAR: Query[Any] = Query(sa.delete(ALIASES))
ADD: Query[Any] = Query(sa.insert(ALIASES).values({c.name: sa.bindparam(c.name, type_=c.type) for c in ALIASES.columns}))
AMONG: Query[tuple[str, Any]] = Query(sa.select(T.name, T.alias).where(among(T.name, "names")).order_by(T.name, T.number))


async def put(tx: Tx, aliases: Sequence[Alias]) -> None:
    """There are exactly these."""
    await tx.do(CLEAR)
    for number, alias in enumerate(aliases):
        await tx.do(ADD, name=alias.name, number=number, alias=msgspec.to_builtins(alias))


async def named(tx: Reader, names: Iterable[str]) -> dict[str, list[Alias]]:
    """What goes by these names, in the order of the configuration."""
    found: dict[str, list[Alias]] = {}
    for name, alias in await tx.all(AMONG, names=list(names)):
        found.setdefault(name, []).append(msgspec.convert(alias, Alias))
    return found
