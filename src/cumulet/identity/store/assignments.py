"""Who holds which role where."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import insert
from ..model import Assignment
from .federation import users as federated
from .groups import MEMBERS

ASSIGNMENTS = sa.Table(
    "role_assignments",
    metadata,
    sa.Column("holder_kind", sa.Text, primary_key=True),
    sa.Column("holder_id", sa.Text, primary_key=True),
    sa.Column("target_kind", sa.Text, primary_key=True),
    sa.Column("target_id", sa.Text, primary_key=True),
    sa.Column("role_id", sa.Text, sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("inherited", sa.Boolean, primary_key=True),
    sa.Index("role_assignments_target", "target_kind", "target_id"),
)
A, M = ASSIGNMENTS.c, MEMBERS.c

_EXACT = (
    A.holder_kind == sa.bindparam("holder_kind"),
    A.holder_id == sa.bindparam("holder_id"),
    A.target_kind == sa.bindparam("target_kind"),
    A.target_id == sa.bindparam("target_id"),
)
_USER: sa.BindParameter[str] = sa.bindparam("user_id")
_MINE = sa.or_(
    sa.and_(A.holder_kind == "user", A.holder_id == _USER),
    sa.and_(A.holder_kind == "group", A.holder_id.in_(sa.select(M.group_id).where(M.user_id == _USER))),
    sa.and_(A.holder_kind == "group", A.holder_id.in_(federated.group_ids_now(_USER))),
)
GRANT = insert(ASSIGNMENTS)
REVOKE = Query(
    sa.delete(ASSIGNMENTS).where(*_EXACT, A.role_id == sa.bindparam("role_id"), A.inherited == sa.bindparam("inherited"))
)
HELD = Query(sa.select(ASSIGNMENTS).where(*_EXACT), Assignment)
OF_USER = Query(sa.select(ASSIGNMENTS).where(_MINE), Assignment)
FORGET_HOLDER = Query(
    sa.delete(ASSIGNMENTS).where(A.holder_kind == sa.bindparam("holder_kind"), A.holder_id == sa.bindparam("holder_id"))
)
FORGET_TARGET = Query(sa.delete(ASSIGNMENTS).where(A.target_id == sa.bindparam("target_id")))
LISTING = Listing(
    sa.select(ASSIGNMENTS),
    Assignment,
    key=A.holder_id,
    sorts={"target": A.target_id, "role": A.role_id},
    filters={name: A[name] for name in ("holder_kind", "holder_id", "target_kind", "target_id", "role_id", "inherited")},
    default=[("target", False), ("role", False)],
)


async def grant(tx: Tx, assignment: Assignment) -> None:
    """Add an assignment. Raises Duplicate."""
    await tx.do(GRANT, **values(assignment))


async def revoke(tx: Tx, assignment: Assignment) -> bool:
    """Remove an assignment; whether there was one."""
    return await tx.do(REVOKE, **values(assignment)) > 0


async def held(tx: Reader, holder_kind: str, holder_id: str, target_kind: str, target_id: str) -> list[Assignment]:
    """What one holder was given on one target, inherited or not."""
    return await tx.all(HELD, holder_kind=holder_kind, holder_id=holder_id, target_kind=target_kind, target_id=target_id)


async def of_user(tx: Reader, user_id: str, idp_id: str = "") -> list[Assignment]:
    """What a user holds anywhere, itself or through its groups; also those that the identity provider of its token gave it."""
    return await tx.all(OF_USER, user_id=user_id, idp_id=idp_id, now=tx.now)


async def page(tx: Reader, wanted: Page) -> list[Assignment]:
    """Assignments by any of their fields."""
    return await LISTING.page(tx, wanted)


async def forget_holder(tx: Tx, holder_kind: str, holder_id: str) -> None:
    """Remove everything somebody held."""
    await tx.do(FORGET_HOLDER, holder_kind=holder_kind, holder_id=holder_id)


async def forget_target(tx: Tx, target_id: str) -> None:
    """Remove everything held on a project or domain."""
    await tx.do(FORGET_TARGET, target_id=target_id)
