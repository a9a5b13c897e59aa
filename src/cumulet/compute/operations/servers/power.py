"""Starting, stopping and rebooting servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ....kernel.db import Tx
from ....kernel.errors import Conflict
from ....kernel.log import current_request_id
from ....kernel.policy import Actor
from ....kernel.workflow import start as start_workflow
from ...model import (
    ACTIVE,
    ERROR,
    PAUSED,
    POWERING_OFF,
    POWERING_ON,
    REBOOTING,
    REBOOTING_HARD,
    RESCUED,
    STOPPED,
    SUSPENDED,
    TURN,
    Entry,
    Server,
)
from ...store import servers
from ...workflows.power import reboot_server, start_server, stop_server
from ...workflows.steps.actors import owner_of
from .reading import record, take


async def start(tx: Tx, actor: Actor, server_id: str) -> None:
    """Begin to start a stopped server. Raises NotFound, Conflict."""
    server = await _begin(tx, actor, server_id, "start", (STOPPED,), POWERING_ON)
    await _run(tx, start_server, server.id, await record(tx, actor, server.id, "start"))


async def resume(tx: Tx, server_id: str) -> None:
    """Begin to start a server that should be running: its host was started anew. Nothing if something else is being done to it."""
    server = await servers.find(tx, server_id, None)
    if server is None or not await servers.begin(tx, server_id, (ACTIVE,), task=POWERING_ON):
        return
    await _run(tx, start_server, server_id, await record(tx, owner_of(server), server_id, "start"))


async def stop(tx: Tx, actor: Actor, server_id: str) -> None:
    """Begin to stop a server. Raises NotFound, Conflict."""
    server = await _begin(tx, actor, server_id, "stop", (ACTIVE, ERROR, RESCUED), POWERING_OFF)
    await _run(tx, stop_server, server.id, await record(tx, actor, server.id, "stop"))


async def reboot(tx: Tx, actor: Actor, server_id: str, hard: bool) -> None:
    """Begin to reboot a server. Raises NotFound, Conflict."""
    states = (ACTIVE, STOPPED, PAUSED, SUSPENDED, ERROR) if hard else (ACTIVE,)
    server = await _begin(tx, actor, server_id, "reboot", states, REBOOTING_HARD if hard else REBOOTING)
    await _run(tx, reboot_server, server.id, await record(tx, actor, server.id, "reboot"), hard)


async def _begin(tx: Tx, actor: Actor, server_id: str, what: str, states: tuple[str, ...], task: str) -> Server:
    server = await take(tx, actor, server_id, what, states)
    if server.host_id is None:
        raise Conflict(f"Instance {server_id} is not ready: it is on no host.", code="state")
    if not await servers.begin(tx, server_id, states, task=task):
        raise Conflict(f"Instance {server_id} has just changed; try again.", code="state")
    return server


async def _run(tx: Tx, flow: Callable[..., Awaitable[None]], server_id: str, entry: Entry, *more: Any) -> None:
    await start_workflow(tx, flow, server_id, entry, *more, request_id=current_request_id(), turn=TURN.format(server_id))
