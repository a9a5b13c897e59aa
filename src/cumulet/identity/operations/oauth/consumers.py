"""Consumers: programs that users let act for them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import NotFound
from ...keys import KeyRing
from ...model import Consumer
from ...store.delegation import oauth
from ..delegation.credentials import sealed


class New(Struct, frozen=True):
    """A new consumer, and its secret, which is told once."""

    consumer: Consumer
    secret: str


async def get(tx: Reader, consumer_id: str) -> Consumer:
    """A consumer. Raises NotFound."""
    found = await oauth.find_consumer(tx, consumer_id)
    if found is None:
        raise NotFound(f"Could not find consumer: {consumer_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Consumer]:
    """Consumers."""
    return await oauth.consumers(tx, wanted)


async def create(tx: Tx, vault: KeyRing, fields: dict[str, Any]) -> New:
    """A new one."""
    consumer_id, secret = ids.new_hex(), ids.new_hex()
    made = Consumer(id=consumer_id, secret=sealed(vault, consumer_id, secret), **fields)
    await oauth.add_consumer(tx, made)
    return New(made, secret)


async def update(tx: Tx, known: Consumer, changes: dict[str, Any]) -> Consumer:
    """Change what is said of one."""
    changed = msgspec.structs.replace(known, **changes)
    await oauth.save_consumer(tx, changed)
    return changed


async def delete(tx: Tx, consumer_id: str) -> None:
    """Delete one: it acts for nobody any more. Raises NotFound."""
    await get(tx, consumer_id)
    await oauth.remove_consumer(tx, consumer_id)
    tx.signal("identity", consumer_id)
