"""The ways to satisfy one group from one anchor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from msgspec import Struct

from ..refusals import lacking
from .model import Amounts, Group, Node, World


class Option(Struct, frozen=True):
    """One way to satisfy one group."""

    suffix: str
    amounts: Amounts
    nodes: list[Node]


def options(world: World, root_id: str, group: Group) -> Iterator[Option]:
    """Every way to satisfy `group` from the tree of this root and what is shared with it."""
    tree, shared = world.trees[root_id], world.shared_with(root_id)
    if group.suffix:
        yield from _from_one(world, group, [*tree, *shared])
    elif group.in_tree is None:
        yield from _from_several(world.nodes[root_id], group, tree, shared)
    elif world.root_of(group.in_tree) == root_id:
        yield from _from_several(world.nodes[root_id], group, tree, [])


def _from_one(world: World, group: Group, nodes: Iterable[Node]) -> Iterator[Option]:
    root_id = None if group.in_tree is None else world.root_of(group.in_tree)
    for node in nodes:
        in_tree = group.in_tree is None or node.root_id == root_id
        if in_tree and _is_member(group, node) and not _is_banned(group, node) and _have_traits(group, [node]):
            amounts = {(node.id, name): amount for name, amount in group.resources.items()}
            if all(_gives(node, name, amount) for name, amount in group.resources.items()):
                yield Option(group.suffix, amounts, [node])


def _from_several(root: Node, group: Group, tree: Iterable[Node], shared: Iterable[Node]) -> Iterator[Option]:
    if _is_banned(group, root):
        return
    usable = [node for node in tree if _is_member(group, node) or _is_member(group, root)]
    usable += [node for node in shared if _is_member(group, node)]
    usable = [node for node in usable if not _is_banned(group, node) and not node.traits & set(group.forbidden)]
    choices = [[node for node in usable if _gives(node, name, amount)] for name, amount in group.resources.items()]
    for chosen in product(*choices):
        if _have_traits(group, chosen):
            amounts = {(node.id, name): group.resources[name] for node, name in zip(chosen, group.resources, strict=True)}
            yield Option(group.suffix, amounts, list({node.id: node for node in chosen}.values()))


def _gives(node: Node, name: str, amount: int) -> bool:
    return lacking(name, amount, node.figures.get(name)) is None


def _is_member(group: Group, node: Node) -> bool:
    return all(node.aggregates & set(any_of) for any_of in group.member_of)


def _is_banned(group: Group, node: Node) -> bool:
    return bool(node.aggregates & set(group.not_in))


def _have_traits(group: Group, nodes: Sequence[Node]) -> bool:
    """Together they have what is required, and none has what is forbidden."""
    held = frozenset[str]().union(*(node.traits for node in nodes))
    return not held & set(group.forbidden) and all(held & set(any_of) for any_of in group.required)
