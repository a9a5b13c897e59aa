"""What is inside of hosts: cells and devices, and who holds them."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from ....kernel.db import Reader
from ....placement.operations import claims
from ....placement.operations import hosts as registry
from ....placement.operations.topology import looking
from ...rules.recount import CRITICAL, ERROR, Finding
from ...store import servers


class Holder(Struct, frozen=True):
    """Who holds a device or a processor; `name` is empty for a move, and for what is no server."""

    piece: str
    consumer_id: str
    name: str


class Inner(Struct, frozen=True):
    """One resource class of one provider below a host, or of processors of the host itself, with the pieces that are held."""

    provider: str
    resource_class: str
    total: int
    reserved: int
    used: int
    free: int
    traits: list[str]
    holders: list[Holder]


async def inside(tx: Reader, host_id: str) -> list[Inner]:
    """What is below a host, cells first."""
    tree = await looking.tree(tx, host_id)
    if tree is None:
        return []
    held = await looking.pieces_of(tx, host_id)
    names = {server.id: server.name for server in (await servers.many(tx, [piece.consumer_id for piece in held])).values()}
    holders: dict[tuple[str, str], list[Holder]] = defaultdict(list)
    for piece in held:
        who = Holder(piece.piece, piece.consumer_id, names.get(piece.consumer_id, ""))
        holders[piece.provider_id, piece.resource_class].append(who)
    found = []
    for node in [*tree.below, tree.host]:
        for name, now in sorted(node.figures.items()):
            if node is not tree.host or holders[node.provider_id, name]:
                figures = (now.total, now.kept, now.used, now.free)
                marks = [] if node is tree.host else sorted(node.traits)
                found.append(Inner(node.label, name, *figures, marks, holders[node.provider_id, name]))
    return sorted(found, key=lambda inner: (not inner.provider.startswith("NUMA"), inner.provider))


async def audit(tx: Reader) -> list[Finding]:
    """Recount what is below hosts: sums against what there is, pieces against claims and against what is there."""
    below = {provider.id: provider for provider in await looking.nested(tx)}
    figures = await claims.usages(tx, list(below))
    found = [
        _over(below[provider_id].name, name, now)
        for provider_id, classes in figures.items()
        for name, now in classes.items()
        if now.overcommitted
    ]
    there = {device.address for host in await registry.list(tx) for device in host.facts.devices}
    for piece in await looking.all_pieces(tx):
        if ":" in piece.piece and piece.piece not in there:
            what = f"device {piece.piece} is gone while {piece.consumer_id} has it"
            cause = "It failed, was taken out, or no device_spec names it any more."
            where = below[piece.provider_id].name if piece.provider_id in below else piece.provider_id
            found.append(Finding(ERROR, where, what, cause, f"cumulet explain server {piece.consumer_id}"))
    return found


def _over(provider: str, name: str, now: claims.Figures) -> Finding:
    what = f"{now.used} {name} are claimed, {now.capacity} may be (total {now.total}, kept {now.kept})"
    mend = f"cumulet explain host {provider.rpartition('_')[0]}"
    return Finding(CRITICAL, provider, what, "What the host has became less.", mend)
