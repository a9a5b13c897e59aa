"""Providers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...kernel.db import Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, get, insert
from ..model import Provider
from .tables import INVENTORIES

PROVIDERS = sa.Table(
    "providers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("parent_id", sa.Text, sa.ForeignKey("providers.id")),
    sa.Column("root_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Index("providers_parent", "parent_id", "id"),
    sa.Index("providers_root", "root_id"),
)
T = PROVIDERS.c

INSERT, GET, DELETE = insert(PROVIDERS), get(PROVIDERS, Provider), delete(PROVIDERS)
BY_NAME = Query(sa.select(PROVIDERS).where(T.name == sa.bindparam("name")), Provider)
AMONG = Query(sa.select(PROVIDERS).where(among(T.id, "ids")), Provider)
TOUCH: Query[tuple[int]] = Query(
    sa.update(PROVIDERS)
    .where(T.id == sa.bindparam("b_id"))
    .values(generation=T.generation + 1, updated_at=sa.bindparam("stamp"))
    .returning(T.generation)
)
_BELOW = PROVIDERS.alias("below")
_CELL = sa.and_(INVENTORIES.c.provider_id == _BELOW.c.id, INVENTORIES.c.resource_class == sa.bindparam("cell_class"))
_DIVIDED = sa.exists().where(_BELOW.c.parent_id == sa.bindparam("b_id"), _CELL)
TOUCH_HOST: Query[tuple[int, bool]] = Query(
    sa.update(PROVIDERS)
    .where(T.id == sa.bindparam("b_id"))
    .values(generation=T.generation + 1, updated_at=sa.bindparam("stamp"))
    .returning(T.generation, _DIVIDED)
)
RENAME: Query[tuple[int]] = Query(
    sa.update(PROVIDERS).where(T.id == sa.bindparam("b_id")).values(name=sa.bindparam("name"), updated_at=sa.bindparam("stamp"))
)
SET_PARENT: Query[Any] = Query(
    sa.update(PROVIDERS)
    .where(T.id == sa.bindparam("b_id"))
    .values(parent_id=sa.bindparam("parent_id", type_=sa.Text()), updated_at=sa.bindparam("stamp"))
)
SET_ROOT: Query[Any] = Query(sa.update(PROVIDERS).where(among(T.id, "ids")).values(root_id=sa.bindparam("root_id")))
BELOW = Query(sa.select(PROVIDERS).where(T.parent_id == sa.bindparam("parent_id")).order_by(T.id), Provider)
NESTED = Query(sa.select(PROVIDERS).where(T.parent_id.is_not(None)).order_by(T.root_id, T.id), Provider)
IN_TREES = Query(sa.select(PROVIDERS).where(among(T.root_id, "root_ids")).order_by(T.root_id, T.id), Provider)
CHILDREN: Query[tuple[int]] = Query(sa.select(sa.func.count()).where(T.parent_id == sa.bindparam("parent_id")))


async def add(tx: Tx, provider: Provider) -> None:
    """Insert. Raises Duplicate if the id or the name is taken."""
    await tx.do(INSERT, **values(provider))


async def find(tx: Reader, provider_id: str) -> Provider | None:
    """By id."""
    return await tx.one(GET, key=provider_id)


async def find_by_name(tx: Reader, name: str) -> Provider | None:
    """By name."""
    return await tx.one(BY_NAME, name=name)


async def among_ids(tx: Reader, provider_ids: list[str]) -> dict[str, Provider]:
    """Those of these providers that exist, by id."""
    return {found.id: found for found in await tx.all(AMONG, ids=provider_ids)}


async def touch(tx: Tx, provider_id: str) -> int | None:
    """Let the generation grow by one, and return it: from here to the end of the transaction nobody else writes its ledger.

    None if there is no such provider.
    """
    touched = await tx.one(TOUCH, b_id=provider_id, stamp=tx.stamp)
    return touched[0] if touched else None


async def touch_host(tx: Tx, host_id: str, cell_class: str) -> bool | None:
    """The same of a host: whether its memory is in several cells, which have inventory of `cell_class`."""
    touched = await tx.one(TOUCH_HOST, b_id=host_id, stamp=tx.stamp, cell_class=cell_class)
    return bool(touched[1]) if touched else None


async def rename(tx: Tx, provider_id: str, name: str) -> None:
    """Change the name. Raises Duplicate."""
    await tx.do(RENAME, b_id=provider_id, name=name, stamp=tx.stamp)


async def remove(tx: Tx, provider_id: str) -> None:
    """Delete the row. Raises Duplicate if something still refers to it."""
    await tx.do(DELETE, key=provider_id)


async def set_parent(tx: Tx, provider_id: str, parent_id: str | None) -> None:
    """Put a provider below another one, or below none."""
    await tx.do(SET_PARENT, b_id=provider_id, parent_id=parent_id, stamp=tx.stamp)


async def set_root(tx: Tx, provider_ids: list[str], root_id: str) -> None:
    """These providers belong to the tree of this root."""
    await tx.do(SET_ROOT, ids=provider_ids, root_id=root_id)


async def below(tx: Reader, parent_id: str) -> list[Provider]:
    """The providers directly below this one."""
    return await tx.all(BELOW, parent_id=parent_id)


async def nested(tx: Reader) -> list[Provider]:
    """Every provider that is below another one, tree by tree."""
    return await tx.all(NESTED)


async def in_trees(tx: Reader, root_ids: list[str]) -> list[Provider]:
    """These roots and everything below them, tree by tree."""
    return await tx.all(IN_TREES, root_ids=root_ids)


async def has_children(tx: Reader, provider_id: str) -> bool:
    """Whether another provider is directly below this one."""
    found = await tx.one(CHILDREN, parent_id=provider_id)
    return bool(found and found[0])
