"""What is written on a server's config drive."""

from __future__ import annotations

from collections.abc import Sequence

from ....kernel import ids
from ....kernel.db import Reader
from ....network.operations import ports
from ...model import Disk, Server
from ...rules.documents import Facts, drive_files


async def facts_of(tx: Reader, server: Server, own: Sequence[Disk]) -> Facts:
    """Everything the server's guest may be told."""
    interfaces = (await ports.interfaces(tx, [server.id])).get(server.id, [])
    return Facts(server, interfaces, list(own), await ports.network_data(tx, server.id), ids.secret_bytes(512))


async def config_files(tx: Reader, server: Server, own: Sequence[Disk]) -> dict[str, bytes]:
    """The files of the config drive, by path."""
    return drive_files(await facts_of(tx, server, own))
