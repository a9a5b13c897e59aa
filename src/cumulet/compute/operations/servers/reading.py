"""Finding servers, and refusing what their state does not allow."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ....kernel.db import Page, Reader, Tx
from ....kernel.db.sqlite import matches
from ....kernel.errors import Conflict, NotFound
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....network.operations import ports
from ....network.operations.ports import Interface
from ...model import Disk, Entry, Server
from ...store import actions, disks, servers
from ...store.servers import Key, Name


class Whole(Struct, frozen=True):
    """A server with what other tables and services hold of it."""

    server: Server
    interfaces: list[Interface]
    volumes: list[Disk]


async def get(tx: Reader, actor: Actor, server_id: str) -> Server:
    """A server that the actor may see. Raises NotFound."""
    found = await servers.find(tx, server_id, actor.scope)
    if found is None:
        raise _not_found(server_id)
    return found


async def hold(tx: Tx, actor: Actor, server_id: str) -> Server:
    """`get`, and until the transaction ends nobody else who holds the server changes it."""
    await tx.hold(f"server {server_id}")
    return await get(tx, actor, server_id)


async def get_even_deleted(tx: Reader, actor: Actor, server_id: str) -> Server:
    """A server that the actor may see, or might have seen before it was deleted. Raises NotFound."""
    found = await servers.find_even_deleted(tx, server_id, actor.scope)
    if found is None:
        raise _not_found(server_id)
    return found


def _not_found(server_id: str) -> NotFound:
    return NotFound(f"Instance {server_id} could not be found.")


async def key(tx: Reader, actor: Actor, server_id: str) -> Key:
    """The id and version of a server that the actor may see. Raises NotFound."""
    found = await servers.key(tx, server_id, actor.scope)
    if found is None:
        raise _not_found(server_id)
    return found


async def keys(tx: Reader, page: Page) -> list[Key]:
    """Ids and versions of a page of servers; whose is the page's own condition."""
    return await servers.keys(tx, page)


async def with_addresses(tx: Reader, page: Page, patterns: Sequence[str]) -> list[str]:
    """The ids of the servers that meet a page's conditions and have an address which matches each pattern."""
    everything = Page(page.conditions)
    found = [key.id for key in await servers.keys(tx, everything)]
    return [
        server_id
        for server_id, interfaces in (await ports.interfaces(tx, found)).items()
        if all(any(matches(pattern, address) for address in _addresses(interfaces)) for pattern in patterns)
    ]


def _addresses(interfaces: list[Interface]) -> list[str]:
    fixed = [address for interface in interfaces for _, address in interface.fixed_ips]
    return fixed + [address for interface in interfaces for _, address in interface.floating]


async def names(tx: Reader, page: Page) -> list[Name]:
    """Ids and names of a page of servers."""
    return await servers.names(tx, page)


async def whole(tx: Reader, ids: Sequence[str], interfaces: dict[str, list[Interface]]) -> dict[str, Whole]:
    """Servers by id, with their volumes and the given interfaces."""
    if not ids:
        return {}
    found, volumes = await servers.many(tx, ids), await disks.volumes_of(tx, ids)
    return {key: Whole(server, interfaces.get(key, []), volumes.get(key, [])) for key, server in found.items()}


async def with_tags(tx: Reader, tags: Sequence[str], every: bool) -> list[str]:
    """The ids of the servers of all projects that have any of these tags, or every one."""
    found: dict[str, set[str]] = {}
    for server_id, tag in await servers.tagged(tx, tags):
        found.setdefault(server_id, set()).add(tag)
    needed = len(set(tags)) if every else 1
    return [server_id for server_id, has in found.items() if len(has) >= needed]


def refuse_if_locked(server: Server, actor: Actor) -> None:
    """Raise Conflict for a locked server, unless an administrator asks."""
    if server.locked_by is not None and not actor.is_admin:
        raise Conflict(f"Instance {server.id} is locked.", code="locked")


def busy(server: Server, what: str) -> Conflict:
    """Why `what` cannot be done now."""
    if server.task is not None:
        return Conflict(f"Cannot '{what}' instance {server.id} while it is in task_state {server.task}.", code="state")
    return Conflict(f"Cannot '{what}' instance {server.id} while it is in vm_state {server.state}.", code="state")


async def take(tx: Tx, actor: Actor, server_id: str, what: str, states: Sequence[str]) -> Server:
    """A server to which `what` may be done now; it is held. Raises NotFound, Conflict (locked, or state)."""
    server = await hold(tx, actor, server_id)
    refuse_if_locked(server, actor)
    if server.task is not None or server.state not in states:
        raise busy(server, what)
    return server


async def record(tx: Tx, actor: Actor, server_id: str, action: str) -> Entry:
    """Write into the server's log that this begins."""
    request_id = current_request_id()
    await actions.add(
        tx,
        server_id=server_id,
        action=action,
        request_id=request_id,
        user_id=actor.user_id,
        project_id=actor.project_id or "",
        message=None,
        events=[],
    )
    return Entry(server_id, request_id, action, tx.stamp)


__all__ = [
    "Key",
    "Name",
    "Whole",
    "busy",
    "get",
    "get_even_deleted",
    "hold",
    "key",
    "keys",
    "names",
    "record",
    "refuse_if_locked",
    "take",
    "whole",
    "with_addresses",
    "with_tags",
]
