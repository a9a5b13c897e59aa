"""Failed log-ins in a row and from one address, codes that were used, the passwords that a user had, and when it was seen last."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from ...kernel.db import Query, Reader, Tx, metadata
from ...kernel.db.rows import delete, insert

FAILURES = sa.Table(
    "failed_logins",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.Double, nullable=False),
)
PASSWORDS = sa.Table(
    "password_history",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("password_hash", sa.Text, primary_key=True),
    sa.Column("set_at", sa.Double, nullable=False),
    sa.Column("by_its_user", sa.Boolean, nullable=False),
)
CODES = sa.Table(
    "used_codes",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("until", sa.Double, nullable=False),
)
ADDRESSES = sa.Table(
    "failing_addresses",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("since", sa.Double, nullable=False),
)
ACTIVITY = sa.Table(
    "user_activity",
    metadata,
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seen_at", sa.Double, nullable=False),
    sa.Index("user_activity_seen_at", "seen_at"),
)
F, P, C, A = FAILURES.c, PASSWORDS.c, CODES.c, ADDRESSES.c

GET_FAILURES = Query(sa.select(F.failures, F.last_at).where(F.user_id == sa.bindparam("user_id")))
INSERT_FAILURES, CLEAR_FAILURES = insert(FAILURES), delete(FAILURES, "user_id")
COUNT_FAILURE = Query(
    sa.update(FAILURES)
    .where(F.user_id == sa.bindparam("b_user_id"))
    .values(failures=F.failures + 1, last_at=sa.bindparam("at", type_=sa.Double()))
)
HISTORY = Query(
    sa.select(P.set_at, P.password_hash, P.by_its_user).where(P.user_id == sa.bindparam("user_id")).order_by(P.set_at.desc())
)
INSERT_CODE = insert(CODES)
FORGET_CODES = Query(sa.delete(CODES).where(C.until <= sa.bindparam("now", type_=sa.Double())))
USED = Query(sa.select(C.until).where(C.user_id == sa.bindparam("user_id"), C.code == sa.bindparam("code")))
GET_ADDRESS = Query(sa.select(A.failures, A.since).where(A.address == sa.bindparam("address")))
INSERT_ADDRESS = insert(ADDRESSES)
COUNT_ADDRESS = Query(sa.update(ADDRESSES).where(A.address == sa.bindparam("b_address")).values(failures=A.failures + 1))
FORGET_ADDRESSES = Query(sa.delete(ADDRESSES).where(A.since <= sa.bindparam("before", type_=sa.Double())))
INSERT_PASSWORD = insert(PASSWORDS)
_seen = upsert(ACTIVITY).values(user_id=sa.bindparam("user_id"), seen_at=sa.bindparam("at", type_=sa.Double()))
SEE = Query(_seen.on_conflict_do_update(index_elements=["user_id"], set_={"seen_at": _seen.excluded.seen_at}))
SEE_AGAIN = Query(
    sa.update(ACTIVITY).where(ACTIVITY.c.user_id == sa.bindparam("b_id")).values(seen_at=sa.bindparam("at", type_=sa.Double()))
)
SEEN = Query(sa.select(ACTIVITY.c.seen_at).where(ACTIVITY.c.user_id == sa.bindparam("user_id")))
NOT_SEEN = Query(sa.select(ACTIVITY.c.user_id).where(ACTIVITY.c.seen_at <= sa.bindparam("before", type_=sa.Double())))
FORGET_PASSWORDS = Query(
    sa.delete(PASSWORDS).where(P.user_id == sa.bindparam("b_user_id"), P.set_at <= sa.bindparam("until", type_=sa.Double()))
)


async def failures(tx: Reader, user_id: str) -> tuple[int, float]:
    """How many log-ins failed since the last good one, and when the last of them did."""
    found = await tx.one(GET_FAILURES, user_id=user_id)
    return (found[0], found[1]) if found else (0, 0.0)


async def count_failure(tx: Tx, user_id: str) -> None:
    """One more."""
    if not await tx.do(COUNT_FAILURE, b_user_id=user_id, at=tx.now):
        await tx.do(INSERT_FAILURES, user_id=user_id, failures=1, last_at=tx.now)


async def clear_failures(tx: Tx, user_id: str) -> None:
    """None any more."""
    await tx.do(CLEAR_FAILURES, key=user_id)


async def use_code(tx: Tx, user_id: str, code: str, until: float) -> bool:
    """Whether a user shows a code for the first time while it is good. The caller holds the user's name meanwhile."""
    await tx.do(FORGET_CODES, now=tx.now)
    if await tx.one(USED, user_id=user_id, code=code):
        return False
    await tx.do(INSERT_CODE, user_id=user_id, code=code, until=until)
    return True


async def address_failures(tx: Reader, address: str) -> tuple[int, float]:
    """How many log-ins from an address failed, and since when they are counted."""
    found = await tx.one(GET_ADDRESS, address=address)
    return (found[0], found[1]) if found else (0, 0.0)


async def count_address(tx: Tx, address: str, seconds: float) -> None:
    """One more, after those are forgotten that are counted for longer than this. The caller holds the address meanwhile."""
    await tx.do(FORGET_ADDRESSES, before=tx.now - seconds)
    if not await tx.do(COUNT_ADDRESS, b_address=address):
        await tx.do(INSERT_ADDRESS, address=address, failures=1, since=tx.now)


async def see(tx: Tx, user_id: str) -> None:
    """A user is active now."""
    await tx.do(SEE, user_id=user_id, at=tx.now)


async def see_again(tx: Tx, user_id: str) -> None:
    """A user is active now, if anybody has ever looked."""
    await tx.do(SEE_AGAIN, b_id=user_id, at=tx.now)


async def seen_at(tx: Reader, user_id: str) -> float | None:
    """When a user was active last, in seconds; None if nobody has looked."""
    found = await tx.one(SEEN, user_id=user_id)
    return found[0] if found else None


async def not_seen_since(tx: Reader, before: float) -> list[str]:
    """The users who were active last at `before` or earlier."""
    return [user_id for (user_id,) in await tx.all(NOT_SEEN, before=before)]


async def passwords(tx: Reader, user_id: str) -> list[tuple[float, str, bool]]:
    """(set at, hash, whether the user set it) of a user's passwords, the newest first."""
    return await tx.all(HISTORY, user_id=user_id)


async def add_password(tx: Tx, user_id: str, password_hash: str, by_its_user: bool) -> None:
    """A user's newest password."""
    await tx.do(INSERT_PASSWORD, user_id=user_id, password_hash=password_hash, set_at=tx.now, by_its_user=by_its_user)


async def forget_passwords(tx: Tx, user_id: str, until: float) -> None:
    """Forget those that were set at `until` or before."""
    await tx.do(FORGET_PASSWORDS, b_user_id=user_id, until=until)
