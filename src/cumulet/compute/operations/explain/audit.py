"""A recount of every claim, quota and owner; and what a change of configuration would bring (C7), before it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ....kernel.clock import seconds
from ....kernel.db import Reader, Tx
from ....kernel.errors import Invalid
from ....placement.operations import claims
from ....placement.operations import hosts as registry
from ....placement.operations.claims import Figures
from ....placement.operations.ledger import moves, past
from ....placement.operations.topology import looking
from ...model import Usage
from ...rules import recount as rules
from ...rules.recount import CRITICAL, ERROR, WARNING, Audit, Claimed, Finding
from ...store import guests, quotas, servers
from . import inside

LONG_MOVE = 86400.0
"""After how many seconds a move that has not ended is worth a look."""

WHAT_IF = {
    f"{word}_{figure}": (resource_class, figure)
    for word, resource_class in (("memory", "MEMORY_MB"), ("vcpu", "VCPU"), ("disk", "DISK_GB"))
    for figure in ("reserved", "ratio")
}
"""What can be tried out: `memory_reserved` in MiB, `disk_reserved` in GiB, `vcpu_reserved`, and the three ratios."""


async def audit(tx: Reader, what_if: Mapping[str, float] | None = None) -> Audit:
    """Recount everything. With `what_if`, as if the configuration said so. Raises Invalid for what cannot be tried."""
    known = {server.id: server for server in await servers.everyone(tx)}
    names = {host.id: host.hostname for host in await registry.list(tx)}
    roots = {provider.id: provider.root_id for provider in await looking.nested(tx)}
    claimed = _claimed(await past.everything(tx), roots)
    under_way = await moves.active(tx)
    written = await quotas.usages(tx)
    figures = await claims.usages(tx, list(names))
    on_hosts = [claim for claim in claimed if claim.host_id in names]
    found = [
        *await _overcommitted(tx, figures, names),
        *_tried(figures, names, what_if or {}),
        *rules.owners(on_hosts, known, (move.id for move in under_way), names),
        *rules.places(known, claimed, (move.consumer_id for move in under_way), names),
        *rules.quotas(known.values(), written),
        *await inside.audit(tx),
        *_hungry(figures, names),
        *_long(tx, under_way, names),
        *await _strangers(tx, names),
    ]
    return Audit(len(names), len(known), len(claimed), len(written), rules.in_order(found))


async def recount(tx: Tx, project_id: str) -> Usage:
    """Set what a project is charged to what its servers use; what that is."""
    written = await quotas.grow(tx, project_id, Usage())  # from here on nobody else changes it
    own = [server.flavor for server in await servers.everyone(tx) if server.project_id == project_id]
    true = Usage(len(own), sum(flavor["vcpus"] for flavor in own), sum(flavor["ram"] for flavor in own))
    change = Usage(true.servers - written.servers, true.cores - written.cores, true.ram - written.ram)
    return await quotas.grow(tx, project_id, change)


def _claimed(rows: Iterable[past.Claim], roots: Mapping[str, str]) -> list[Claimed]:
    """What each consumer holds of each host; `roots` are the hosts of the providers below them."""
    found: dict[tuple[str, str], Claimed] = {}
    for row in rows:
        host_id = roots.get(row.provider_id, row.provider_id)
        known = found.setdefault((row.consumer_id, host_id), Claimed(row.consumer_id, host_id, {}))
        known.resources[row.resource_class] = known.resources.get(row.resource_class, 0) + row.amount
    return list(found.values())


async def _overcommitted(tx: Reader, figures: Mapping[str, dict[str, Figures]], names: Mapping[str, str]) -> list[Finding]:
    found = []
    for host_id, classes in figures.items():
        over = {name: now for name, now in classes.items() if now.overcommitted}
        if not over:
            continue
        crossings = past.crossings(past.moments(classes, await past.of_host(tx, host_id)))
        causes = {crossing.resource_class: crossing for crossing in reversed(crossings)}
        for name, now in over.items():
            cause = causes.get(name)
            since = f"since {cause.transition.at}: {_said(cause.transition)}" if cause else "since before the history begins"
            what = f"{now.used} {name} are claimed, {now.capacity} may be (total {now.total}, kept {now.kept}"
            what += f", unmanaged {now.unmanaged}, ratio {now.ratio:g})"
            mend = f"cumulet explain host {names[host_id]}"
            found.append(Finding(CRITICAL, f"host {names[host_id]}", what, since, mend))
    return found


def _said(transition: past.Transition) -> str:
    return f"{transition.cause} {(transition.detail or {}).get('cause', '')}".strip()


def _tried(figures: Mapping[str, dict[str, Figures]], names: Mapping[str, str], what_if: Mapping[str, float]) -> list[Finding]:
    unknown = sorted(set(what_if) - set(WHAT_IF))
    if unknown:
        raise Invalid(f"{', '.join(unknown)} cannot be tried; {', '.join(sorted(WHAT_IF))} can.")
    found = []
    for option, value in what_if.items():
        name, figure = WHAT_IF[option]
        for host_id, classes in figures.items():
            now = classes.get(name)
            if now is None or (now.reserved_source if figure == "reserved" else now.ratio_source) in ("api", "grant"):
                continue  # what the API has set does not follow the configuration
            reserved, ratio = (value, now.ratio) if figure == "reserved" else (now.reserved, value)
            limit = math.floor((now.total - max(reserved, now.own_use) - now.unmanaged) * ratio)
            if now.used > limit:
                what = f"with {option} = {value:g} there would be {now.used} {name} claimed of {limit}: {now.used - limit} too many"
                mend = f"move servers away from {names[host_id]} first: cumulet explain host {names[host_id]}"
                found.append(Finding(WARNING, f"host {names[host_id]}", what, f"what if {option} = {value:g}", mend))
    return found


def _hungry(figures: Mapping[str, dict[str, Figures]], names: Mapping[str, str]) -> list[Finding]:
    """Hosts that use more memory for themselves than is reserved (M19): what they use counts as their reserve meanwhile."""
    found = []
    for host_id, classes in figures.items():
        memory = classes.get("MEMORY_MB")
        if memory is None or memory.own_use <= memory.reserved:
            continue
        what = f"{memory.own_use} MiB of memory are the host's own use, {memory.reserved} are reserved: {memory.own_use} are kept"
        cause = (
            f"measured since {memory.own_use_at}; the reserve ({memory.reserved_source}) is smaller than what the host itself uses"
        )
        mend = f"reserved_memory_mb = {memory.own_use} in the configuration; cumulet explain host {names[host_id]}"
        found.append(Finding(WARNING, f"host {names[host_id]}", what, cause, mend))
    return found


def _long(tx: Reader, under_way: Iterable[moves.Move], names: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            WARNING,
            f"move {move.id}",
            f"{move.kind} of {move.consumer_id} from {names.get(move.source_id)} to {names.get(move.target_id)} has not ended",
            f"begun {move.begun_at}",
            f"cumulet explain server {move.consumer_id}",
        )
        for move in under_way
        if tx.now - seconds(move.begun_at) > LONG_MOVE
    ]


async def _strangers(tx: Reader, names: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            ERROR if guest.get("server_id") else WARNING,
            f"guest {guest['name']} on {names.get(host.host_id, host.host_id)}",
            f"runs without a claim: {guest['memory_mb']} MiB, {guest['vcpus']} processors",
            "It is the guest of a server that is not on this host." if guest.get("server_id") else "It was started by hand.",
            f"on {names.get(host.host_id, host.host_id)}: virsh shutdown {guest['name']}",
        )
        for host in await guests.all_unmanaged(tx)
        for guest in host.guests
        if guest["state"] != "shutdown" and host.host_id in names
    ]


__all__ = ["WHAT_IF", "Audit", "Finding", "audit", "recount"]
