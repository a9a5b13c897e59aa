"""Namespaces."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Listing, Page, Query, Reader, Tx, among, values
from ....kernel.db.rows import delete, insert, update
from ...metadefs import Namespace
from .tables import ASSOCIATIONS, NAMESPACES

N = NAMESPACES.c
INSERT, UPDATE, DELETE = insert(NAMESPACES), update(NAMESPACES), delete(NAMESPACES)


def _seen_by(parameter: str) -> sa.ColumnElement[bool]:
    """Public ones, those of nobody, and the project's own."""
    return sa.or_(N.visibility == "public", N.owner.is_(None), N.owner == sa.bindparam(parameter, type_=sa.Text()))


def _with_type(op: str, parameter: str) -> sa.ColumnElement[bool]:
    associated = sa.select(ASSOCIATIONS.c.name).where(ASSOCIATIONS.c.namespace_id == N.id, among(ASSOCIATIONS.c.name, parameter))
    return sa.exists(associated.correlate(NAMESPACES))


GET = Query(sa.select(NAMESPACES).where(N.namespace == sa.bindparam("name")), Namespace)
GET_SEEN = Query(sa.select(NAMESPACES).where(N.namespace == sa.bindparam("name"), _seen_by("project_id")), Namespace)
SORTS = ("created_at", "updated_at", "namespace", "display_name", "visibility", "owner")
LISTING = Listing(
    sa.select(NAMESPACES),
    Namespace,
    key=N.id,
    sorts={name: N[name] for name in SORTS},
    filters={"visibility": N.visibility, "resource_types": _with_type, "seen_by": lambda op, parameter: _seen_by(parameter)},
    default=[("created_at", True)],
)
"""`seen_by` is a project; `resource_types` is a list of names, of which one is enough."""


async def add(tx: Tx, row: Namespace) -> None:
    """Insert. Raises Duplicate if the name is taken."""
    await tx.do(INSERT, **values(row))


async def save(tx: Tx, row: Namespace) -> None:
    """Write every field. Raises Duplicate if the name is taken."""
    await tx.do(UPDATE, b_key=row.id, **values(row))


async def find(tx: Reader, name: str, project_id: str | None) -> Namespace | None:
    """A namespace by its name, if the project may see it; with None, whoever owns it."""
    if project_id is None:
        return await tx.one(GET, name=name)
    return await tx.one(GET_SEEN, name=name, project_id=project_id)


async def page(tx: Reader, wanted: Page, project_id: str | None) -> list[Namespace]:
    """A page of those which the project may see; with None, of all."""
    return await LISTING.page(tx, wanted if project_id is None else wanted.where("seen_by", project_id))


async def remove(tx: Tx, row: Namespace) -> None:
    """Delete it with everything in it."""
    await tx.do(DELETE, key=row.id)
