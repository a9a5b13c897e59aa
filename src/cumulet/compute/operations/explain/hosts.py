"""Why a host is as full as it is: physical, reserved, sold, measured, and when a figure passed its limit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ....contract.agents import AgentRefused, Agents, Unreachable
from ....contract.commands import DescribeHost, Guest, Guests, HostFacts, ListGuests, PagePool
from ....kernel.db import Database, Reader
from ....kernel.errors import NotFound
from ....placement.operations import allocations
from ....placement.operations import hosts as registry
from ....placement.operations.claims import Figures
from ....placement.operations.hosts import Host
from ....placement.operations.ledger import grants, moves, past
from ....placement.operations.ledger.grants import Grant
from ....placement.operations.ledger.past import Transition
from ...model import Server
from ...rules.sizes import overhead_mb
from ...store import guests, servers
from .inside import Inner, inside

PATIENCE = 5.0
"""How long the agent may take to measure, in seconds. Without an answer the rest is explained."""


class Source(Struct, frozen=True):
    """Where a figure is from (host, default, config, api, grant, agent, measured), since when, and who or what set it; "" if that
    is older than the history."""

    figure: str
    source: str
    since: str
    by: str


class Line(Struct, frozen=True):
    """One resource class. `limit` is floor((total − reserved − unmanaged) × ratio). `own_use` is 0, or what the host itself was
    measured to use: if that is more than the reserve, it takes the reserve's place (M19).
    """

    resource_class: str
    total: int
    reserved: int
    unmanaged: int
    ratio: float
    limit: int
    used: int
    free: int
    sources: list[Source]
    own_use: int = 0


class Held(Struct, frozen=True):
    """One claim. `owner` is server, move or unknown.

    Memory in MiB: `guest_mb` is what the guest has, `overhead_mb` what QEMU may take beside it; `rss_mb` and `pss_mb` are measured,
    None if the guest does not run or the agent did not answer.
    """

    consumer_id: str
    owner: str
    name: str
    project_id: str
    resources: dict[str, int]
    guest_mb: int = 0
    overhead_mb: int = 0
    state: str = ""
    rss_mb: int | None = None
    pss_mb: int | None = None


class Passing(Struct, frozen=True):
    """A transition by which a figure passed its limit."""

    resource_class: str
    at: str
    cause: str
    request_id: str
    used_before: int
    limit_before: int
    used: int
    limit: int
    over_now: bool


class Physical(Struct, frozen=True):
    """Memory as the agent measured it just now, in MiB. `own_mb` is what neither a guest, a pool, the page cache nor nobody has."""

    memory_mb: int
    available_mb: int
    cached_mb: int
    pools_mb: int
    guests_mb: int
    own_mb: int
    pages: list[PagePool]


class HostExplained(Struct, frozen=True):
    """All about one host. `physical` is None if its agent did not answer.

    `history_since` is from when on every change of a claim is known one by one; before that ended claims are summed up.
    """

    host_id: str
    hostname: str
    alive: bool
    enabled: bool
    lines: list[Line]
    claims: list[Held]
    unmanaged: list[Guest]
    passings: list[Passing]
    grants: list[Grant]
    findings: list[str]
    physical: Physical | None
    history_since: str = ""
    inside: list[Inner] = []


async def explain(db: Database, agents: Agents, name: str) -> HostExplained:
    """Explain the host of this name or id. Raises NotFound."""
    async with db.read() as tx:
        host = await find(tx, name)
    measured, seen = await _measured(agents, host.id)
    async with db.read() as tx:
        figures, transitions = await past.figures(tx, host.id), await past.of_host(tx, host.id)
        held = await _held(tx, host.id, {guest.server_id: guest for guest in seen if guest.server_id})
        strangers = seen or [msgspec.convert(known, Guest) for known in await guests.unmanaged(tx, host.id)]
        known = {each.consumer_id for each in held}
        given = [grant for grant in await grants.everyone(tx, host.id) if grant.in_force(tx.stamp)]
        noticed = [f"{finding.since}: {finding.cause}" for finding in await registry.findings(tx, host.id)]
        return HostExplained(
            host.id,
            host.hostname,
            host.alive(tx.now),
            host.enabled,
            [_line(name, now, transitions) for name, now in sorted(figures.items(), key=_order)],
            held,
            [guest for guest in strangers if guest.server_id not in known],
            _passings(figures, transitions),
            given,
            [*host.findings, *noticed],
            _physical(measured, seen) if measured else None,
            past.whole_since(transitions),
            await inside(tx, host.id),
        )


async def find(tx: Reader, name: str) -> Host:
    """The host of this name or id. Raises NotFound."""
    found = await registry.find(tx, name)
    if found is None:
        found = next((host for host in await registry.list(tx) if host.id == name), None)
    if found is None:
        raise NotFound(f"Host {name} could not be found.")
    return found


async def _measured(agents: Agents, host_id: str) -> tuple[HostFacts | None, list[Guest]]:
    try:
        facts = await agents.send(host_id, DescribeHost(), timeout=PATIENCE)
        seen = await agents.send(host_id, ListGuests(), timeout=PATIENCE)
    except (AgentRefused, Unreachable):
        return None, []
    assert isinstance(facts, HostFacts)
    assert isinstance(seen, Guests)
    return facts, seen.guests


def _physical(facts: HostFacts, seen: Sequence[Guest]) -> Physical:
    pools = sum(pool.memory_mb for pool in facts.pages)
    resident = sum(guest.pss_mb or guest.rss_mb for guest in seen)
    own = max(0, facts.memory_mb - facts.free_memory_mb - pools - resident)
    return Physical(facts.memory_mb, facts.free_memory_mb, facts.cached_mb, pools, resident, own, facts.pages)


def _order(item: tuple[str, Figures]) -> tuple[bool, str]:
    """Memory first: it is what hosts run out of."""
    return "MEMORY" not in item[0], item[0]


def _line(name: str, now: Figures, transitions: Sequence[Transition]) -> Line:
    stated = {"total": now.total_source, "reserved": now.reserved_source, "ratio": now.ratio_source}
    sources = [_source(name, figure, source, transitions) for figure, source in stated.items()]
    if now.unmanaged:
        sources.append(_source(name, "unmanaged", "agent", transitions))
    if now.own_use:
        sources.append(_source(name, "own_use", "measured", transitions))
    sold = (now.ratio, now.capacity, now.used, now.free)
    return Line(name, now.total, now.reserved, now.unmanaged, *sold, sources, now.own_use)


def _source(name: str, figure: str, source: str, transitions: Sequence[Transition]) -> Source:
    setting = past.set_by(transitions, name, figure)
    return Source(figure, source, setting.at if setting else "", _by(setting) if setting else "")


def _by(transition: Transition) -> str:
    said = (transition.detail or {}).get("cause")
    return f"{transition.cause}: {said}" if said else transition.cause


async def _held(tx: Reader, host_id: str, seen: dict[str, Guest]) -> list[Held]:
    on_host = await allocations.on_provider(tx, host_id)
    under_way = {move.id: move for move in await moves.active(tx)}
    about = [under_way[consumer].consumer_id if consumer in under_way else consumer for consumer in on_host]
    known = await servers.many(tx, about)
    found = []
    for consumer_id, (resources, _) in on_host.items():
        move = under_way.get(consumer_id)
        server = known.get(move.consumer_id if move else consumer_id)
        if server is None:
            found.append(Held(consumer_id, "unknown", "", "", resources))
        elif move is not None:
            found.append(Held(consumer_id, "move", f"{move.kind} of {server.name}", server.project_id, resources))
        else:
            found.append(_of_server(server, resources, seen.get(server.id)))
    return sorted(found, key=lambda held: -held.resources.get("MEMORY_MB", 0))


def _of_server(server: Server, resources: dict[str, int], guest: Guest | None) -> Held:
    memory = server.flavor["ram"]
    awake = guest is not None and guest.rss_mb > 0
    return Held(
        server.id,
        "server",
        server.name,
        server.project_id,
        resources,
        memory,
        overhead_mb(server.flavor["vcpus"], memory),
        guest.state if guest else "",
        guest.rss_mb if guest and awake else None,
        (guest.pss_mb or None) if guest and awake else None,
    )


def _passings(figures: dict[str, Figures], transitions: Sequence[Transition]) -> list[Passing]:
    return [
        Passing(
            moment.resource_class,
            moment.transition.at,
            _by(moment.transition),
            moment.transition.request_id,
            moment.used_before,
            moment.capacity_before,
            moment.used,
            moment.capacity,
            figures[moment.resource_class].overcommitted if moment.resource_class in figures else False,
        )
        for moment in past.crossings(past.moments(figures, transitions))
    ]
