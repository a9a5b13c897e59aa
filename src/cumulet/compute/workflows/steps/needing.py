"""What a server needs of a host, from its flavor and its disks."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Reader
from ....placement.operations.claims import Inside
from ...model import Flavor
from ...rules import sizes
from ...rules.inside import aliases, groups
from ...store import aliases as known_aliases


class Needs(Struct, frozen=True):
    """Amounts of the host by resource class, and what is needed inside of it."""

    resources: dict[str, int]
    inside: Inside


async def needs_of(tx: Reader, flavor: Flavor, local_disk_mb: int) -> Needs:
    """All that a server of this flavor needs; `local_disk_mb` is the sum of its disks on the host. Raises Invalid."""
    specs = flavor.extra_specs
    counts = aliases.counts(specs)
    devices = aliases.parts(counts, await known_aliases.named(tx, counts)) if counts else []
    inside = Inside([*groups.parts(specs), *devices], groups.isolate(specs))
    return Needs(sizes.resources(flavor, local_disk_mb), inside)
