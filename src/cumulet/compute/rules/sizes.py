"""How much of a host a server takes."""

from __future__ import annotations

from ...contract.guests import page_size_kb
from ...placement.operations.hosts import pages_class
from ..model import Flavor
from .inside.groups import OF_HOSTS

GIB = 1024**3


def overhead_mb(vcpus: int, memory_mb: int) -> int:
    """The memory in MiB that QEMU itself uses for a guest, beside the guest's own (C10).

    96 MiB for the process, its devices and video memory; 8 MiB per vCPU for its thread and translation state; a 256th of the
    guest's memory for page tables and dirty tracking.
    """
    return 96 + 8 * vcpus + memory_mb // 256


def root_gb(flavor: Flavor, image_bytes: int) -> int:
    """The size in GiB of a root disk made from an image of `image_bytes`; a flavor's 0 means the image's own size."""
    return flavor.disk or -(-image_bytes // GIB)


def resources(flavor: Flavor, local_disk_mb: int, dedicated: bool = False) -> dict[str, int]:
    """What is claimed, in placement's resource classes; `local_disk_mb` is the sum of the disks on the host.

    With `dedicated` its processors are the host's own (PCPU), which nobody else has.

    Of a guest in huge pages only QEMU's overhead is ordinary memory (C11). A flavor's `resources:CLASS` asks for more of a
    class, never for less than the guest takes (C2); classes that not every host has are in `inside.groups`.
    """
    overhead, size_kb = overhead_mb(flavor.vcpus, flavor.ram), page_size_kb(flavor.extra_specs)
    wanted = {
        "PCPU" if dedicated else "VCPU": flavor.vcpus,
        "MEMORY_MB": overhead if size_kb else flavor.ram + overhead,
        "DISK_GB": -(-local_disk_mb // 1024),
    }
    if size_kb:
        wanted[pages_class(size_kb)] = -(-flavor.ram * 1024 // size_kb)
    for resource_class in OF_HOSTS:
        asked = int(flavor.extra_specs.get(f"resources:{resource_class}", 0))
        wanted[resource_class] = max(asked, wanted.get(resource_class, 0))
    return {name: amount for name, amount in wanted.items() if amount}
