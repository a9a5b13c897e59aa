"""Host aggregates, and the availability zones that they make.

A host is in one zone: that of the one aggregate with a zone it is in, or the default one. Its servers stay in their zone, so
nothing that would move a host with servers to another zone is done. Placement is told who is in which aggregate.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from ...kernel.db import Duplicate, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.ids import new_uuid
from ...placement.operations import aggregates as memberships
from ...placement.operations import hosts as registry
from ...placement.operations.hosts import Host
from ..model import Aggregate
from ..store import aggregates, services

__all__ = ["Aggregate", "Described"]
DEFAULT_ZONE = "nova"
ZONE = "availability_zone"


class Described(Struct, frozen=True):
    """An aggregate with its hosts."""

    aggregate: Aggregate
    hosts: list[Host]

    @property
    def host_ids(self) -> list[str]:
        """The hosts' ids."""
        return [host.id for host in self.hosts]


async def index(tx: Reader) -> list[Described]:
    """Every aggregate."""
    members, known = await aggregates.hosts(tx), await registry.list(tx)
    return [
        Described(aggregate, [host for host in known if host.id in members.get(aggregate.id, ())])
        for aggregate in await aggregates.all_of_them(tx)
    ]


async def get(tx: Reader, sequence: int) -> Described:
    """One aggregate. Raises NotFound."""
    found = next((described for described in await index(tx) if described.aggregate.sequence == sequence), None)
    if found is None:
        raise NotFound(f"Aggregate {sequence} could not be found.")
    return found


async def _held(tx: Tx, sequence: int) -> Described:
    """`get`, and until the transaction ends nobody else changes any aggregate: a host's zone is a matter of all of its."""
    await tx.hold("aggregates")
    return await get(tx, sequence)


async def create(tx: Tx, name: str, zone: str | None) -> Aggregate:
    """A new aggregate without hosts. Raises Conflict if the name is taken."""
    aggregate_id = new_uuid()
    try:
        await aggregates.add(tx, aggregate_id, name, {ZONE: zone} if zone else {})
    except Duplicate:
        raise _taken(name) from None
    made = await aggregates.find_by_id(tx, aggregate_id)
    assert made is not None
    return made


def _taken(name: str) -> Conflict:
    return Conflict(f"Aggregate {name} already exists.")


async def change(tx: Tx, sequence: int, name: str | None, marks: dict[str, str | None]) -> Described:
    """Rename an aggregate, and set metadata; None takes a key away. Raises NotFound, Conflict, Invalid."""
    found = await _held(tx, sequence)
    if ZONE in marks:
        await _check_zone(tx, found, marks[ZONE])
    aggregate = found.aggregate
    merged = {key: value for key, value in {**aggregate.metadata, **marks}.items() if value is not None}
    try:
        await aggregates.save(tx, replace(aggregate, name=name or aggregate.name, metadata=merged))
    except Duplicate:
        raise _taken(name or "") from None
    if ZONE in marks:
        await _settle(tx, found.host_ids)
    return await get(tx, sequence)


async def _check_zone(tx: Reader, found: Described, zone: str | None) -> None:
    aggregate = found.aggregate
    if not zone:
        raise _cannot("update", aggregate, f"Aggregate {aggregate.name} does not support empty named availability zone")
    others = await _other_zones(tx, aggregate, found.host_ids) - {zone}
    if others:
        raise _cannot("update", aggregate, f"One or more hosts already in availability zone(s) {sorted(others)}")
    if zone != aggregate.zone and await services.residents(tx, found.host_ids):
        raise _cannot("update", aggregate, "One or more hosts contain instances in this zone")


async def _other_zones(tx: Reader, aggregate: Aggregate, host_ids: list[str]) -> set[str]:
    """The zones that other aggregates make for these hosts."""
    others = await aggregates.of_hosts(tx, host_ids)
    return {other.zone for other in others if other.zone is not None and other.id != aggregate.id}


def _cannot(what: str, aggregate: Aggregate, why: str) -> Invalid:
    return Invalid(f"Cannot {what} aggregate {aggregate.sequence}. Reason: {why}.")


async def _settle(tx: Tx, host_ids: list[str]) -> None:
    """Put hosts into the zones that their aggregates make."""
    for host_id in host_ids:
        zones = [aggregate.zone for aggregate in await aggregates.of_hosts(tx, [host_id]) if aggregate.zone is not None]
        await registry.set_zone(tx, host_id, zones[0] if zones else DEFAULT_ZONE)


async def add_host(tx: Tx, sequence: int, hostname: str) -> Described:
    """Put a host into an aggregate. Raises NotFound, and Conflict if it is there or if its zone cannot change."""
    host = await _host(tx, hostname)
    found = await _held(tx, sequence)
    aggregate = found.aggregate
    if host.id in found.host_ids:
        raise Conflict(f"Aggregate {sequence} already has host {hostname}.")
    if aggregate.zone is not None:
        others = await _other_zones(tx, aggregate, [host.id]) - {aggregate.zone}
        if others:
            raise Conflict(
                f"Cannot add host to aggregate {sequence}. Reason: The host is in availability zone {sorted(others)[0]}."
            )
        await _stay(tx, host, aggregate.zone, f"Cannot add host to aggregate {sequence}")
    await aggregates.join(tx, aggregate.id, host.id)
    await _tell(tx, host)
    return await get(tx, sequence)


async def remove_host(tx: Tx, sequence: int, hostname: str) -> Described:
    """Take a host out of an aggregate. Raises NotFound, and Conflict if its zone cannot change."""
    found = await _held(tx, sequence)
    host = next((host for host in found.hosts if host.hostname == hostname), None)
    if host is None:
        raise NotFound(f"Cannot remove host {hostname} in aggregate {sequence}")
    if found.aggregate.zone is not None:
        others = await _other_zones(tx, found.aggregate, [host.id])
        await _stay(tx, host, next(iter(others), None), f"Cannot remove host from aggregate {sequence}")
    await aggregates.leave(tx, found.aggregate.id, host.id)
    await _tell(tx, host)
    return await get(tx, sequence)


async def _host(tx: Reader, hostname: str) -> Host:
    host = await registry.find(tx, hostname)
    if host is None:
        raise NotFound(f"Compute host {hostname} could not be found.")
    return host


async def _stay(tx: Reader, host: Host, zone: str | None, what: str) -> None:
    """Raise Conflict if a host would change its zone to `zone` (None: the default one) while servers are on it."""
    count = len(await services.residents(tx, [host.id]))
    zones = [aggregate.zone for aggregate in await aggregates.of_hosts(tx, [host.id]) if aggregate.zone is not None]
    before = zones[0] if zones else None
    if count and before != zone:
        why = f"The availability zone of the host would change from '{before}' to '{zone}', but {count} instance(s) are on it"
        raise Conflict(f"{what}. Reason: {why}.")


async def _tell(tx: Tx, host: Host) -> None:
    """Let placement know which aggregates a host is in, and which zone."""
    ours = {aggregate.id for aggregate in await aggregates.all_of_them(tx)}
    mine = {aggregate.id for aggregate in await aggregates.of_hosts(tx, [host.id])}
    before = set(await memberships.of_provider(tx, host.id))
    await memberships.put(tx, host.id, sorted((before - ours) | mine))
    await _settle(tx, [host.id])


async def delete(tx: Tx, sequence: int) -> None:
    """Delete an aggregate. Raises NotFound, and Invalid while hosts are in it."""
    found = await _held(tx, sequence)
    if found.hosts:
        raise _cannot("delete", found.aggregate, "Host aggregate is not empty")
    await aggregates.remove(tx, found.aggregate.id)
