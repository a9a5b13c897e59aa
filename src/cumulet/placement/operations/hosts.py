"""The registry of hosts (C8): a host is an id, its hardware, and the lease of one agent.

Its id is that of its root provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ...contract.commands import Cell, HostFacts, PagePool
from ...contract.reports import Ack, Heartbeat, Register, Rejected, Welcome
from ...kernel import ids
from ...kernel.clock import Stamp, seconds, stamp
from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, NotFound
from ..model import Finding, Host, Provider, Seat, Standing
from ..rules import LEASE, PAGES, Initial, host_inventory, host_traits, lookalikes, pages_class, refusal
from ..store import claims, consumers, inventories, providers, traits
from ..store import hosts as store
from . import classes, overcommit
from .ledger import own_use
from .providers import remove
from .topology import stock as topology

Hosts = list[Host]
Standings = list[Standing]
Findings = list[Finding]


async def register(tx: Tx, register: Register, initial: Initial = Initial()) -> Welcome | Rejected:
    """An agent has started: give it the host's lease, or say why not (C8, F7).

    On first sight the host gets a provider with inventory; later, what the API has not set follows the facts and
    `initial`. A change that leaves more claimed than there is becomes a finding (C7). The counter grows with each registration.
    """
    facts = register.facts
    known = await store.find(tx, facts.host_id)
    rejected = refusal(known, register, tx.now)
    if rejected is not None:
        return rejected
    host = _registered(known, register, tx)
    if known is None:
        name = await _free_name(tx, facts)
        await providers.add(tx, Provider(host.id, name, 0, None, host.id, tx.stamp, tx.stamp))
        await store.add(tx, host, ids.secret_bytes(32))
    else:
        await _rename(tx, known, facts)
        await store.register(tx, host)
    await _note_lookalikes(tx, facts)
    await _take_stock(
        tx, facts, initial, f"The host registered with {facts.memory_mb} MiB, {facts.vcpus} CPUs, {facts.disk_gb} GiB."
    )
    tx.signal("hosts", host.id)
    return Welcome((await seat(tx, host.id)).claim_key, host.counter, host.lease_until)


async def readmit(tx: Tx, register: Register, seen: Mapping[str, int]) -> int:
    """The database is older than a host (F7): from now on its agent may register again, and may be sent commands.

    `seen` are the highest epochs that the host has seen, by consumer: a database that has gone back does not know them, and an
    agent refuses a lower one. Returns how many consumers have another epoch now. A host that is not known is known afterwards.
    """
    facts, known = register.facts, await store.find(tx, register.facts.host_id)
    if known is not None:
        counter, lease = max(known.counter, register.last_counter), max(known.lease_until, register.last_lease)
        await store.catch_up(tx, known.id, counter, lease)
    else:
        await providers.add(tx, Provider(facts.host_id, await _free_name(tx, facts), 0, None, facts.host_id, tx.stamp, tx.stamp))
        lease = max(tx.stamp, register.last_lease)
        new = msgspec.structs.replace(_registered(None, register, tx), counter=register.last_counter, lease_until=lease)
        await store.add(tx, new, ids.secret_bytes(32))
    return sum([await consumers.catch_up(tx, consumer_id, epoch) for consumer_id, epoch in seen.items()])


def _registered(known: Host | None, register: Register, tx: Tx) -> Host:
    facts, until = register.facts, stamp(tx.now + LEASE)
    if known is None:
        who = (facts.host_id, facts.hostname, facts.fingerprint)
        return Host(*who, facts, True, None, until, register.instance, 1, tx.stamp)
    return msgspec.structs.replace(
        known,
        hostname=facts.hostname,
        fingerprint=facts.fingerprint,
        facts=facts,
        lease_until=until,
        instance=register.instance,
        counter=known.counter + 1,
    )


async def _free_name(tx: Reader, facts: HostFacts) -> str:
    """Provider names are unique on the wire, hostnames need not be."""
    holder = await providers.find_by_name(tx, facts.hostname)
    return facts.hostname if holder is None or holder.id == facts.host_id else f"{facts.hostname}-{facts.host_id}"


async def _rename(tx: Tx, known: Host, facts: HostFacts) -> None:
    if known.hostname != facts.hostname:
        await providers.rename(tx, known.id, await _free_name(tx, facts))


async def _note_lookalikes(tx: Tx, facts: HostFacts) -> None:
    told = {finding.cause for finding in await store.findings(tx, facts.host_id)}
    for cause in lookalikes(facts, await store.alike(tx, facts.fingerprint, facts.hostname)):
        if cause not in told:
            await store.add_finding(tx, Finding(facts.host_id, "", tx.stamp, cause, 0, 0))


async def _take_stock(tx: Tx, facts: HostFacts, initial: Initial, cause: str) -> None:
    known = await inventories.of_provider(tx, facts.host_id)
    wanted = host_inventory(facts, initial, known, tx.stamp)
    changed = [new for new in wanted if _differs(new, known.get(new.resource_class))]
    for pool in (new.resource_class for new in changed if new.resource_class.startswith(PAGES)):
        await classes.ensure(tx, pool)
    if changed:
        await providers.touch(tx, facts.host_id)
        async with overcommit.watch(tx, facts.host_id, cause):
            await inventories.put(tx, changed)
    await traits.report(tx, facts.host_id, host_traits(facts))
    await topology.take(tx, facts, cause)


def _differs(new: msgspec.Struct, old: msgspec.Struct | None) -> bool:
    return old is None or msgspec.structs.replace(old, updated_at="") != msgspec.structs.replace(new, updated_at="")


async def configure(tx: Tx, initial: Initial) -> None:
    """The configuration has changed: every inventory follows it, except what the API set.

    Call it when the control plane starts (M5).
    """
    for host in await store.everyone(tx):
        await _take_stock(tx, host.facts, initial, "The configuration of ratios and reserves changed.")


async def heartbeat(tx: Tx, heartbeat: Heartbeat, initial: Initial = Initial()) -> Ack | Rejected:
    """Renew the lease for LEASE seconds, and note free figures and findings; huge pages that were set aside meanwhile (M4); and
    what the host itself uses (M19).

    Rejected unless this agent process holds the host.
    """
    until = stamp(tx.now + LEASE)
    if await store.beat(tx, heartbeat, until):
        facts = (await get(tx, heartbeat.host_id)).facts
        if heartbeat.pages is not None:
            facts = await _recount(tx, facts, heartbeat, initial)
        await own_use.note(tx, facts, heartbeat)
        return Ack(until)
    host = await store.find(tx, heartbeat.host_id)
    if host is None:
        return Rejected("unknown_host", f"Host {heartbeat.host_id} is not registered here, or was retired.")
    return Rejected("duplicate_identity", f"Another agent has registered as host {host.id}; its lease ends at {host.lease_until}.")


async def _recount(tx: Tx, facts: HostFacts, heartbeat: Heartbeat, initial: Initial) -> HostFacts:
    """What can change without a registration: huge pages, cells, devices. The facts then."""
    pages = facts.pages if heartbeat.pages is None else heartbeat.pages
    cells = facts.cells if heartbeat.cells is None else heartbeat.cells
    devices = facts.devices if heartbeat.devices is None else heartbeat.devices
    changes = [
        text
        for text, changed in (
            (f"Huge pages were set aside or given back: {_listed(pages)}.", _sizes(pages) != _sizes(facts.pages)),
            ("NUMA cells changed.", [_still(cell) for cell in cells] != [_still(cell) for cell in facts.cells]),
            (f"Devices came or went: {len(devices)} now.", devices != facts.devices),
        )
        if changed
    ]
    if changes:
        facts = msgspec.structs.replace(facts, pages=[*pages], cells=[*cells], devices=[*devices])
        await store.set_facts(tx, facts.host_id, facts)
        await _take_stock(tx, facts, initial, " ".join(changes))
    elif devices:  # one that was kept for a claim may be free now
        await topology.take(tx, facts, "A claim was given up.")
    return facts


def _sizes(pages: Sequence[PagePool]) -> dict[int, int]:
    return {pool.size_kb: pool.total for pool in pages}


def _still(cell: Cell) -> Cell:
    """A cell without what changes all the time."""
    return msgspec.structs.replace(cell, pages=[msgspec.structs.replace(pool, free=0) for pool in cell.pages])


def _listed(pages: Sequence[PagePool]) -> str:
    return ", ".join(f"{pool.total} of {pool.size_kb} KiB" for pool in pages) or "there are none now"


async def set_unmanaged(tx: Tx, host_id: str, taken: dict[str, int], cause: str) -> None:
    """What guests that nobody knows have taken of a host, by resource class (C9): so much less can be claimed.

    What is claimed stays; if it does not fit any more, that is a finding (C7). Raises NotFound.
    """
    figures = await inventories.figures(tx, [host_id])
    changed = {name: taken.get(name, 0) for name, now in figures[host_id].items() if now.unmanaged != taken.get(name, 0)}
    if not changed:
        return
    if await providers.touch(tx, host_id) is None:
        raise NotFound(f"Host {host_id} could not be found.")
    async with overcommit.watch(tx, host_id, cause):
        for name, amount in changed.items():
            await inventories.set_unmanaged(tx, host_id, name, amount)


async def get(tx: Reader, host_id: str) -> Host:
    """One host. Raises NotFound."""
    host = await store.find(tx, host_id)
    if host is None:
        raise NotFound(f"Host {host_id} could not be found.")
    return host


async def find(tx: Reader, hostname: str) -> Host | None:
    """The host of this name; of several the one whose lease ends last."""
    return await store.find_by_hostname(tx, hostname)


async def list(tx: Reader) -> Hosts:
    """Every host, dead or alive, by name."""
    return await store.everyone(tx)


async def standings(tx: Reader) -> Standings:
    """Every host, with just what tells whether it is up."""
    return await store.standings(tx)


async def alive(tx: Reader) -> Hosts:
    """Every host whose agent holds its lease now."""
    return await store.alive(tx)


async def seat(tx: Reader, host_id: str) -> Seat:
    """What a server that comes to a host has to know of it, without its facts. Raises NotFound."""
    found = await store.seat(tx, host_id)
    if found is None:
        raise NotFound(f"Host {host_id} could not be found.")
    return found


async def set_enabled(tx: Tx, host_id: str, enabled: bool, reason: str | None) -> None:
    """Whether new servers may be placed there. Claims by force are not affected. Raises NotFound."""
    if not await store.set_enabled(tx, host_id, enabled, reason):
        raise NotFound(f"Host {host_id} could not be found.")
    tx.signal("hosts", host_id)


async def set_zone(tx: Tx, host_id: str, zone: str) -> None:
    """Put a host into an availability zone. Raises NotFound."""
    if not await store.set_zone(tx, host_id, zone):
        raise NotFound(f"Host {host_id} could not be found.")
    tx.signal("hosts", host_id)


def heard_at(host: Host) -> Stamp:
    """When its agent was heard last."""
    return stamp(seconds(host.lease_until) - LEASE)


async def accept_hardware(tx: Tx, host_id: str) -> None:
    """The host's hardware was replaced: its next registration says what it is now. Raises NotFound."""
    if not await store.forget_hardware(tx, host_id):
        raise NotFound(f"Host {host_id} could not be found.")


async def findings(tx: Reader, host_id: str) -> Findings:
    """What the registry noticed about a host, oldest first: the changes that left more claimed than it has (C7), and
    lookalikes.
    """
    return await store.findings(tx, host_id)


async def retire(tx: Tx, host_id: str) -> None:
    """Remove a host for good; its agent, if it still runs, is refused from then on.

    Raises NotFound, and Conflict while it holds claims.
    """
    await get(tx, host_id)
    held = await claims.holders(tx, [host_id, *(child.id for child in await providers.below(tx, host_id))])
    if held:
        raise Conflict(f"Host {host_id} cannot be retired: {held} consumers hold claims on it.")
    await store.remove(tx, host_id)
    await topology.retire(tx, host_id)
    await remove(tx, host_id)
    tx.signal("hosts", host_id)


__all__ = [
    "Finding",
    "Host",
    "Initial",
    "Seat",
    "Standing",
    "accept_hardware",
    "alive",
    "configure",
    "find",
    "findings",
    "get",
    "heard_at",
    "heartbeat",
    "list",
    "pages_class",
    "readmit",
    "register",
    "retire",
    "seat",
    "set_enabled",
    "set_unmanaged",
    "set_zone",
    "standings",
]
