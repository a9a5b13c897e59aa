"""How much of a host a server takes."""

from __future__ import annotations

from ..model import Flavor

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


def resources(flavor: Flavor, local_disk_mb: int) -> dict[str, int]:
    """What is claimed, in placement's resource classes; `local_disk_mb` is the sum of the disks on the host."""
    wanted = {
        "VCPU": flavor.vcpus,
        "MEMORY_MB": flavor.ram + overhead_mb(flavor.vcpus, flavor.ram),
        "DISK_GB": -(-local_disk_mb // 1024),
    }
    return {name: amount for name, amount in wanted.items() if amount}
