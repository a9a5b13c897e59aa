"""Groups that identity providers gave: they end by themselves, and what is remembered of their members must end with them."""

from __future__ import annotations

from ....kernel.db import Database, Page, Reader
from ...model import Group
from ...store import groups
from ...store.federation import users as federated

CHECK_SECONDS = 30.0


async def of_user(tx: Reader, user_id: str, wanted: Page) -> list[tuple[Group, float]]:
    """The groups that providers gave a user and that still count, each with its end in seconds."""
    ends = await federated.expiring(tx, user_id)
    found = await groups.page(tx, wanted.where("id", sorted(ends), "in")) if ends else []
    return [(group, ends[group.id]) for group in found]


async def end(db: Database) -> None:
    """Let every process forget what it remembers of users of whom a membership has ended since the last two checks."""
    async with db.read() as tx:
        ended = await federated.ended(tx, tx.now - 2 * CHECK_SECONDS, tx.now)
    if ended:
        async with db.tx() as write:
            for user_id in ended:
                write.signal("identity", user_id)
