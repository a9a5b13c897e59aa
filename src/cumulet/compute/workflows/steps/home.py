"""Where a server is."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Tx
from ....kernel.errors import NotFound
from ....kernel.workflow import step
from ....placement.operations import claims
from ...model import Server
from ...store import servers


class Home(Struct, frozen=True):
    """A server's host, None if it has none, and the epoch of its claim there, below which agents refuse commands."""

    host_id: str | None
    epoch: int


async def known(tx: Tx, server_id: str) -> Server:
    """The server that a workflow is about. Raises NotFound."""
    server = await servers.find(tx, server_id, None)
    if server is None:
        raise NotFound(f"Server {server_id} could not be found.")
    return server


@step
async def find_home(tx: Tx, server_id: str) -> Home:
    """Where the server is."""
    server = await known(tx, server_id)
    return Home(server.host_id, await claims.epoch(tx, server_id))
