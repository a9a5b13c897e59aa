"""Deleting servers."""

from __future__ import annotations

from ....kernel.db import Tx
from ....kernel.policy import Actor
from ....kernel.workflow import intend
from ...model import DELETING
from ...store import servers
from ...workflows.lifecycle.delete_server import begin_delete
from .reading import hold, record, refuse_if_locked


async def delete(tx: Tx, actor: Actor, server_id: str) -> None:
    """Begin to delete a server, whatever is being done to it: that is undone first. Again is as good as once.

    Raises NotFound, Conflict (locked).
    """
    server = await hold(tx, actor, server_id)
    refuse_if_locked(server, actor)
    if server.task == DELETING:
        return
    entry = await record(tx, actor, server_id, "delete")
    await servers.change(tx, server_id, task=DELETING)
    if not await intend(tx, "server", server_id):
        await begin_delete(tx, server_id, entry)
