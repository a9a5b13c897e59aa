"""Types of resources, and which namespaces speak of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ....kernel.db import Query, Reader, Tx, among, values
from ....kernel.db.rows import insert
from ...metadefs import Association, ResourceType
from .tables import ASSOCIATIONS, RESOURCE_TYPES

A = ASSOCIATIONS.c
INSERT, INSERT_TYPE = insert(ASSOCIATIONS), insert(RESOURCE_TYPES)
GET_TYPE = Query(sa.select(RESOURCE_TYPES).where(RESOURCE_TYPES.c.name == sa.bindparam("name")), ResourceType)
ALL_TYPES = Query(sa.select(RESOURCE_TYPES).order_by(RESOURCE_TYPES.c.name), ResourceType)
OF_NAMESPACES = Query(
    sa.select(ASSOCIATIONS).where(among(A.namespace_id, "namespace_ids")).order_by(A.created_at, A.name), Association
)
DELETE: Query[Any] = Query(
    sa.delete(ASSOCIATIONS).where(A.namespace_id == sa.bindparam("b_namespace_id"), A.name == sa.bindparam("b_name"))
)


async def types(tx: Reader) -> list[ResourceType]:
    """Every type, by name."""
    return await tx.all(ALL_TYPES)


async def associate(tx: Tx, row: Association) -> None:
    """Insert, and the type too if it is new. Raises Duplicate."""
    if await tx.one(GET_TYPE, name=row.name) is None:
        await tx.do(INSERT_TYPE, name=row.name, created_at=tx.stamp, updated_at=tx.stamp)
    await tx.do(INSERT, **values(row))


async def of_namespaces(tx: Reader, namespace_ids: Sequence[str]) -> list[Association]:
    """All associations of these namespaces."""
    return await tx.all(OF_NAMESPACES, namespace_ids=list(namespace_ids)) if namespace_ids else []


async def dissociate(tx: Tx, namespace_id: str, name: str) -> bool:
    """Delete; False if there was none."""
    return await tx.do(DELETE, b_namespace_id=namespace_id, b_name=name) == 1
