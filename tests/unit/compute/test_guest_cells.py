"""Which NUMA cells and which processors flavors and images want for guests."""

from __future__ import annotations

import pytest

from cumulet.compute.model import Flavor
from cumulet.compute.rules.inside import cells
from cumulet.kernel.errors import Invalid
from cumulet.placement.operations.claims import GuestCell

PAGES = "CUSTOM_HUGE_PAGES_2048KB"


def flavor(**specs: str) -> Flavor:
    """4 processors and 4 GiB; `__` in a name is a colon, `_at_` a dot."""
    known = dict.fromkeys(Flavor.__struct_fields__)
    named = {f"hw:{name.replace('_at_', '.')}": value for name, value in specs.items()}
    return Flavor(**{**known, "id": "1", "name": "f", "vcpus": 4, "ram": 4096, "extra_specs": named})


def wanted(image: dict[str, str] | None = None, memory_mb: int = 4240, **specs: str) -> list[GuestCell]:
    return cells.wanted(flavor(**specs), image or {}, memory_mb)


def test_who_says_nothing_of_cells_has_none():
    assert wanted() == []
    assert wanted(mem_page_size="small", cpu_policy="shared") == []


def test_processors_and_memory_are_the_same_for_each_cell_and_the_overhead_is_in_the_first():
    assert wanted(numa_nodes="2") == [
        GuestCell([0, 1], 2048, {"MEMORY_MB": 2048 + 144}),
        GuestCell([2, 3], 2048, {"MEMORY_MB": 2048}),
    ]
    assert wanted({"hw_numa_nodes": "4"})[3] == GuestCell([3], 1024, {"MEMORY_MB": 1024})


def test_a_flavor_may_say_which_processors_and_how_much_memory_each_cell_has():
    specs = {"numa_nodes": "2", "numa_cpus_at_0": "0-3,^2", "numa_cpus_at_1": "2", "numa_mem_at_0": "3072", "numa_mem_at_1": "1024"}
    assert wanted(**specs) == [
        GuestCell([0, 1, 3], 3072, {"MEMORY_MB": 3072 + 144}),
        GuestCell([2], 1024, {"MEMORY_MB": 1024}),
    ]


def test_C11_M20_huge_pages_are_one_cell_and_only_the_overhead_is_ordinary_memory():
    assert wanted(memory_mb=144, mem_page_size="large") == [GuestCell([0, 1, 2, 3], 4096, {PAGES: 2048, "MEMORY_MB": 144})]
    assert [cell.resources for cell in wanted(memory_mb=144, mem_page_size="2MB", numa_nodes="2")] == [
        {PAGES: 1024, "MEMORY_MB": 144},
        {PAGES: 1024},
    ]


def test_processors_of_ones_own_are_one_cell_too():
    assert [cell.cpus for cell in wanted(cpu_policy="dedicated")] == [[0, 1, 2, 3]]
    assert cells.dedicated(flavor(), {"hw_cpu_policy": "dedicated"})


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ({"numa_nodes": "3"}, "4 processors are not the same for 3 NUMA cells"),
        ({"numa_nodes": "2", "numa_cpus_at_0": "0-2"}, "hw:numa_cpus.N must say which"),
        ({"numa_nodes": "2", "numa_cpus_at_0": "0-2", "numa_cpus_at_1": "2"}, "each of the 4 processors once"),
        ({"numa_nodes": "2", "numa_mem_at_0": "4000", "numa_mem_at_1": "97"}, "4096 MiB together"),
        ({"numa_nodes": "2", "numa_mem_at_2": "1"}, "hw:numa_mem.2 is of a NUMA cell that is not there"),
        ({"cpu_policy": "mixed"}, "hw:cpu_policy mixed is not supported"),
        ({"cpu_policy": "dedicated", "cpu_thread_policy": "isolate"}, "hw:cpu_thread_policy isolate is not supported"),
    ],
)
def test_what_does_not_add_up_is_refused_with_the_reason(specs: dict[str, str], reason: str):
    with pytest.raises(Invalid, match=reason):
        wanted(**specs)
