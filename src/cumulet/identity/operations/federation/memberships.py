"""Groups that identity providers gave: they end by themselves, and what is remembered of their members must end with them."""

from __future__ import annotations

from ....kernel.db import Database
from ...store.federation import users as federated

CHECK_SECONDS = 30.0


async def end(db: Database) -> None:
    """Let every process forget what it remembers of users of whom a membership has ended since the last two checks."""
    async with db.read() as tx:
        ended = await federated.ended(tx, tx.now - 2 * CHECK_SECONDS, tx.now)
    if ended:
        async with db.tx() as write:
            for user_id in ended:
                write.signal("identity", user_id)
