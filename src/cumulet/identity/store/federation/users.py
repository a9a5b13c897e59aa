"""Which users come from which identity provider, and into which groups their last log-in put them."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Query, Reader, Tx, metadata, values
from ....kernel.db.rows import insert
from ...model import FederatedUser
from .providers import PROVIDERS

FEDERATED = sa.Table(
    "federated_users",
    metadata,
    sa.Column("idp_id", sa.Text, primary_key=True),
    sa.Column("protocol_id", sa.Text, primary_key=True),
    sa.Column("unique_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("is_shadow", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(
        ["idp_id", "protocol_id"], ["federation_protocols.idp_id", "federation_protocols.id"], ondelete="CASCADE"
    ),
    sa.Index("federated_users_user", "user_id"),
)
MEMBERSHIPS = sa.Table(
    "federated_memberships",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("idp_id", sa.Text, sa.ForeignKey("identity_providers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Text, sa.ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("verified_at", sa.Double, nullable=False),
)
F, M, P = FEDERATED.c, MEMBERSHIPS.c, PROVIDERS.c

_END = M.verified_at + P.authorization_ttl * 60
"""When a membership ends for everything but the tokens of its log-in; NULL for at once."""

INSERT = insert(FEDERATED)
FIND = Query(
    sa.select(FEDERATED).where(
        F.idp_id == sa.bindparam("idp_id"), F.protocol_id == sa.bindparam("protocol_id"), F.unique_id == sa.bindparam("unique_id")
    ),
    FederatedUser,
)
OF_USER = Query(
    sa.select(FEDERATED).where(F.user_id == sa.bindparam("user_id")).order_by(F.idp_id, F.protocol_id, F.unique_id), FederatedUser
)
SHADOWS = Query(
    sa.select(F.user_id).where(
        F.is_shadow == sa.true(),
        F.idp_id == sa.bindparam("idp_id"),
        sa.or_(F.protocol_id == sa.bindparam("protocol_id"), sa.bindparam("protocol_id") == ""),
    )
)
FORGET_USER = Query(sa.delete(FEDERATED).where(F.user_id == sa.bindparam("user_id")))
_MINE = (M.user_id == sa.bindparam("b_user_id"), M.idp_id == sa.bindparam("b_idp_id"))
GROUP_IDS = Query(sa.select(M.group_id).where(*_MINE).order_by(M.group_id))
ADD_GROUP, FORGET_GROUPS = insert(MEMBERSHIPS), Query(sa.delete(MEMBERSHIPS).where(*_MINE))
ENDED = Query(
    sa.select(M.user_id)
    .join_from(MEMBERSHIPS, PROVIDERS, M.idp_id == P.id)
    .where(sa.bindparam("until", type_=sa.Double()) >= _END, sa.bindparam("since", type_=sa.Double()) < _END)
    .distinct()
)

EXPIRING = Query(
    sa.select(M.group_id, _END)
    .join_from(MEMBERSHIPS, PROVIDERS, M.idp_id == P.id)
    .where(M.user_id == sa.bindparam("user_id"), sa.bindparam("now", type_=sa.Double()) < _END)
)


def group_ids_now(user: sa.BindParameter[str]) -> sa.Select[tuple[str]]:
    """The groups that count for `user`. `now` and `idp_id` (of a federated token, or empty) must be bound too."""
    counts = sa.or_(M.idp_id == sa.bindparam("idp_id"), sa.bindparam("now", type_=sa.Double()) < _END)
    return sa.select(M.group_id).join_from(MEMBERSHIPS, PROVIDERS, M.idp_id == P.id).where(M.user_id == user, counts)


async def add(tx: Tx, federated: FederatedUser) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(federated))


async def find(tx: Reader, idp_id: str, protocol_id: str, unique_id: str) -> FederatedUser | None:
    """Who somebody is here."""
    return await tx.one(FIND, idp_id=idp_id, protocol_id=protocol_id, unique_id=unique_id)


async def of_user(tx: Reader, user_id: str) -> list[FederatedUser]:
    """Who a user is elsewhere."""
    return await tx.all(OF_USER, user_id=user_id)


async def shadows(tx: Reader, idp_id: str, protocol_id: str = "") -> list[str]:
    """The ids of the users that log-ins made, by one protocol or by any."""
    return [row[0] for row in await tx.all(SHADOWS, idp_id=idp_id, protocol_id=protocol_id)]


async def forget_user(tx: Tx, user_id: str) -> None:
    """A user is nobody elsewhere any more."""
    await tx.do(FORGET_USER, user_id=user_id)


async def group_ids(tx: Reader, user_id: str, idp_id: str) -> list[str]:
    """Into which groups the last log-in by an identity provider put a user."""
    return [row[0] for row in await tx.all(GROUP_IDS, b_user_id=user_id, b_idp_id=idp_id)]


async def set_groups(tx: Tx, user_id: str, idp_id: str, group_ids: list[str]) -> None:
    """What a log-in says, instead of what the one before said."""
    await tx.do(FORGET_GROUPS, b_user_id=user_id, b_idp_id=idp_id)
    for group_id in group_ids:
        await tx.do(ADD_GROUP, user_id=user_id, idp_id=idp_id, group_id=group_id, verified_at=tx.now)


async def expiring(tx: Reader, user_id: str) -> dict[str, float]:
    """The groups that providers gave a user and that still count, each with its end in seconds."""
    found: dict[str, float] = {}
    for group_id, end in await tx.all(EXPIRING, user_id=user_id, now=tx.now):
        found[group_id] = max(end, found.get(group_id, 0.0))
    return found


async def ended(tx: Reader, since: float, until: float) -> list[str]:
    """The ids of users of whom a membership ended after `since`, and at `until` or before."""
    return [row[0] for row in await tx.all(ENDED, since=since, until=until)]
