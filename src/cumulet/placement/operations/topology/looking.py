"""What is inside of hosts now: for fitting something in, and for those who want to know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ....kernel.db import Reader
from ...model import Piece, Provider
from ...store import hosts, inventories, providers, traits
from ...store.topology import pieces
from ...topology.stock import labels as labels_of
from ...topology.tree import Node, Tree


async def trees(tx: Reader, host_ids: list[str]) -> dict[str, Tree]:
    """Hosts with what is below them, in five statements for any number of hosts; those that are not known are left out."""
    known = {host.id: host for host in await hosts.among_ids(tx, host_ids)}
    members = await providers.in_trees(tx, list(known))
    ids = [provider.id for provider in members]
    figures = await inventories.figures(tx, ids)
    marks = await traits.of_providers(tx, ids)
    held = _by_tree(members, await pieces.of_providers(tx, ids))
    nodes: dict[str, list[Node]] = defaultdict(list)
    labels = {identity: label for host in known.values() for identity, label in labels_of(host.facts).items()}
    for provider in members:
        label = "" if provider.id == provider.root_id else labels.get(provider.id, provider.name)
        nodes[provider.root_id].append(Node(provider.id, label, figures[provider.id], frozenset(marks[provider.id])))
    return {host_id: Tree(host.facts, nodes[host_id], held[host_id]) for host_id, host in known.items()}


async def tree(tx: Reader, host_id: str) -> Tree | None:
    """One host with what is below it."""
    return (await trees(tx, [host_id])).get(host_id)


async def nested(tx: Reader) -> list[Provider]:
    """Every provider that is below another one."""
    return await providers.nested(tx)


async def pieces_of(tx: Reader, host_id: str) -> list[Piece]:
    """Which devices and processors of a host are held, and by whom."""
    return await pieces.of_providers(tx, [provider.id for provider in await providers.in_trees(tx, [host_id])])


async def all_pieces(tx: Reader) -> list[Piece]:
    """Every piece that is held anywhere: for a recount."""
    return await pieces.everything(tx)


def _by_tree(members: Iterable[Provider], held: Iterable[Piece]) -> dict[str, list[Piece]]:
    roots = {provider.id: provider.root_id for provider in members}
    found: dict[str, list[Piece]] = defaultdict(list)
    for piece in held:
        found[roots[piece.provider_id]].append(piece)
    return found


__all__ = ["Node", "Piece", "Tree", "all_pieces", "nested", "pieces_of", "tree", "trees"]
