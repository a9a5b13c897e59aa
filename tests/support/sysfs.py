"""Machines as their kernel shows them: trees of files like /sys."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str) -> None:
    """A file with one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def add_cell(sysfs: Path, number: int, cpus: str, memory_mb: int, pages: dict[int, tuple[int, int]] | None = None) -> None:
    """A NUMA cell; `pages` are its huge pages: size in KiB to total and free."""
    folder = sysfs / "devices/system/node" / f"node{number}"
    write(folder / "cpulist", cpus)
    write(folder / "distance", "10 21" if number == 0 else "21 10")
    write(folder / "meminfo", f"Node {number} MemTotal:       {memory_mb * 1024} kB\nNode {number} MemFree:  1 kB")
    for size, (total, free) in (pages or {}).items():
        write(folder / "hugepages" / f"hugepages-{size}kB" / "nr_hugepages", str(total))
        write(folder / "hugepages" / f"hugepages-{size}kB" / "free_hugepages", str(free))


def add_device(sysfs: Path, address: str, ids: str, cell: int = -1, driver: str = "", **files: str) -> Path:
    """A PCI device; `ids` are `8086:1572`, `files` others of its folder."""
    real, folder = sysfs / "devices/pci0000:80" / address, sysfs / "bus/pci/devices"
    vendor, product = ids.split(":")
    for name, text in {"vendor": f"0x{vendor}", "device": f"0x{product}", "numa_node": str(cell), **files}.items():
        write(real / name, text)
    if driver:
        (sysfs / "bus/pci/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (real / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / address).symlink_to(f"../../../devices/pci0000:80/{address}")
    return real


def add_network_card(sysfs: Path, parts: int, cell: int = 0) -> None:
    """A card with SR-IOV at 0000:81:00.0 that is divided into `parts`."""
    card = add_device(sysfs, "0000:81:00.0", "8086:1572", cell, "i40e", sriov_totalvfs="64", sriov_numvfs=str(parts))
    for number in range(parts):
        part = add_device(sysfs, f"0000:81:02.{number}", "8086:154c", cell, "vfio-pci")
        (part / "physfn").symlink_to(f"../{card.name}")
