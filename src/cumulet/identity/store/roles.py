"""Roles, and which role implies which."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Role

ROLES = sa.Table(
    "roles",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("roles_name", "domain_id", "name", unique=True),
)
IMPLIED = sa.Table(
    "implied_roles",
    metadata,
    sa.Column("prior_role_id", sa.Text, sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("implied_role_id", sa.Text, sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)
R, M = ROLES.c, IMPLIED.c

INSERT, UPDATE, GET, DELETE = insert(ROLES), update(ROLES), get(ROLES, Role), delete(ROLES)
LISTING = Listing(
    sa.select(ROLES),
    Role,
    key=R.id,
    sorts={"name": R.name},
    filters={"id": R.id, "name": R.name, "domain_id": R.domain_id},
    default=[("name", False)],
)
ALL_ROLES = Query(sa.select(ROLES), Role)
ALL_IMPLIED = Query(sa.select(M.prior_role_id, M.implied_role_id))
IMPLY = insert(IMPLIED)
UNIMPLY = Query(sa.delete(IMPLIED).where(M.prior_role_id == sa.bindparam("prior"), M.implied_role_id == sa.bindparam("implied")))


async def add(tx: Tx, role: Role) -> None:
    """Insert. Raises Duplicate if the name is taken."""
    await tx.do(INSERT, **values(role))


async def save(tx: Tx, role: Role) -> None:
    """Write every field. Raises Duplicate."""
    await tx.do(UPDATE, b_key=role.id, **values(role))


async def find(tx: Reader, role_id: str) -> Role | None:
    """By id."""
    return await tx.one(GET, key=role_id)


async def page(tx: Reader, wanted: Page) -> list[Role]:
    """A page of roles."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, role_id: str) -> None:
    """Delete the role, and every assignment and implication of it."""
    await tx.do(DELETE, key=role_id)


async def all_roles(tx: Reader) -> dict[str, Role]:
    """Every role by id: there are few."""
    return {role.id: role for role in await tx.all(ALL_ROLES)}


async def implications(tx: Reader) -> list[tuple[str, str]]:
    """(prior role id, implied role id) of every implication."""
    return await tx.all(ALL_IMPLIED)


async def imply(tx: Tx, prior: str, implied: str) -> None:
    """Add an implication. Raises Duplicate."""
    await tx.do(IMPLY, prior_role_id=prior, implied_role_id=implied)


async def unimply(tx: Tx, prior: str, implied: str) -> bool:
    """Remove an implication; whether there was one."""
    return await tx.do(UNIMPLY, prior=prior, implied=implied) > 0
