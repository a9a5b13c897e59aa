"""Keypairs belong to users, not to projects."""

from __future__ import annotations

import asyncio

from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound, OverQuota
from ..model import Keypair
from ..rules import keys
from ..rules.keys import Pair
from ..rules.limits import in_force
from ..store import keypairs
from . import unified

__all__ = ["Pair", "create", "delete", "get", "page", "pair"]


async def get(tx: Reader, user_id: str, name: str) -> Keypair:
    """A user's key. Raises NotFound."""
    found = await keypairs.find(tx, user_id, name)
    if found is None:
        raise NotFound(f"Keypair {name} not found for user {user_id}")
    return found


async def page(tx: Reader, user_id: str, wanted: Page) -> list[Keypair]:
    """A user's keys, by name. Raises Invalid unless the marker is a key of the same user."""
    if wanted.marker is not None and await keypairs.find(tx, user_id, wanted.marker) is None:
        raise Invalid(f"Marker '{wanted.marker}' could not be found.", code="marker")
    return await keypairs.page(tx, wanted.where("user_id", user_id))


async def pair(kind: str, user_id: str, public_key: str | None, now: float) -> Pair:
    """The key to keep: the given one, or a new pair. Making one takes time, so do it outside of any transaction."""
    if public_key is not None:
        return Pair(public_key.strip() if kind == keys.SSH else public_key)
    return await asyncio.to_thread(keys.generate, kind, user_id, now)


async def create(tx: Tx, owner: tuple[str, str], name: str, kind: str, key: Pair) -> Keypair:
    """Keep a public key. `owner` is (user id, project id). Raises Invalid, Conflict, OverQuota."""
    user_id, project_id = owner
    await tx.hold(f"keypairs of {user_id}")
    limit = in_force(await unified.rows(tx, project_id), user_id)["key_pairs"]
    if 0 <= limit <= await keypairs.count(tx, user_id):
        raise OverQuota(f"Quota exceeded, too many key pairs: {limit} is the most.", code="quota")
    try:
        await keypairs.add(tx, user_id, name, kind, (key.public_key, keys.fingerprint(kind, key.public_key)))
    except Duplicate:
        raise Conflict(f"Key pair '{name}' already exists.") from None
    return await get(tx, user_id, name)


async def delete(tx: Tx, user_id: str, name: str) -> None:
    """Forget a key; servers that have it keep it. Raises NotFound."""
    if not await keypairs.remove(tx, user_id, name):
        raise NotFound(f"Keypair {name} not found for user {user_id}")
