"""The NUMA cells that a flavor or an image wants for a guest.

https://docs.openstack.org/nova/latest/admin/cpu-topologies.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ....contract.guests import page_size_kb
from ....kernel.errors import Invalid
from ....placement.operations.claims import GuestCell
from ....placement.operations.hosts import pages_class
from ...model import Flavor

POLICIES = ("shared", "dedicated")


def said(flavor: Flavor, image_properties: Mapping[str, str], name: str) -> str | None:
    """What the flavor says as `hw:NAME`, else the image as `hw_NAME`."""
    return flavor.extra_specs.get(f"hw:{name}", image_properties.get(f"hw_{name.replace('.', '_')}"))


def dedicated(flavor: Flavor, image_properties: Mapping[str, str]) -> bool:
    """Whether each processor wants one of the host's for itself. Raises Invalid for what no host here can do."""
    policy = said(flavor, image_properties, "cpu_policy") or "shared"
    if policy not in POLICIES:
        raise Invalid(f"hw:cpu_policy {policy} is not supported; {' and '.join(POLICIES)} are.")
    threads = said(flavor, image_properties, "cpu_thread_policy") or "prefer"
    if policy == "dedicated" and threads != "prefer":
        raise Invalid(f"hw:cpu_thread_policy {threads} is not supported; prefer is.")
    return policy == "dedicated"


def wanted(flavor: Flavor, image_properties: Mapping[str, str], memory_mb: int) -> list[GuestCell]:
    """The cells, none if nobody says anything of them. Raises Invalid unless they have all processors and all memory.

    Huge pages and dedicated processors are one cell unless more are wanted. `memory_mb` is what the server claims of ordinary
    memory; what is more than the guests', QEMU's overhead, is in the first cell.
    """
    asked, size_kb = said(flavor, image_properties, "numa_nodes"), page_size_kb(flavor.extra_specs)
    if asked is None and size_kb is None and not dedicated(flavor, image_properties):
        return []
    count = _count(asked or "1")
    cpus = _processors(flavor, image_properties, count)
    memory = _memory(flavor, image_properties, count)
    rest = memory_mb - (0 if size_kb else flavor.ram)
    return [GuestCell(cpus[at], memory[at], _resources(memory[at], size_kb, rest if at == 0 else 0)) for at in range(count)]


def _resources(memory_mb: int, size_kb: int | None, rest: int) -> dict[str, int]:
    if size_kb is None:
        return {"MEMORY_MB": memory_mb + rest}
    pages = {pages_class(size_kb): -(-memory_mb * 1024 // size_kb)}
    return {**pages, "MEMORY_MB": rest} if rest else pages


def _count(text: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise Invalid(f"hw:numa_nodes must be a number of at least 1, not {text}.")
    return int(text)


def _processors(flavor: Flavor, image_properties: Mapping[str, str], count: int) -> list[list[int]]:
    given = [said(flavor, image_properties, f"numa_cpus.{at}") for at in range(count)]
    _refuse_more(flavor, "numa_cpus", count)
    if any(text is None for text in given):
        if any(text is not None for text in given) or flavor.vcpus % count:
            raise Invalid(f"{flavor.vcpus} processors are not the same for {count} NUMA cells: hw:numa_cpus.N must say which.")
        each = flavor.vcpus // count
        return [list(range(at * each, (at + 1) * each)) for at in range(count)]
    found = [_set(text or "") for text in given]
    if sorted(cpu for cell in found for cpu in cell) != list(range(flavor.vcpus)):
        raise Invalid(f"hw:numa_cpus.N must name each of the {flavor.vcpus} processors once.")
    return found


def _set(text: str) -> list[int]:
    """`0-2,^1` as the processors 0 and 2."""
    found: set[int] = set()
    for part in (part.strip() for part in text.split(",")):
        span = re.fullmatch(r"(\^?)(\d{1,4})(?:-(\d{1,4}))?", part)
        if span is None:
            raise Invalid(f"hw:numa_cpus.N must be like 0-3,^2, not {text}.")
        numbers = set(range(int(span[2]), int(span[3] or span[2]) + 1))
        found = found - numbers if span[1] else found | numbers
    return sorted(found)


def _memory(flavor: Flavor, image_properties: Mapping[str, str], count: int) -> list[int]:
    given = [said(flavor, image_properties, f"numa_mem.{at}") for at in range(count)]
    _refuse_more(flavor, "numa_mem", count)
    if any(text is None for text in given):
        if any(text is not None for text in given) or flavor.ram % count:
            raise Invalid(f"{flavor.ram} MiB are not the same for {count} NUMA cells: hw:numa_mem.N must say how much.")
        return [flavor.ram // count] * count
    found = [int(text) if text and text.strip().isdigit() else 0 for text in given]
    if min(found) < 1 or sum(found) != flavor.ram:
        raise Invalid(f"hw:numa_mem.N must be {flavor.ram} MiB together, and at least 1 each.")
    return found


def _refuse_more(flavor: Flavor, name: str, count: int) -> None:
    more = [key for key in flavor.extra_specs if (found := re.fullmatch(rf"hw:{name}\.(\d+)", key)) and int(found[1]) >= count]
    if more:
        raise Invalid(f"{more[0]} is of a NUMA cell that is not there: hw:numa_nodes is {count}.")
