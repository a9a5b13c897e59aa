"""Starting a server that has been built: its guest is described anew from what is stored, its disks are never remade (K4)."""

from __future__ import annotations

from msgspec import Struct

from ....contract.guests import ClaimToken, GuestSpec
from ....kernel.db import Tx
from ....kernel.errors import Conflict
from ....kernel.workflow import step
from ....network.operations import ports
from ....placement.operations import claims, hosts
from ....placement.operations.topology import holding
from ...rules import guests
from ...store import disks
from .home import Home, known
from .needing import cells_of
from .placing import token


class Boot(Struct, frozen=True):
    """What starting a guest again takes."""

    guest: GuestSpec
    claim: ClaimToken
    home: Home


@step
async def load_boot(tx: Tx, server_id: str) -> Boot:
    """Describe the guest as it should be now. Raises Conflict if the server is nowhere."""
    server = await known(tx, server_id)
    if server.host_id is None:
        raise Conflict(f"Server {server_id} is on no host.")
    home = Home(server.host_id, await claims.epoch(tx, server_id))
    own = [disk for disk in await disks.of_server(tx, server_id) if disk.path is not None]
    specs = [guests.disk_spec(disk) for disk in guests.boot_order(own)]
    held = await holding.of_consumer(tx, server_id, server.host_id, cells_of(server))
    guest = guests.guest_spec(server, specs, await ports.specs(tx, server_id), held)
    return Boot(guest, token(guest, home, await hosts.seat(tx, server.host_id)), home)
