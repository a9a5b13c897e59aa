"""Keypairs belong to users, not to projects."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, NotFound, OverQuota
from ..model import Keypair
from ..rules import keys
from ..rules.limits import in_force
from ..store import keypairs, quotas


class Created(Struct, frozen=True):
    """A new key; `private_key` only if it was made here, and only this once."""

    keypair: Keypair
    private_key: str | None


async def get(tx: Reader, user_id: str, name: str) -> Keypair:
    """A user's key. Raises NotFound."""
    found = await keypairs.find(tx, user_id, name)
    if found is None:
        raise NotFound(f"Keypair {name} not found for user {user_id}")
    return found


async def page(tx: Reader, user_id: str, wanted: Page) -> list[Keypair]:
    """A user's keys, by name."""
    return await keypairs.page(tx, wanted.where("user_id", user_id))


async def create(tx: Tx, owner: tuple[str, str], name: str, kind: str, public_key: str | None) -> Created:
    """Keep a public key, or make a pair. `owner` is (user id, project id). Raises Invalid, Conflict, OverQuota."""
    user_id, project_id = owner
    limit = in_force(await quotas.overrides(tx, project_id), user_id)["key_pairs"]
    if 0 <= limit <= await keypairs.count(tx, user_id):
        raise OverQuota(f"Quota exceeded, too many key pairs: {limit} is the most.", code="quota")
    private_key = None
    if public_key is None:
        public_key, private_key = keys.generate(kind)
    public_key = public_key.strip() if kind == "ssh" else public_key
    try:
        await keypairs.add(tx, user_id, name, kind, (public_key, keys.fingerprint(kind, public_key)))
    except Duplicate:
        raise Conflict(f"Key pair '{name}' already exists.") from None
    return Created(await get(tx, user_id, name), private_key)


async def delete(tx: Tx, user_id: str, name: str) -> None:
    """Forget a key; servers that have it keep it. Raises NotFound."""
    if not await keypairs.remove(tx, user_id, name):
        raise NotFound(f"Keypair {name} not found for user {user_id}")
