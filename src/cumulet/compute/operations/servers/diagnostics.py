"""What is known of a server's guest without asking it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....contract.guests import CellSpec
from ....contract.guests import page_size_kb as huge_page_kb
from ....kernel.db import Reader
from ....kernel.errors import Conflict
from ....network.operations import ports
from ....placement.operations.topology import holding
from ...model import ACTIVE, CONFIG, CRASHED, PAUSED, RUNNING, STOPPED, Server
from ...rules import sizes
from ...store import disks
from ...workflows.steps.needing import cells_of

_STATES = {RUNNING: "running", CRASHED: "crashed"}


class Diagnostics(Struct, frozen=True):
    """A guest's parts. `memory_mb` is the guest's own, `taken_mb` what it is on its host at most; `macs` are its interfaces'."""

    state: str
    config_drive: bool
    vcpus: int
    memory_mb: int
    taken_mb: int
    devices: list[str]
    macs: list[str]


async def of_server(tx: Reader, server: Server) -> Diagnostics:
    """Raises Conflict for a server that has no guest."""
    if server.host_id is None or server.state not in (ACTIVE, PAUSED, STOPPED):
        raise Conflict(f"Cannot 'get_diagnostics' instance {server.id} while it is in vm_state {server.state}", code="state")
    own = await disks.of_server(tx, server.id)
    interfaces: list[Any] = (await ports.interfaces(tx, [server.id])).get(server.id, [])
    vcpus, memory_mb = server.flavor["vcpus"], server.flavor["ram"]
    return Diagnostics(
        state=_STATES.get(
            server.power, "shutdown" if server.state == STOPPED else "paused" if server.state == PAUSED else "pending"
        ),
        config_drive=server.config_drive,
        vcpus=vcpus,
        memory_mb=memory_mb,
        taken_mb=memory_mb + sizes.overhead_mb(vcpus, memory_mb),
        devices=[disk.device for disk in own if disk.label != CONFIG],
        macs=[interface.mac for interface in interfaces],
    )


async def cells(tx: Reader, server: Server) -> list[CellSpec]:
    """The NUMA cells of a server's guest, and where in its host they are."""
    if server.host_id is None:
        return []
    return (await holding.of_consumer(tx, server.id, server.host_id, cells_of(server))).cells


def page_size_kb(server: Server) -> int:
    """The size of the pages that its memory is in, in KiB."""
    return huge_page_kb(server.flavor["extra_specs"]) or 4
