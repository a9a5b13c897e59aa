"""What a server's host does for it: disks and the guest."""

from __future__ import annotations

from ....contract.commands import (
    CreateBlankDisk,
    CreateConfigDrive,
    CreateRootDisk,
    DestroyGuest,
    Disk,
    QuarantineDisks,
    StartGuest,
    StopGuest,
    UndoDisks,
)
from ....contract.guests import ClaimToken, GuestSpec, ImageSource
from ....kernel.workflow import Call, command
from ...model import CONFIG, ROOT
from ...rules.guests import Made, with_made
from .commands import GuestRefused, send
from .home import Home
from .placing import Make, Placed

MINUTES = 60.0


@command
async def make_disk(call: Call, placed: Placed, wanted: Make, source: ImageSource | None) -> Made:
    """Make one local disk. Raises HostRefused, GuestRefused."""
    server_id = placed.guest.server_id
    order: CreateRootDisk | CreateBlankDisk | CreateConfigDrive
    if wanted.label == CONFIG:
        order = CreateConfigDrive(server_id, placed.config or {})
    elif wanted.label != ROOT:
        order = CreateBlankDisk(server_id, wanted.label, wanted.size_mb)
    elif source is None:
        raise GuestRefused("The root disk has no image to be made from.")
    else:
        order = CreateRootDisk(server_id, source, -(-wanted.size_mb // 1024))
    made = await send(call, placed.home, order, timeout=30 * MINUTES)
    assert isinstance(made, Disk)
    return Made(wanted.disk_id, made.path, made.format)


@command
async def undo_disk(call: Call, placed: Placed, wanted: Make, source: ImageSource | None) -> None:
    """Quarantine what `make_disk` made, and nothing else (K2)."""
    await send(call, placed.home, UndoDisks(placed.guest.server_id, call.undoes))


@command
async def start_guest(call: Call, guest: GuestSpec, claim: ClaimToken, home: Home, made: list[Made]) -> None:
    """Define and start the guest. Raises HostRefused, GuestRefused."""
    await send(call, home, StartGuest(with_made(guest, made), claim), timeout=2 * MINUTES)


@command
async def destroy_started(call: Call, guest: GuestSpec, claim: ClaimToken, home: Home, made: list[Made]) -> None:
    """Undo `start_guest`."""
    await send(call, home, DestroyGuest(guest.server_id))


@command
async def stop_guest(call: Call, server_id: str, home: Home, grace: float) -> None:
    """Shut the guest down, by force after `grace` seconds."""
    await send(call, home, StopGuest(server_id, grace), timeout=grace + MINUTES)


@command
async def destroy_guest(call: Call, server_id: str, home: Home) -> None:
    """Power the guest off and forget its definition."""
    await send(call, home, DestroyGuest(server_id))


@command
async def quarantine_disks(call: Call, server_id: str, home: Home) -> None:
    """Put the server's own disks into quarantine (K1)."""
    await send(call, home, QuarantineDisks(server_id))
