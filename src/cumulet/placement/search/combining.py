"""Candidates: products of options, one for each group, that fit together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from .matching import Option, options
from .model import Amounts, Candidate, Node, Search, World

MOST = 100_000
"""How many products are tried for one request: their number grows exponentially with that of the groups."""


def find(world: World, search: Search) -> list[Candidate]:
    """Up to `search.limit` candidates, without duplicates, anchor by anchor in the order of the world."""
    return list(islice(_distinct(_candidates(world, search)), search.limit))


def _distinct(candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    seen = set()
    for candidate in candidates:
        mappings = {suffix: tuple(sorted(ids)) for suffix, ids in candidate.mappings.items()}
        key = (frozenset(candidate.amounts.items()), frozenset(mappings.items()))
        if key not in seen:
            seen.add(key)
            yield candidate


def _candidates(world: World, search: Search) -> Iterator[Candidate]:
    anchors = [root_id for root_id in world.trees if _may_anchor(world, root_id, search)]
    products = (chosen for root_id in anchors for chosen in _of(world, root_id, search))
    for chosen in islice(products, MOST):
        amounts = _together(chosen)
        if (
            _fits(world, amounts)
            and _is_isolated(search, chosen)
            and _is_near(world, search, chosen)
            and _is_flat(world, search, chosen)
        ):
            yield Candidate(amounts, {option.suffix: [node.id for node in option.nodes] for option in chosen})


def _of(world: World, root_id: str, search: Search) -> Iterator[tuple[Option, ...]]:
    found = []
    for group in search.groups:
        found.append(list(options(world, root_id, group)))
        if not found[-1]:
            return
    yield from product(*found)


def _may_anchor(world: World, root_id: str, search: Search) -> bool:
    root = world.nodes[root_id]
    return root.traits >= set(search.root_required) and not root.traits & set(search.root_forbidden)


def _together(chosen: tuple[Option, ...]) -> Amounts:
    amounts: Amounts = {}
    for option in chosen:
        for of, amount in option.amounts.items():
            amounts[of] = amounts.get(of, 0) + amount
    return amounts


def _fits(world: World, amounts: Amounts) -> bool:
    """Several groups may ask one provider for the same class."""
    for (provider_id, name), amount in amounts.items():
        figures = world.nodes[provider_id].figures[name]
        if amount > min(figures.free, figures.max_unit):
            return False
    return True


def _is_isolated(search: Search, chosen: tuple[Option, ...]) -> bool:
    single = [option.nodes[0].id for option in chosen if option.suffix]
    return not search.isolate or len(set(single)) == len(single)


def _is_near(world: World, search: Search, chosen: tuple[Option, ...]) -> bool:
    """The providers of each subtree's groups are below one of them."""
    for suffixes in search.same_subtrees:
        ids = {node.id for option in chosen if option.suffix in suffixes for node in option.nodes}
        common = set.intersection(*(world.lineage(provider_id) for provider_id in ids)) if ids else set()
        if ids and not common & ids:
            return False
    return True


def _is_flat(world: World, search: Search, chosen: tuple[Option, ...]) -> bool:
    used: dict[str, Node] = {node.id: node for option in chosen for node in option.nodes}
    return search.nested or len({node.root_id for node in used.values()}) == len(used)
