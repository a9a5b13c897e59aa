"""NUMA cells, from /sys/devices/system/node. https://docs.kernel.org/admin-guide/mm/numaperf.html"""

from __future__ import annotations

import re
from pathlib import Path

from cumulet.contract.commands import Cell, PagePool

SYSFS = Path("/sys")


def numbers(text: str) -> list[int]:
    """The numbers of a list as the kernel writes it, `0-3,8`; raises ValueError for anything else."""
    found: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def processors(text: str) -> list[int]:
    """The processors of an option like `4-15,^8`, sorted; none of an empty one. Raises ValueError for anything else."""
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        some = set(numbers(part.removeprefix("^")))
        found = found - some if part.startswith("^") else found | some
    return sorted(found)


def check_sets(shared: str, dedicated: str) -> None:
    """Raise ValueError unless the two options name processors, and none twice."""
    for option, text in (("cpu_shared_set", shared), ("cpu_dedicated_set", dedicated)):
        try:
            processors(text)
        except ValueError:
            raise ValueError(f"{option} {text!r} is not like 0-3,8,^2") from None
    both = set(processors(shared)) & set(processors(dedicated))
    if both:
        raise ValueError(f"cpu_shared_set and cpu_dedicated_set both have the processors {sorted(both)}")


def page_pools(folder: Path = SYSFS / "kernel/mm/hugepages") -> list[PagePool]:
    """The huge pages that are set aside, smallest first: of the machine, or of the cell whose folder it is."""
    found = []
    for pool in folder.glob("hugepages-*kB"):
        total, free = (int((pool / name).read_text()) for name in ("nr_hugepages", "free_hugepages"))
        if total:
            found.append(PagePool(int(pool.name.removeprefix("hugepages-").removesuffix("kB")), total, free))
    return sorted(found, key=lambda pool: pool.size_kb)


def cells(sysfs: Path = SYSFS) -> list[Cell]:
    """The machine's cells by number; none if its kernel knows nothing of NUMA."""
    folders = {int(path.name[4:]): path for path in (sysfs / "devices/system/node").glob("node[0-9]*")}
    return [_cell(number, folder) for number, folder in sorted(folders.items())]


def _cell(number: int, folder: Path) -> Cell:
    size = re.search(r"MemTotal:\s+(\d+) kB", (folder / "meminfo").read_text())
    return Cell(
        number,
        numbers((folder / "cpulist").read_text()),
        int(size.group(1)) // 1024 if size else 0,
        page_pools(folder / "hugepages"),
        [int(distance) for distance in (folder / "distance").read_text().split()],
    )
