"""Flavors, and who may use the private ones."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Flavor

FLAVORS = sa.Table(
    "flavors",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("ram", sa.Integer, nullable=False),
    sa.Column("disk", sa.Integer, nullable=False),
    sa.Column("ephemeral", sa.Integer, nullable=False),
    sa.Column("swap", sa.Integer, nullable=False),
    sa.Column("rxtx_factor", sa.Double, nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("extra_specs", Json, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
)
ACCESS = sa.Table(
    "flavor_access",
    metadata,
    sa.Column("flavor_id", sa.Text, sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.Text, primary_key=True),
)
T, A = FLAVORS.c, ACCESS.c
B = sa.bindparam
_usable = sa.or_(T.is_public, sa.exists().where(A.flavor_id == T.id, A.project_id == B("project_id")).correlate(FLAVORS))

INSERT, UPDATE, GET, DELETE = insert(FLAVORS), update(FLAVORS), get(FLAVORS, Flavor), delete(FLAVORS)
GET_USABLE = Query(sa.select(FLAVORS).where(T.id == B("id"), _usable), Flavor)
ALLOWED = Query(sa.select(A.project_id).where(A.flavor_id == B("flavor_id")).order_by(A.project_id))
ALLOW = Query(sa.insert(ACCESS).values(flavor_id=B("flavor_id"), project_id=B("project_id")))
FORBID = Query(sa.delete(ACCESS).where(A.flavor_id == B("flavor_id"), A.project_id == B("project_id")))
LISTING = Listing(
    sa.select(FLAVORS),
    Flavor,
    key=T.id,
    sorts={
        name: T[name]
        for name in (
            *("id", "name", "vcpus", "ram", "disk", "ephemeral", "swap", "rxtx_factor"),
            *("created_at", "updated_at", "is_public", "disabled", "description"),
        )
    },
    filters={
        "ram": T.ram,
        "disk": T.disk,
        "name": T.name,
        "is_public": T.is_public,
        "disabled": T.disabled,
        "usable_by": lambda op, name: sa.or_(
            T.is_public, sa.exists().where(A.flavor_id == T.id, A.project_id == B(name)).correlate(FLAVORS)
        ),
    },
    default=[("id", False)],
)


async def add(tx: Tx, flavor: Flavor) -> None:
    """Insert. Raises Duplicate if the id or the name is taken."""
    await tx.do(INSERT, **values(flavor))


async def save(tx: Tx, flavor: Flavor) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=flavor.id, **values(flavor))


async def find(tx: Reader, flavor_id: str, project_id: str | None) -> Flavor | None:
    """A flavor that this project may use; any if `project_id` is None."""
    if project_id is None:
        return await tx.one(GET, key=flavor_id)
    return await tx.one(GET_USABLE, id=flavor_id, project_id=project_id)


async def page(tx: Reader, wanted: Page) -> list[Flavor]:
    """A page of flavors."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, flavor_id: str) -> bool:
    """Delete; whether it was there."""
    return await tx.do(DELETE, key=flavor_id) > 0


async def allowed(tx: Reader, flavor_id: str) -> list[str]:
    """The projects that may use a private flavor."""
    return [project_id for (project_id,) in await tx.all(ALLOWED, flavor_id=flavor_id)]


async def allow(tx: Tx, flavor_id: str, project_id: str) -> None:
    """Let a project use it. Raises Duplicate if it may already."""
    await tx.do(ALLOW, flavor_id=flavor_id, project_id=project_id)


async def forbid(tx: Tx, flavor_id: str, project_id: str) -> bool:
    """Take that back; whether the project could."""
    return await tx.do(FORBID, flavor_id=flavor_id, project_id=project_id) > 0
