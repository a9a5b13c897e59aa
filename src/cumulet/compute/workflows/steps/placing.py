"""Giving a server a host: the claim, the ports, the volumes and what its agent will be told, all in one transaction (C1, C2)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ....contract.claims import claim_of, sign
from ....contract.guests import ClaimToken, DiskSpec, GuestSpec
from ....kernel.db import Tx
from ....kernel.errors import NoCapacity
from ....kernel.workflow import step
from ....network.operations import ports
from ....placement.operations import hosts
from ....placement.operations.ledger import moves
from ....placement.operations.topology import holding
from ....volume.operations import attachments
from ...model import DELETING, LOCAL, SPAWNING, Destination, Disk, Server
from ...rules import guests
from ...store import disks, servers, services
from .choosing import Past, choose
from .config_drive import config_files
from .home import Home, known
from .needing import Needs, needs_of_server

OVERTAKEN = 4
"""How often another host is chosen because others have claimed the chosen one's room meanwhile (on PostgreSQL)."""


class Make(Struct, frozen=True):
    """A local disk that the host has to make: the root disk from its image, or a blank one."""

    disk_id: str
    label: str
    size_mb: int


class Placed(Struct, frozen=True):
    """A server with a host. `make` are the disks still to be made; `config` are the config drive's files, if it has one."""

    home: Home
    host_name: str
    make: list[Make]
    guest: GuestSpec
    claim: ClaimToken
    config: dict[str, bytes] | None = None


@step
async def place_server(tx: Tx, server_id: str, past: Past) -> Placed:
    """Claim a host and bind everything to it. Raises NoCapacity, naming the constraints."""
    server = await known(tx, server_id)
    own = await disks.of_server(tx, server_id)
    if past.hosts:
        await services.build_failed(tx, past.hosts[-1])
    needs = await needs_of_server(tx, server, sum(disk.size_mb for disk in own if disk.place == LOCAL))
    home = await _claim(tx, server, own, needs, past)
    assert home.host_id is not None
    host = await hosts.seat(tx, home.host_id)
    task = server.task if server.task == DELETING else SPAWNING
    await servers.change(tx, server_id, host_id=host.id, host_name=host.hostname, zone=host.zone, task=task)
    own_ports = await ports.specs(tx, server_id)
    for port in own_ports:
        await ports.bind(tx, port.port_id, host.id)
    held = await holding.claimed_now(tx, server_id, host, needs.inside.cells)
    guest = guests.guest_spec(server, await _disk_specs(tx, own, home.host_id), own_ports, held)
    make = [Make(disk.id, disk.label, disk.size_mb) for disk in guests.to_make(own)]
    config = await config_files(tx, server, own) if server.config_drive else None
    return Placed(home, host.hostname, make, guest, token(guest, home, host), config)


def token(guest: GuestSpec, home: Home, host: hosts.Seat) -> ClaimToken:
    """The proof of the claim (C2)."""
    return sign(claim_of(guest, host.id, home.epoch), host.claim_key)


async def _claim(tx: Tx, server: Server, own: Sequence[Disk], needs: Needs, past: Past) -> Home:
    destination = msgspec.convert(server.destination, Destination) if server.destination else None

    async def take(host_id: str, why: dict[str, Any]) -> Home:
        wish = moves.Wish(host_id, needs.resources, server.project_id, server.user_id, why, needs.inside)
        return Home(host_id, await moves.place(tx, server.id, wish))

    try:
        if destination is not None and destination.forced:
            if destination.host_id in past.hosts:
                raise NoCapacity("The host that was asked for refused.")
            return await take(destination.host_id, {"forced": True})
        for _ in range(OVERTAKEN):
            choice = await choose(tx, server, own, needs, past)
            with contextlib.suppress(NoCapacity):  # another one was quicker: the next look knows of it
                return await take(choice.host_id, choice.why)
        choice = await choose(tx, server, own, needs, past)
        return await take(choice.host_id, choice.why)
    except NoCapacity as problem:
        before = "".join(f" Before that a host refused: {error}" for error in past.errors)
        raise NoCapacity(problem.message + before, problem.code, problem.internal) from None


async def _disk_specs(tx: Tx, own: Sequence[Disk], host_id: str) -> list[DiskSpec]:
    found = []
    for disk in guests.boot_order(own):
        if disk.attachment_id is None:
            found.append(guests.disk_spec(disk))
            continue
        spec = await attachments.connect(tx, disk.attachment_id, host_id, disk.device.removeprefix("/dev/"))
        await disks.made(tx, disk.id, spec.path, spec.format)
        found.append(spec)
    return found


@step
async def displace_server(tx: Tx, server_id: str, past: Past) -> None:
    """The server is nowhere: ports unbound, claim given up."""
    for port in await ports.specs(tx, server_id):
        await ports.unbind(tx, port.port_id)
    await moves.leave(tx, server_id)
    await servers.change(tx, server_id, host_id=None, host_name=None, zone=None)


@step
async def ports_are_up(tx: Tx, port_ids: list[str]) -> bool:
    """Whether every port carries traffic."""
    for port_id in port_ids:
        if not await ports.is_up(tx, port_id):
            return False
    return True
