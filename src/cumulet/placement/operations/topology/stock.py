"""The providers below a host follow what its agent reports. What is claimed stays, also of what is gone (C7)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ....contract.commands import HostFacts
from ....kernel.db import Reader, Tx
from ...model import Figures, Finding, Piece, Provider
from ...store import hosts, inventories, providers
from ...store import traits as marks
from ...store.topology import pieces
from ...topology.stock import Child, cells_of, child_id, children, labels
from .. import classes, overcommit, traits
from ..providers import remove


async def below(tx: Reader, host_id: str) -> dict[str, Provider]:
    """The providers below a host that follow what it reports, by label. Those that somebody made by the API are not its own."""
    host = await hosts.find(tx, host_id)
    return await _own(tx, host_id, labels(host.facts)) if host else {}


async def _own(tx: Reader, host_id: str, known: Mapping[str, str]) -> dict[str, Provider]:
    """By label, which `known` has by id; what is gone from the facts is known by where its figures are from."""
    found = await providers.below(tx, host_id)
    figures = await inventories.figures(tx, [provider.id for provider in found]) if found else {}
    return {
        known.get(provider.id) or provider.name.rpartition("_")[2]: provider
        for provider in found
        if provider.id in known or any(now.total_source == "host" for now in figures[provider.id].values())
    }


async def take(tx: Tx, facts: HostFacts, cause: str) -> None:
    """Let the providers below a host be what it has. The caller has written the host's own inventory."""
    known = await _own(tx, facts.host_id, labels(facts))
    if not known and not facts.devices and not cells_of(facts):
        return
    ids = [child.id for child in known.values()]
    held = await pieces.of_providers(tx, ids)
    memory = (await inventories.of_provider(tx, facts.host_id)).get("MEMORY_MB")
    pieces_held = {(piece.provider_id, piece.piece) for piece in held}
    wanted = {child.label: child for child in children(facts, memory, pieces_held, tx.stamp)}
    root = await providers.find(tx, facts.host_id)
    assert root is not None
    has = await marks.of_providers(tx, ids)
    for child in wanted.values():
        provider = await _provider(tx, root, child, known.get(child.label))
        await _put(tx, provider, child, cause)
        if set(has.get(provider.id, [])) != child.traits:
            await _mark(tx, provider, child)
    figures = await inventories.figures(tx, ids)
    for label in known.keys() - wanted.keys():
        await _let_go(tx, known[label], figures[known[label].id], f"{label} is gone. {cause}")
    await _miss(tx, facts, held)


async def _provider(tx: Tx, root: Provider, child: Child, known: Provider | None) -> Provider:
    name = f"{root.name}_{child.label}"
    holder = await providers.find_by_name(tx, name) if known is None or known.name != name else known
    if holder is not None and holder.id != child_id(root.id, child.label):
        name = f"{root.name}_{root.id}_{child.label}"
    if known is None:
        known = Provider(child_id(root.id, child.label), name, 0, root.id, root.id, tx.stamp, tx.stamp)
        await providers.add(tx, known)
    elif known.name != name:
        await providers.rename(tx, known.id, name)
    return known


async def _put(tx: Tx, provider: Provider, child: Child, cause: str) -> None:
    """What the API has set stays; a class that is not there any more has nothing, or is gone if nobody claims it."""
    known = await inventories.of_provider(tx, provider.id)
    wanted = {new.resource_class: new for new in child.inventories}
    for name in known.keys() - wanted.keys():
        wanted[name] = msgspec.structs.replace(known[name], total=0, updated_at=tx.stamp)
    changed = [
        new
        for name, new in wanted.items()
        if name not in known
        or (known[name].total_source == "host" and msgspec.structs.replace(known[name], updated_at=new.updated_at) != new)
    ]
    if not changed:
        return
    for new in changed:
        await classes.ensure(tx, new.resource_class)
    await providers.touch(tx, provider.id)
    async with overcommit.watch(tx, provider.id, cause):
        await inventories.put(tx, changed)


async def _mark(tx: Tx, provider: Provider, child: Child) -> None:
    for name in child.traits:
        if name.startswith("CUSTOM_"):
            await traits.ensure(tx, name)
    await marks.report(tx, provider.id, child.traits)


async def _let_go(tx: Tx, provider: Provider, figures: Mapping[str, Figures], cause: str) -> None:
    """Remove a provider that is gone, unless somebody claims of it: then it has nothing more to give."""
    if not any(now.used for now in figures.values()):
        await remove(tx, provider.id)
    elif any(now.total for now in figures.values()):
        known = await inventories.of_provider(tx, provider.id)
        await providers.touch(tx, provider.id)
        async with overcommit.watch(tx, provider.id, cause):
            await inventories.put(tx, [msgspec.structs.replace(old, total=0, updated_at=tx.stamp) for old in known.values()])


async def _miss(tx: Tx, facts: HostFacts, held: list[Piece]) -> None:
    """Devices that are gone while somebody has them, each told once."""
    there = {device.address for device in facts.devices}
    gone = [piece for piece in held if ":" in piece.piece and piece.piece not in there]
    if not gone:
        return
    told = {finding.cause for finding in await hosts.findings(tx, facts.host_id)}
    for piece in gone:
        cause = f"Device {piece.piece} is gone while {piece.consumer_id} has it."
        if cause not in told:
            await hosts.add_finding(tx, Finding(facts.host_id, piece.resource_class, tx.stamp, cause, 1, 0))


async def retire(tx: Tx, host_id: str) -> None:
    """Remove the providers below a host that nothing claims from."""
    for provider in await providers.below(tx, host_id):
        await remove(tx, provider.id)
