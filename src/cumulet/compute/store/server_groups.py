"""Server groups, and which servers are in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata
from ..model import ServerGroup
from .servers import SERVERS

GROUPS = sa.Table(
    "server_groups",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("rules", Json, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Index("server_groups_project", "project_id"),
)
MEMBERS = sa.Table(
    "server_group_members",
    metadata,
    sa.Column("server_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, sa.ForeignKey("server_groups.id", ondelete="CASCADE"), nullable=False),
    sa.Index("server_group_members_group", "group_id"),
)
T, M, S = GROUPS.c, MEMBERS.c, SERVERS.c
B = sa.bindparam
_SHOWN = [T[name] for name in ServerGroup.__struct_fields__]
_written = ("id", "project_id", "user_id", "name", "policy", "rules", "created_at")
_alive = sa.and_(S.id == M.server_id, S.deleted_at.is_(None))

INSERT: Query[Any] = Query(sa.insert(GROUPS).values({**{name: B(name, type_=T[name].type) for name in _written}, "turns": 0}))
GET = Query(sa.select(*_SHOWN).where(T.id == B("id")), ServerGroup)
GET_OWN = Query(sa.select(*_SHOWN).where(T.id == B("id"), T.project_id == B("project_id")), ServerGroup)
OF_SERVER = Query(sa.select(*_SHOWN).join(MEMBERS, M.group_id == T.id).where(M.server_id == B("server_id")), ServerGroup)
COUNT = Query(sa.select(sa.func.count()).select_from(GROUPS).where(T.project_id == B("project_id")))
LOCK: Query[Any] = Query(sa.update(GROUPS).where(T.id == B("b_id")).values(turns=T.turns + 1))
DELETE: Query[Any] = Query(sa.delete(GROUPS).where(T.id == B("id")))
JOIN: Query[Any] = Query(sa.insert(MEMBERS).values(server_id=B("server_id"), group_id=B("group_id")))
MEMBERS_OF = Query(
    sa.select(M.group_id, M.server_id, S.host_id)
    .join(SERVERS, _alive)
    .where(among(M.group_id, "group_ids"))
    .order_by(S.created_at, S.id)
)
MEMBERS_OF_USER = Query(
    sa.select(sa.func.count())
    .select_from(MEMBERS)
    .join(SERVERS, _alive)
    .where(M.group_id == B("group_id"), S.user_id == B("user_id"))
)
LISTING = Listing(
    sa.select(*_SHOWN),
    ServerGroup,
    key=T.sequence,
    sorts={"sequence": T.sequence},
    filters={"project_id": T.project_id},
    default=[("sequence", False)],
)


async def add(tx: Tx, group_id: str, owner: tuple[str, str], **fields: Any) -> None:
    """Insert; `owner` is (project id, user id), `fields` are name, policy and rules."""
    project_id, user_id = owner
    await tx.do(INSERT, id=group_id, project_id=project_id, user_id=user_id, created_at=tx.stamp, **fields)


async def find(tx: Reader, group_id: str, project_id: str | None) -> ServerGroup | None:
    """By id; of any project if `project_id` is None."""
    if project_id is None:
        return await tx.one(GET, id=group_id)
    return await tx.one(GET_OWN, id=group_id, project_id=project_id)


async def of_server(tx: Reader, server_id: str) -> ServerGroup | None:
    """The group that a server is in."""
    return await tx.one(OF_SERVER, server_id=server_id)


async def page(tx: Reader, wanted: Page) -> list[ServerGroup]:
    """A page of groups, oldest first."""
    return await LISTING.page(tx, wanted)


async def count(tx: Reader, project_id: str) -> int:
    """How many a project has."""
    found = await tx.one(COUNT, project_id=project_id)
    return int(found[0]) if found else 0


async def lock(tx: Tx, group_id: str) -> None:
    """Until this transaction ends, nobody else finds a host for a member."""
    await tx.do(LOCK, b_id=group_id)


async def remove(tx: Tx, group_id: str) -> bool:
    """Delete; whether it was there."""
    return await tx.do(DELETE, id=group_id) > 0


async def join(tx: Tx, group_id: str, server_id: str) -> None:
    """Make a server a member."""
    await tx.do(JOIN, group_id=group_id, server_id=server_id)


async def members(tx: Reader, group_ids: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """The hosts of the members that are not deleted: group id to server id to host id."""
    found: dict[str, dict[str, str | None]] = {group_id: {} for group_id in group_ids}
    for group_id, server_id, host_id in await tx.all(MEMBERS_OF, group_ids=list(group_ids)):
        found[group_id][server_id] = host_id
    return found


async def members_of_user(tx: Reader, group_id: str, user_id: str) -> int:
    """How many members are of this user."""
    found = await tx.one(MEMBERS_OF_USER, group_id=group_id, user_id=user_id)
    return int(found[0]) if found else 0
