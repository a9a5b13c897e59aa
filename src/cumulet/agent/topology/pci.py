"""PCI devices, from /sys/bus/pci. https://docs.kernel.org/PCI/sysfs-pci.html and https://docs.kernel.org/PCI/pci-iov-howto.html"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cumulet.contract.commands import PCI as PLAIN
from cumulet.contract.commands import PF, VF, Device

from .cells import SYSFS
from .specs import DeviceSpec


def devices(specs: Sequence[DeviceSpec], sysfs: Path = SYSFS) -> list[Device]:
    """The devices that the first matching one of `specs` lets guests have, by address."""
    if not specs:
        return []
    folders = sorted((sysfs / "bus/pci/devices").iterdir()) if (sysfs / "bus/pci/devices").is_dir() else []
    return [found for folder in folders if (found := _device(folder, specs)) is not None]


def _device(folder: Path, specs: Sequence[DeviceSpec]) -> Device | None:
    ids = (_id(folder / "vendor"), _id(folder / "device"))
    parent = (folder / "physfn").readlink().name if (folder / "physfn").is_symlink() else None
    spec = next((spec for spec in specs if spec.matches(ids, [folder.name, *([parent] if parent else [])])), None)
    if spec is None:
        return None
    return Device(
        address=folder.name,
        vendor_id=ids[0],
        product_id=ids[1],
        kind=VF if parent else PF if _number(folder / "sriov_totalvfs") else PLAIN,
        resource_class=spec.resource_class or f"CUSTOM_PCI_{ids[0]}_{ids[1]}".upper(),
        traits=[trait.strip() for trait in spec.traits.split(",") if trait.strip()],
        cell_id=_cell(folder / "numa_node"),
        parent=parent,
        driver=(folder / "driver").readlink().name if (folder / "driver").is_symlink() else "",
        managed=spec.managed,
    )


def _id(file: Path) -> str:
    """`0x8086\\n` as `8086`."""
    return file.read_text().strip().removeprefix("0x").lower()


def _number(file: Path) -> int:
    return int(file.read_text()) if file.exists() else 0


def _cell(file: Path) -> int | None:
    """The kernel writes -1 where the firmware does not say."""
    number = int(file.read_text()) if file.exists() else -1
    return number if number >= 0 else None
