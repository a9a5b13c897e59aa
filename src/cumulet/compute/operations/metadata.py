"""The metadata service: guests ask who they are."""

from __future__ import annotations

from ...contract.reports import MetadataAnswer, MetadataQuery
from ...kernel.db import Reader, Tx
from ...network.operations import ports
from ..model import Server
from ..rules.documents import answer as document
from ..store import disks, servers
from ..workflows.steps.config_drive import facts_of

LONGEST_PASSWORD = 4 * 255
"""Upstream's limit for what a guest may leave, in bytes."""


def writes(query: MetadataQuery) -> bool:
    """Whether answering changes something: everything else needs no transaction."""
    return query.method == "POST"


async def answer(tx: Tx, query: MetadataQuery) -> MetadataAnswer:
    """What to tell the guest that asked. Only its own server is ever told of: it is found by network and address."""
    server_id = await ports.server_at(tx, query.network_id, query.address)
    server = await servers.find(tx, server_id, None) if server_id else None
    if server is None:
        return MetadataAnswer(404, b"404 Not Found\n\nNo server has this address on this network.\n")
    path = query.path.partition("?")[0]
    if query.method == "POST":
        return await _keep_password(tx, server, path, query)
    if query.method not in ("GET", "HEAD"):
        return MetadataAnswer(405, b"405 Method Not Allowed\n")
    found = await _read(tx, server, path)
    if found is None:
        return MetadataAnswer(404, b"404 Not Found\n\nThe resource could not be found.\n")
    return MetadataAnswer(200, found, _content_type(path))


async def _read(tx: Reader, server: Server, path: str) -> bytes | None:
    return document(await facts_of(tx, server, await disks.of_server(tx, server.id)), path)


def _content_type(path: str) -> str:
    return "application/json" if path.endswith(".json") else "text/plain; charset=UTF-8"


async def _keep_password(tx: Tx, server: Server, path: str, query: MetadataQuery) -> MetadataAnswer:
    """A guest leaves its password, encrypted with the server's key; once."""
    parts = [part for part in path.split("/") if part]
    if len(parts) != 3 or parts[0] != "openstack" or parts[2] != "password":
        return MetadataAnswer(405, b"405 Method Not Allowed\n")
    if server.password:
        return MetadataAnswer(409, b"409 Conflict\n\nThe password is already set.\n")
    if not 0 < len(query.body) <= LONGEST_PASSWORD:
        return MetadataAnswer(400, f"400 Bad Request\n\nA password has 1 to {LONGEST_PASSWORD} bytes.\n".encode())
    await servers.change(tx, server.id, password=query.body.decode("utf-8", "replace"))
    return MetadataAnswer(200, b"")
