"""Groups and their members."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Group, User
from .users import USERS

GROUPS = sa.Table(
    "user_groups",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("user_groups_name", "domain_id", "name", unique=True),
)
MEMBERS = sa.Table(
    "user_group_members",
    metadata,
    sa.Column("group_id", sa.Text, sa.ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("user_group_members_user", "user_id"),
)
G, M = GROUPS.c, MEMBERS.c

INSERT, UPDATE, GET, DELETE = insert(GROUPS), update(GROUPS), get(GROUPS, Group), delete(GROUPS)
BY_NAME = Query(sa.select(GROUPS).where(G.domain_id == sa.bindparam("domain_id"), G.name == sa.bindparam("name")), Group)
_FILTERS = {"id": G.id, "name": G.name, "domain_id": G.domain_id}
NAMES = Query(sa.select(G.id, G.name, G.domain_id).where(among(G.id, "ids")))
LISTING = Listing(sa.select(GROUPS), Group, key=G.id, sorts={"name": G.name}, filters=_FILTERS, default=[("name", False)])
OF_USER = Listing(
    sa.select(GROUPS).join_from(GROUPS, MEMBERS, G.id == M.group_id),
    Group,
    key=G.id,
    sorts={"name": G.name},
    filters={**_FILTERS, "user_id": M.user_id},
    default=[("name", False)],
)
MEMBER_LISTING = Listing(
    sa.select(USERS).join_from(USERS, MEMBERS, USERS.c.id == M.user_id),
    User,
    key=USERS.c.id,
    sorts={"name": USERS.c.name},
    filters={"group_id": M.group_id, "name": USERS.c.name, "domain_id": USERS.c.domain_id, "enabled": USERS.c.enabled},
    default=[("name", False)],
)
ONE_MEMBER = (M.group_id == sa.bindparam("b_group_id"), M.user_id == sa.bindparam("b_user_id"))
IS_MEMBER = Query(sa.select(M.user_id).where(*ONE_MEMBER))
ADD_MEMBER, REMOVE_MEMBER = insert(MEMBERS), Query(sa.delete(MEMBERS).where(*ONE_MEMBER))
MEMBERS_OF = Query(sa.select(M.group_id, M.user_id).where(among(M.group_id, "group_ids")))


async def add(tx: Tx, group: Group) -> None:
    """Insert. Raises Duplicate if the name is taken in the domain."""
    await tx.do(INSERT, **values(group))


async def save(tx: Tx, group: Group) -> None:
    """Write every field. Raises Duplicate."""
    await tx.do(UPDATE, b_key=group.id, **values(group))


async def find(tx: Reader, group_id: str) -> Group | None:
    """By id."""
    return await tx.one(GET, key=group_id)


async def find_by_name(tx: Reader, name: str, domain_id: str) -> Group | None:
    """By name in a domain."""
    return await tx.one(BY_NAME, name=name, domain_id=domain_id)


async def names(tx: Reader, group_ids: set[str]) -> list[tuple[str, str, str]]:
    """(id, name, domain id) of these."""
    return await tx.all(NAMES, ids=sorted(group_ids))


async def page(tx: Reader, wanted: Page) -> list[Group]:
    """A page of groups."""
    return await LISTING.page(tx, wanted)


async def of_user(tx: Reader, user_id: str, wanted: Page) -> list[Group]:
    """A page of the groups that a user is in."""
    return await OF_USER.page(tx, wanted.where("user_id", user_id))


async def members(tx: Reader, group_id: str, wanted: Page) -> list[User]:
    """A page of a group's users."""
    return await MEMBER_LISTING.page(tx, wanted.where("group_id", group_id))


async def member_ids(tx: Reader, group_ids: list[str]) -> list[tuple[str, str]]:
    """(group id, user id) of every member of these groups."""
    return await tx.all(MEMBERS_OF, group_ids=group_ids)


async def is_member(tx: Reader, group_id: str, user_id: str) -> bool:
    """Whether a user is in a group."""
    return await tx.one(IS_MEMBER, b_group_id=group_id, b_user_id=user_id) is not None


async def add_member(tx: Tx, group_id: str, user_id: str) -> None:
    """Put a user into a group. Raises Duplicate."""
    await tx.do(ADD_MEMBER, group_id=group_id, user_id=user_id)


async def remove_member(tx: Tx, group_id: str, user_id: str) -> bool:
    """Take a user out of a group; whether it was in."""
    return await tx.do(REMOVE_MEMBER, b_group_id=group_id, b_user_id=user_id) > 0


async def remove(tx: Tx, group_id: str) -> None:
    """Delete the row, and the memberships."""
    await tx.do(DELETE, key=group_id)
