"""Changing what is said of a server: its name, metadata, tags, lock, state."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Tx
from ....kernel.errors import Invalid, NotFound, OverQuota
from ....kernel.policy import Actor
from ....kernel.workflow import active
from ...model import ACTIVE, BUILDING, ERROR, PAUSED, STOPPED, SUSPENDED, Server
from ...rules.limits import in_force
from ...store import actions, servers
from .. import unified
from .reading import busy, get, hold, record, refuse_if_locked, take

MOST_TAGS = 50
_SETTLED = (ACTIVE, PAUSED, SUSPENDED, STOPPED)


async def update(tx: Tx, actor: Actor, server_id: str, changes: dict[str, Any]) -> Server:
    """Change fields of a server; `changes` are columns. Raises NotFound."""
    await hold(tx, actor, server_id)
    if changes:
        await servers.change(tx, server_id, **changes)
    return await get(tx, actor, server_id)


async def lock(tx: Tx, actor: Actor, server_id: str, reason: str | None) -> None:
    """Keep everybody but administrators from changing a server. An administrator's lock is not replaced by its owner's."""
    server = await hold(tx, actor, server_id)
    by = "owner" if server.project_id == actor.project_id and not actor.is_admin else "admin"
    await servers.change(tx, server_id, locked_by="admin" if server.locked_by == "admin" else by, locked_reason=reason)
    await _noted(tx, actor, server_id, "lock")


async def unlock(tx: Tx, actor: Actor, server_id: str) -> None:
    """Allow changes again."""
    await get(tx, actor, server_id)
    await servers.change(tx, server_id, locked_by=None, locked_reason=None)
    await _noted(tx, actor, server_id, "unlock")


async def reset_state(tx: Tx, actor: Actor, server_id: str, state: str) -> None:
    """Say that a server is active or in error, whatever it is; what is being done to it goes on."""
    await get(tx, actor, server_id)
    changes: dict[str, Any] = {"state": {"active": ACTIVE, "error": ERROR}[state], "power_at": tx.stamp}
    if await active(tx, "server", server_id) is None:
        changes["task"] = None
    await servers.change(tx, server_id, **changes)
    await _noted(tx, actor, server_id, "resetState")


async def _noted(tx: Tx, actor: Actor, server_id: str, what: str) -> None:
    """An action that is over as soon as it has begun."""
    entry = await record(tx, actor, server_id, what)
    await actions.finish(tx, (server_id, entry.request_id, what), None, [])


async def set_metadata(tx: Tx, actor: Actor, server_id: str, items: dict[str, str], replace: bool) -> dict[str, str]:
    """Replace a server's metadata, or add to it; all of it afterwards. Raises NotFound, Conflict, OverQuota."""
    server = await hold(tx, actor, server_id)
    refuse_if_locked(server, actor)
    if server.state not in _SETTLED:
        raise busy(server, "update metadata")
    wanted = items if replace else {**server.metadata, **items}
    most = in_force(await unified.rows(tx, server.project_id), server.user_id)["metadata_items"]
    if 0 <= most < len(wanted):
        raise OverQuota(f"Maximum number of metadata items exceeds {most}", code="quota")
    await servers.change(tx, server_id, metadata=wanted)
    return wanted


async def drop_metadata(tx: Tx, actor: Actor, server_id: str, key: str) -> None:
    """Remove one item. Raises NotFound, Conflict."""
    server = await hold(tx, actor, server_id)
    if key not in server.metadata:
        raise NotFound("Metadata item was not found")
    refuse_if_locked(server, actor)
    if server.state not in (*_SETTLED, BUILDING):
        raise busy(server, "delete metadata")
    left = {name: value for name, value in server.metadata.items() if name != key}
    await servers.change(tx, server_id, metadata=left)


async def set_tags(tx: Tx, actor: Actor, server_id: str, tags: list[str]) -> list[str]:
    """Replace a server's tags. Raises NotFound, Conflict, Invalid."""
    await _taggable(tx, actor, server_id)
    wanted = sorted(set(tags))
    if len(wanted) > MOST_TAGS:
        raise Invalid(f"The number of tags exceeded the per-server limit {MOST_TAGS}")
    await servers.retag(tx, server_id, wanted)
    return wanted


async def add_tag(tx: Tx, actor: Actor, server_id: str, tag: str) -> bool:
    """Add one tag; whether it is new. Raises NotFound, Conflict, Invalid."""
    server = await _taggable(tx, actor, server_id)
    if tag in server.tags:
        return False
    await set_tags(tx, actor, server_id, [*server.tags, tag])
    return True


async def drop_tag(tx: Tx, actor: Actor, server_id: str, tag: str) -> None:
    """Remove one tag. Raises NotFound, Conflict."""
    server = await _taggable(tx, actor, server_id)
    if tag not in server.tags:
        raise NotFound(f"Instance {server_id} has no tag '{tag}'")
    await servers.retag(tx, server_id, [other for other in server.tags if other != tag])


async def _taggable(tx: Tx, actor: Actor, server_id: str) -> Server:
    server = await hold(tx, actor, server_id)
    if server.state not in _SETTLED:
        raise busy(server, "update tags")
    return server


async def clear_password(tx: Tx, actor: Actor, server_id: str) -> None:
    """Forget the password that the guest left."""
    await get(tx, actor, server_id)
    await servers.change(tx, server_id, password="")


__all__ = [
    "add_tag",
    "clear_password",
    "drop_metadata",
    "drop_tag",
    "lock",
    "reset_state",
    "set_metadata",
    "set_tags",
    "take",
    "unlock",
    "update",
]
