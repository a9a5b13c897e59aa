"""Why a server is where it is, what else was possible, and each step with its time."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....kernel import workflow
from ....kernel.db import Reader
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.workflow import Story
from ....placement.operations import claims
from ....placement.operations import hosts as registry
from ....placement.operations.ledger import moves, past
from ....placement.operations.ledger.moves import Move
from ....placement.operations.ledger.past import Transition
from ....placement.operations.topology import holding
from ....placement.operations.topology.holding import Holding
from ...model import Server
from ...rules.scheduling import filters
from ...rules.scheduling.filters import Ask
from ...store import servers
from ...workflows.steps.needing import Needs, cells_of, needs_of_server


class Possible(Struct, frozen=True):
    """Where the server could be placed now, beside its own claim: how many hosts each constraint removes, and which are left."""

    hosts: int
    removed: list[claims.Removed]
    left: list[str]


class ServerExplained(Struct, frozen=True):
    """All about where one server is. `why` is what was known when its host was chosen; host ids in it are named in `hosts`."""

    server_id: str
    name: str
    state: str
    host_id: str | None
    hostname: str | None
    claims: dict[str, dict[str, int]]
    epoch: int
    move: Move | None
    fault: dict[str, Any] | None
    why: dict[str, Any] | None
    hosts: dict[str, str]
    now: Possible
    history: list[Transition]
    workflows: list[Story]
    holding: Holding


async def explain(tx: Reader, name: str) -> ServerExplained:
    """Explain the server of this id, or the only one of this name. Raises NotFound, and Conflict if there are several."""
    server = await _find(tx, name)
    transitions = await past.of_consumer(tx, server.id)
    decided = [t.detail for t in transitions if t.kind == "claim" and t.detail is not None and "handed_by" not in t.detail]
    held = await claims.claims_of(tx, server.id)
    return ServerExplained(
        server.id,
        server.name,
        server.state,
        server.host_id,
        server.host_name,
        held,
        await claims.epoch(tx, server.id),
        await moves.of_server(tx, server.id),
        server.fault,
        decided[-1] if decided else None,
        {host.id: host.hostname for host in await registry.list(tx)},
        await _possible(tx, server, held),
        transitions,
        await workflow.stories(tx, "server", server.id),
        await holding.of_consumer(tx, server.id, server.host_id, cells_of(server)) if server.host_id else Holding(),
    )


async def _find(tx: Reader, name: str) -> Server:
    server = await servers.find_even_deleted(tx, name, None)
    if server is not None:
        return server
    found = await servers.called(tx, name)
    if not found:
        raise NotFound(f"Server {name} could not be found.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} servers are called {name}: {', '.join(found)}. Name one by its id.")
    server = await servers.find_even_deleted(tx, found[0], None)
    assert server is not None
    return server


async def _possible(tx: Reader, server: Server, held: dict[str, dict[str, int]]) -> Possible:
    resources, inside = await _needs(tx, server, next(iter(held.values()), {}))
    ask = Ask(server.project_id, server.pinned_zone, server.flavor["extra_specs"], server.image_properties)
    required, forbidden = filters.traits(ask)
    wanted = claims.Wanted(resources, required=required, forbidden=forbidden, excluded=list(held), inside=inside)
    found = await claims.look(tx, wanted)
    removed = [_own(each) for each in found.removed]
    return Possible(found.total, removed, found.left)


async def _needs(tx: Reader, server: Server, held: dict[str, int]) -> tuple[dict[str, int], claims.Inside]:
    """What it would need of a host now: as much of the host itself as it holds, if it holds something."""
    try:
        needs = await needs_of_server(tx, server)
    except Invalid:  # an alias of its flavor is not configured any more
        needs = Needs({"VCPU": server.flavor["vcpus"], "MEMORY_MB": server.flavor["ram"]}, claims.Inside())
    names = {*needs.resources, "DISK_GB"}
    return {name: amount for name, amount in held.items() if name in names} or needs.resources, needs.inside


def _own(removed: claims.Removed) -> claims.Removed:
    return claims.Removed("where it is", removed.count, removed.hosts) if removed.reason == "excluded" else removed
