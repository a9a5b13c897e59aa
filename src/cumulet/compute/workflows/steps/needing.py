"""What a server needs of a host, from its flavor and its disks."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from ....kernel.db import Reader
from ....placement.operations.claims import GuestCell, Inside
from ...model import Flavor, Server
from ...rules import sizes
from ...rules.inside import aliases, cells, groups
from ...store import aliases as known_aliases


class Needs(Struct, frozen=True):
    """Amounts of the host by resource class, and what is needed inside of it."""

    resources: dict[str, int]
    inside: Inside


async def needs_of(tx: Reader, flavor: Flavor, image_properties: Mapping[str, str], local_disk_mb: int) -> Needs:
    """All that a server of this flavor and image needs; `local_disk_mb` is the sum of its disks on the host. Raises Invalid."""
    specs = flavor.extra_specs
    counts = aliases.counts(specs)
    near = cells.said(flavor, image_properties, "pci_numa_affinity_policy")
    devices = aliases.parts(counts, await known_aliases.named(tx, counts), near) if counts else []
    alone = cells.dedicated(flavor, image_properties)
    resources = sizes.resources(flavor, local_disk_mb, alone)
    own = cells.wanted(flavor, image_properties, resources["MEMORY_MB"])
    return Needs(resources, Inside([*groups.parts(specs), *devices], groups.isolate(specs), own, alone))


def cells_of(server: Server) -> list[GuestCell]:
    """The NUMA cells that a server's guest has."""
    flavor, properties = msgspec.convert(server.flavor, Flavor), server.image_properties
    return cells.wanted(flavor, properties, sizes.resources(flavor, 0)["MEMORY_MB"])


async def needs_of_server(tx: Reader, server: Server, local_disk_mb: int = 0) -> Needs:
    """The same of a server. Raises Invalid."""
    return await needs_of(tx, msgspec.convert(server.flavor, Flavor), server.image_properties, local_disk_mb)
