"""Allocation candidates for the API.

Our own scheduling asks `operations.claims.candidates`, which knows which hosts are alive.
"""

from __future__ import annotations

from ...kernel.db import Reader
from ..search import Candidate, Search, World, find
from ..store import trees
from ..store.trees import Need
from . import classes, traits


async def search(tx: Reader, wanted: Search) -> tuple[list[Candidate], World]:
    """Every way to satisfy a request, up to its limit, and the world in which they were found. Raises Invalid for unknown
    names.

    With a limit only as many trees are looked at, at first: most trees that have everything somewhere have a candidate. If
    that is not enough, all of them are.
    """
    await _check(tx, wanted)
    shared = await trees.shared_classes(tx)
    needs = {(name, amount) for group in wanted.groups for name, amount in group.resources.items() if name not in shared}
    ordered = [Need(*need) for need in sorted(needs)]
    world = await trees.world(tx, ordered, wanted.limit)
    found = find(world, wanted)
    if wanted.limit is not None and len(found) < wanted.limit <= len(world.trees):
        world = await trees.world(tx, ordered, None)
        found = find(world, wanted)
    return found, world


async def _check(tx: Reader, wanted: Search) -> None:
    await classes.check(tx, {name for group in wanted.groups for name in group.resources})
    names = {name for group in wanted.groups for any_of in (*group.required, group.forbidden) for name in any_of}
    await traits.check(tx, names | set(wanted.root_required) | set(wanted.root_forbidden))
