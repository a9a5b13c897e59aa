"""Hosts: what they are and hold, and what operators decide about them.

Placement knows hosts and their leases; compute adds a service with a number to each, and whether an operator forced it down.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...kernel.clock import Stamp
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, NotFound
from ...kernel.ids import new_uuid
from ...placement.operations import claims
from ...placement.operations import hosts as registry
from ...placement.operations.claims import Figures
from ...placement.operations.hosts import Host
from ..store import aggregates, services
from ..store.services import Resident, Service

__all__ = ["Known", "Load", "Resident"]


class Known(Struct, frozen=True):
    """A host with its service."""

    host: Host
    service: Service
    heard_at: Stamp

    def up(self, now: float) -> bool:
        """Whether its agent is heard and no operator says that it is down."""
        return self.host.alive(now) and not self.service.forced_down


class Load(Struct, frozen=True):
    """What is on a host: servers, and claims by resource class."""

    servers: list[Resident]
    claimed: dict[str, Figures]

    def used(self, resource_class: str) -> int:
        """How much is claimed, kept for the host itself, or taken by guests that nobody knows."""
        figures = self.claimed.get(resource_class)
        return figures.used + figures.kept + figures.unmanaged if figures else 0

    @property
    def busy(self) -> int:
        """How many servers something is being done to."""
        return sum(1 for server in self.servers if server.task is not None)


class Sizes(Struct, frozen=True):
    """Processors, memory in MiB, local disk in GiB."""

    vcpus: int
    ram: int
    disk: int


def total(sizes: Iterable[Sizes]) -> Sizes:
    """All of them together."""
    found = list(sizes)
    return Sizes(sum(one.vcpus for one in found), sum(one.ram for one in found), sum(one.disk for one in found))


async def number(tx: Tx, host_id: str) -> None:
    """Give a host that has registered a service and a number, unless it has them."""
    await services.ensure(tx, host_id, new_uuid())


async def index(tx: Reader) -> list[Known]:
    """Every host, in the order in which they came."""
    found = {host.id: host for host in await registry.list(tx)}
    return [_known(found[service.host_id], service) for service in await services.all_of_them(tx) if service.host_id in found]


def _known(host: Host, service: Service) -> Known:
    return Known(host, service, registry.heard_at(host))


async def named(tx: Reader, hostname: str) -> Known:
    """The host of this name. Raises NotFound."""
    host = await registry.find(tx, hostname)
    found = None if host is None else next((known for known in await index(tx) if known.host.id == host.id), None)
    if found is None:
        raise NotFound(f"Compute host {hostname} could not be found.")
    return found


async def loads(tx: Reader, host_ids: list[str]) -> dict[str, Load]:
    """What is on these hosts, in two statements."""
    claimed = await claims.usages(tx, host_ids)
    found = {host_id: Load([], claimed[host_id]) for host_id in host_ids}
    for server in await services.residents(tx, host_ids):
        found[server.host_id].servers.append(server)
    return found


async def residents(tx: Reader, host_ids: list[str]) -> dict[str, list[Resident]]:
    """The servers on these hosts."""
    found: dict[str, list[Resident]] = {host_id: [] for host_id in host_ids}
    for server in await services.residents(tx, host_ids):
        found[server.host_id].append(server)
    return found


async def by_project(tx: Reader, known: Known) -> dict[str, Sizes]:
    """How large the flavors of the servers on a host are together, for each project."""
    found: dict[str, list[Sizes]] = {}
    for project_id, flavor in await services.sizes(tx, known.host.id):
        found.setdefault(project_id, []).append(Sizes(flavor["vcpus"], flavor["ram"], flavor["disk"] + flavor["ephemeral"]))
    return {project_id: total(sizes) for project_id, sizes in found.items()}


async def set_enabled(tx: Tx, known: Known, enabled: bool, reason: str | None) -> None:
    """Whether new servers may be placed on a host, and why not."""
    await registry.set_enabled(tx, known.host.id, enabled, reason)


async def force_down(tx: Tx, known: Known, down: bool) -> None:
    """Say that a host is down, whatever its agent says: nothing is placed there. Or take that back."""
    await services.force_down(tx, known.host.id, down)


async def remove(tx: Tx, known: Known) -> None:
    """Remove a host for good; its agent is refused from then on. Raises Conflict while servers are on it."""
    host_id = known.host.id
    if await services.residents(tx, [host_id]):
        raise Conflict("Unable to delete compute service that is hosting instances. Migrate or delete the instances first.")
    await registry.retire(tx, host_id)
    for aggregate in await aggregates.of_hosts(tx, [host_id]):
        await aggregates.leave(tx, aggregate.id, host_id)
    await services.remove(tx, host_id)
