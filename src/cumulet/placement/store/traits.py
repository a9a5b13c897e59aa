"""Traits: the custom ones, and which provider has which. `source` is host for what a host's facts show, else api."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, among, metadata

TRAITS = sa.Table(
    "traits",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("updated_at", sa.Text, nullable=False),
)
PROVIDER_TRAITS = sa.Table(
    "provider_traits",
    metadata,
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    sa.Column("trait", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Index("provider_traits_trait", "trait"),
)
T, P = TRAITS.c, PROVIDER_TRAITS.c

ADD: Query[Any] = Query(
    insert(PROVIDER_TRAITS)
    .values(provider_id=sa.bindparam("provider_id"), trait=sa.bindparam("trait"), source=sa.bindparam("source"))
    .on_conflict_do_nothing()
)
DROP: Query[Any] = Query(
    sa.delete(PROVIDER_TRAITS).where(
        P.provider_id == sa.bindparam("provider_id"), P.source == sa.bindparam("source"), sa.not_(among(P.trait, "keep"))
    )
)
CLEAR: Query[Any] = Query(sa.delete(PROVIDER_TRAITS).where(P.provider_id == sa.bindparam("provider_id")))
DEFINE: Query[Any] = Query(
    insert(TRAITS).values(name=sa.bindparam("name"), updated_at=sa.bindparam("stamp")).on_conflict_do_nothing()
)
FORGET: Query[Any] = Query(sa.delete(TRAITS).where(T.name == sa.bindparam("name")))
CUSTOM: Query[tuple[str, str]] = Query(sa.select(T.name, T.updated_at).order_by(T.name))
USED: Query[tuple[str]] = Query(sa.select(P.trait).distinct().order_by(P.trait))
IN_USE: Query[tuple[int]] = Query(sa.select(sa.func.count()).where(P.trait == sa.bindparam("name")))
OF_PROVIDERS: Query[tuple[str, str]] = Query(
    sa.select(P.provider_id, P.trait).where(among(P.provider_id, "provider_ids")).order_by(P.provider_id, P.trait)
)


async def report(tx: Tx, provider_id: str, names: Iterable[str]) -> None:
    """A host shows exactly these traits; those that the API set stay."""
    wanted = sorted(names)
    await tx.do(DROP, provider_id=provider_id, source="host", keep=wanted)
    for name in wanted:
        await tx.do(ADD, provider_id=provider_id, trait=name, source="host")


async def put(tx: Tx, provider_id: str, names: Iterable[str]) -> None:
    """The provider has exactly these traits, whoever said so before."""
    await tx.do(CLEAR, provider_id=provider_id)
    for name in names:
        await tx.do(ADD, provider_id=provider_id, trait=name, source="api")


async def of_providers(tx: Reader, provider_ids: list[str]) -> dict[str, list[str]]:
    """Traits by provider."""
    found: dict[str, list[str]] = {provider_id: [] for provider_id in provider_ids}
    for provider_id, name in await tx.all(OF_PROVIDERS, provider_ids=provider_ids):
        found[provider_id].append(name)
    return found


async def define(tx: Tx, name: str) -> bool:
    """Add a custom trait; False if it is there already."""
    return await tx.do(DEFINE, name=name, stamp=tx.stamp) == 1


async def forget(tx: Tx, name: str) -> bool:
    """Remove a custom trait; False if there is none of that name."""
    return await tx.do(FORGET, name=name) == 1


async def custom(tx: Reader) -> dict[str, str]:
    """The custom traits, and since when each is there."""
    return dict(await tx.all(CUSTOM))


async def used(tx: Reader) -> list[str]:
    """The traits that some provider has."""
    return [name for (name,) in await tx.all(USED)]


async def holders(tx: Reader, name: str) -> int:
    """How many providers have a trait."""
    found = await tx.one(IN_USE, name=name)
    return found[0] if found else 0
