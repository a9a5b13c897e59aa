"""Policy documents that other programs keep here; nothing in this cloud obeys them."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import NotFound
from ...model import PolicyBlob
from ...store import policies


async def get(tx: Reader, policy_id: str) -> PolicyBlob:
    """A document. Raises NotFound."""
    found = await policies.find(tx, policy_id)
    if found is None:
        raise NotFound(f"Could not find policy: {policy_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[PolicyBlob]:
    """Documents."""
    return await policies.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any]) -> PolicyBlob:
    """A new document."""
    policy = PolicyBlob(id=ids.new_hex(), **fields)
    await policies.add(tx, policy)
    return policy


async def update(tx: Tx, policy: PolicyBlob, changes: dict[str, Any]) -> PolicyBlob:
    """Change a document."""
    changed = msgspec.structs.replace(policy, **changes)
    await policies.save(tx, changed)
    return changed


async def delete(tx: Tx, policy_id: str) -> None:
    """Delete a document. Raises NotFound."""
    await get(tx, policy_id)
    await policies.remove(tx, policy_id)
