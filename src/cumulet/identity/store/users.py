"""Users."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import User
from .federation.users import FEDERATED

USERS = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("default_project_id", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("password_expires_at", sa.Text),
    sa.Column("valid_from", sa.Double, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
    sa.Index("users_name", "domain_id", "name", unique=True),
)
T = USERS.c

INSERT, UPDATE, GET, DELETE = insert(USERS), update(USERS), get(USERS, User), delete(USERS)
BY_NAME = Query(sa.select(USERS).where(T.domain_id == sa.bindparam("domain_id"), T.name == sa.bindparam("name")), User)
RENEW_HASH = Query(
    sa.update(USERS)
    .where(T.id == sa.bindparam("b_id"), T.password_hash == sa.bindparam("b_old"))
    .values(password_hash=sa.bindparam("new"))
)
FOREIGN = Query(sa.select(T.password_hash).where(T.password_hash.not_like(sa.bindparam("ours"))).limit(1))


def _elsewhere(name: str) -> Callable[[str, str], sa.ColumnElement[bool]]:
    """A filter by who a user is at an identity provider."""

    def condition(op: str, parameter: str) -> sa.ColumnElement[bool]:
        column = FEDERATED.c[name]
        wanted = among(column, parameter) if op == "in" else column == sa.bindparam(parameter)
        return T.id.in_(sa.select(FEDERATED.c.user_id).where(wanted))

    return condition


NAMES = Query(sa.select(T.id, T.name, T.domain_id).where(among(T.id, "ids")))
LISTING = Listing(
    sa.select(USERS),
    User,
    key=T.id,
    sorts={"name": T.name},
    filters={
        **{name: T[name] for name in ("id", "name", "domain_id", "enabled", "password_expires_at")},
        **{name: _elsewhere(name) for name in ("idp_id", "protocol_id", "unique_id")},
    },
    default=[("name", False)],
)


async def add(tx: Tx, user: User) -> None:
    """Insert. Raises Duplicate if the name is taken in the domain."""
    await tx.do(INSERT, **values(user))


async def save(tx: Tx, user: User) -> None:
    """Write every field. Raises Duplicate."""
    await tx.do(UPDATE, b_key=user.id, **values(user))


async def renew_hash(tx: Tx, user_id: str, old: str, new: str) -> None:
    """Put another hash of the same password in the place of `old`, if that is still there."""
    await tx.do(RENEW_HASH, b_id=user_id, b_old=old, new=new)


async def foreign_hash(tx: Reader, ours: str) -> str | None:
    """A hash of anybody's that does not begin with `ours`."""
    found = await tx.one(FOREIGN, ours=f"{ours}%")
    return str(found[0]) if found else None


async def find(tx: Reader, user_id: str) -> User | None:
    """By id."""
    return await tx.one(GET, key=user_id)


async def find_by_name(tx: Reader, name: str, domain_id: str) -> User | None:
    """By name in a domain."""
    return await tx.one(BY_NAME, name=name, domain_id=domain_id)


async def names(tx: Reader, user_ids: set[str]) -> list[tuple[str, str, str]]:
    """(id, name, domain id) of these."""
    return await tx.all(NAMES, ids=sorted(user_ids))


async def page(tx: Reader, wanted: Page) -> list[User]:
    """A page of users."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, user_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=user_id)
