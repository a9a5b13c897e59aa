"""Choosing a host for a server: filters, what fits, weighers; and why it was that one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ....kernel.db import Tx
from ....kernel.errors import NoCapacity
from ....placement.operations import claims
from ....volume.operations import volumes
from ...model import Destination, Disk, Server
from ...rules.affinity import Company, company
from ...rules.scheduling import filters, weighers
from ...rules.scheduling.filters import Ask, Constraint, Place
from ...store import server_groups, servers, services
from . import places
from .actors import owner_of
from .needing import Needs

ENOUGH = 32
"""Among how many suitable hosts the best one is chosen."""

KEPT = 8
"""Of how many of them the scores are kept with the claim."""


class Past(Struct, frozen=True):
    """The attempts before this one: hosts that refused, and why."""

    hosts: list[str] = []
    errors: list[str] = []


class Choice(Struct, frozen=True):
    """A host, and why: for the ledger's history."""

    host_id: str
    why: dict[str, Any]


async def choose(tx: Tx, server: Server, own: Sequence[Disk], needs: Needs, past: Past) -> Choice:
    """The best host now. Raises NoCapacity: how many hosts each constraint removed, and what the nearest one lacked."""
    group = await _company(tx, server)
    ask = ask_of(server)
    marks = await places.marks(tx)
    marked = {key for keys in marks.values() for key in keys}
    hard = [*await _own_constraints(tx, server, own, group), *filters.constraints(ask, marked), *await _unfit(tx, past)]
    known = await places.everywhere(tx, marks, filters.looks_closer(ask, marked)) if hard else []
    wanted = _wanted(ask, needs, hard, known)
    try:
        found = await claims.candidates(tx, wanted, limit=ENOUGH)
    except NoCapacity:
        raise await _refusal(tx, wanted, hard, known) from None
    pressure = await services.pressure(tx, [candidate.host_id for candidate in found])
    options = [
        weighers.Option(
            each.host_id, each.free, *pressure.get(each.host_id, (0, 0)), group.preference(each.host_id) if group else 0
        )
        for each in found
    ]
    weighed = weighers.weigh(options)
    return Choice(weighed[0].host_id, _why(weighed, options, hard))


async def _unfit(tx: Tx, past: Past) -> list[Constraint]:
    """Hosts that refused this server already, and those of which an operator says that they are down."""
    down, found = await services.forced_down(tx), []
    if past.hosts:
        found.append(filters.not_among("that refused before", past.hosts))
    if down:
        found.append(filters.not_among("forced down by an operator", down))
    return found


def ask_of(server: Server) -> Ask:
    """The server, as filters see it."""
    specs: dict[str, str] = server.flavor["extra_specs"]
    return Ask(server.project_id, server.pinned_zone, specs, server.image_properties, server.flavor["name"], server.hints)


def _wanted(ask: Ask, needs: Needs, hard: Sequence[Constraint], known: Sequence[Place]) -> claims.Wanted:
    required, forbidden = filters.traits(ask)
    allowed = None
    if hard:
        allowed = [place.host_id for place in known if all(constraint.passes(place) for constraint in hard)]
    return claims.Wanted(needs.resources, required=required, forbidden=forbidden, hosts=allowed, inside=needs.inside)


async def _refusal(tx: Tx, wanted: claims.Wanted, hard: Sequence[Constraint], known: Sequence[Place]) -> NoCapacity:
    """Our constraints first, each by name; then what placement says of the hosts that are left."""
    left, removed = list(known), []
    for constraint in hard:
        gone = [place.hostname for place in left if not constraint.passes(place)]
        left = [place for place in left if constraint.passes(place)]
        if gone:
            removed.append(claims.Removed(constraint.reason, len(gone), gone))
    rest = await claims.look(tx, wanted)
    unlisted = rest.removed[1:] if removed and rest.removed else rest.removed
    return claims.none_left(claims.Survey(rest.total, [*removed, *unlisted], rest.left))


def _why(weighed: Sequence[weighers.Weighed], options: Sequence[weighers.Option], hard: Sequence[Constraint]) -> dict[str, Any]:
    free = {option.host_id: option.free for option in options}
    return {
        "suitable": len(options),
        "more": len(options) >= ENOUGH,
        "constraints": [constraint.reason for constraint in hard],
        "hosts": [{**msgspec.to_builtins(each), "free": free[each.host_id]} for each in weighed[:KEPT]],
    }


async def _company(tx: Tx, server: Server) -> Company | None:
    """The server's group, with the hosts of the others; no other member is placed before this transaction ends."""
    group = await server_groups.of_server(tx, server.id) if "group" in server.hints else None
    if group is None:
        return None
    await server_groups.lock(tx, group.id)
    members = (await server_groups.members(tx, [group.id]))[group.id]
    return company(group, [host_id for server_id, host_id in members.items() if server_id != server.id])


async def _own_constraints(tx: Tx, server: Server, own: Sequence[Disk], group: Company | None) -> list[Constraint]:
    """What this server, its volumes and its group want of a host, beside its size."""
    found = []
    if server.destination is not None:
        to = msgspec.convert(server.destination, Destination)
        found.append(filters.among("not the host that was asked for", [to.host_id]))
    together, apart = (group.allowed(), group.excluded()) if group else (None, [])
    if together is not None:
        found.append(filters.among("away from the server's group, whose policy is affinity", together))
    if apart:
        found.append(filters.not_among("taken by the server's group, whose policy is anti-affinity", apart))
    same, different = _named(server, "same_host"), _named(server, "different_host")
    if same:
        found.append(filters.among("without the servers of the hint same_host", await servers.hosts_of(tx, same)))
    if different:
        found.append(filters.not_among("with a server of the hint different_host", await servers.hosts_of(tx, different)))
    for disk in own:
        if disk.volume_id is not None:
            host_id = (await volumes.get(tx, owner_of(server), disk.volume_id)).host_id
            found.append(filters.among(f"without the volume {disk.volume_id}", [host_id] if host_id else []))
    return found


def _named(server: Server, hint: str) -> list[str]:
    """The server ids that a scheduler hint names: one, or a list."""
    value = server.hints.get(hint, [])
    return [value] if isinstance(value, str) else [text for text in value if isinstance(text, str)]
