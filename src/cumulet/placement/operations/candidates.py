"""Allocation candidates for the API.

Our own scheduling asks `operations.claims.candidates`, which knows which hosts are alive.
"""

from __future__ import annotations

from ...kernel.db import Reader
from ..search import Candidate, Search, World, find
from ..store import trees
from ..store.trees import Need
from . import classes
from . import traits as known_traits

GROWTH = 4
"""How many times more trees are looked at when those so far did not have enough candidates."""


async def search(tx: Reader, wanted: Search) -> tuple[list[Candidate], World]:
    """Every way to satisfy a request, up to its limit, and the world in which they were found. Raises Invalid for unknown
    names.

    With a limit only as many trees are looked at, at first: most trees that have everything somewhere have a candidate. If
    that is not enough, ever more of them are.
    """
    await _check(tx, wanted)
    shared = await trees.shared_classes(tx)
    needs = {(name, amount) for group in wanted.groups for name, amount in group.resources.items() if name not in shared}
    ordered = [Need(*need) for need in sorted(needs)]
    traits = _needed_traits(wanted, await trees.shared_traits(tx) if shared else set())
    limit = wanted.limit
    while True:
        world = await trees.world(tx, ordered, traits, limit)
        found = find(world, wanted)
        if limit is None or wanted.limit is None or len(found) >= wanted.limit or len(world.trees) < limit:
            return found, world
        limit *= GROWTH


def _needed_traits(wanted: Search, shared: set[str]) -> list[list[str]]:
    """Lists of traits of each of which a tree needs one, because nothing outside of it can have it instead."""
    groups = [any_of for group in wanted.groups for any_of in group.required]
    found = {tuple(sorted(any_of)) for any_of in [*groups, *([name] for name in wanted.root_required)]}
    return [list(any_of) for any_of in sorted(found) if not shared & set(any_of)]


async def _check(tx: Reader, wanted: Search) -> None:
    await classes.check(tx, {name for group in wanted.groups for name in group.resources})
    names = {name for group in wanted.groups for any_of in (*group.required, group.forbidden) for name in any_of}
    await known_traits.check(tx, names | set(wanted.root_required) | set(wanted.root_forbidden))
