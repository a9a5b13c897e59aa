"""What was done to a server."""

from __future__ import annotations

from ....kernel.db import Page, Reader
from ....kernel.errors import NotFound
from ...model import Action, Server
from ...store import actions


async def page(tx: Reader, server: Server, wanted: Page) -> list[Action]:
    """A page of the server's log, the newest first. Raises Invalid for an unknown marker."""
    return await actions.page(tx, wanted.where("server_id", server.id))


async def get(tx: Reader, server: Server, request_id: str) -> Action:
    """What one request did to the server. Raises NotFound."""
    found = await actions.find(tx, server.id, request_id)
    if found is None:
        raise NotFound(f"Action {request_id} not found")
    return found
