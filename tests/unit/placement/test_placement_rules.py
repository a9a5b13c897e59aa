"""Placement's pure decisions."""

from __future__ import annotations

import pytest

from cumulet.placement import standards
from cumulet.placement.model import Figures, capacity
from cumulet.placement.refusals import lacking
from cumulet.placement.rules import Initial, host_inventory, host_traits
from support.hosts import facts


@pytest.mark.parametrize(
    ("total", "reserved", "ratio", "expected"),
    [(300, 20, 1.0, 280), (16, 0, 4.0, 64), (3, 0, 1.3, 3), (10, 0, 0.5, 5), (4, 4, 16.0, 0), (4, 8, 1.0, -4)],
)
def test_capacity_is_what_is_not_reserved_times_the_ratio_rounded_down(total, reserved, ratio, expected):
    assert capacity(total, reserved, ratio) == expected


def test_a_refusal_says_what_is_wanted_and_what_is_free():
    figures = Figures(10, 0, 1.0, 8, min_unit=2, max_unit=6, step_size=2)
    assert lacking("VCPU", 4, figures) == "4 VCPU wanted, 2 free (8 of 10 are claimed)"
    assert lacking("VCPU", 1, figures) == "1 VCPU wanted, from 2 to 6 can be claimed at once"
    assert lacking("VCPU", 3, Figures(10, 0, 1.0, 0, step_size=2)) == "3 VCPU wanted, only multiples of 2 can be claimed"
    assert lacking("VGPU", 1, None) == "it has no VGPU"
    assert lacking("VCPU", 2, figures) is None


def test_an_overcommitted_inventory_has_nothing_free_and_says_so():
    figures = Figures(10, 0, 1.0, 12)
    assert figures.overcommitted
    assert lacking("VCPU", 1, figures) == "1 VCPU wanted, 0 free (12 of 10 are claimed)"


def test_M15_M23_what_is_reserved_is_neither_free_nor_used():
    figures = Figures(300, 20, 1.0, 280)
    assert (figures.capacity, figures.used, figures.free, figures.overcommitted) == (280, 280, 0, False)
    assert lacking("MEMORY_MB", 1, figures) is not None


def test_a_host_without_disk_has_no_disk_inventory():
    names = [inventory.resource_class for inventory in host_inventory(facts(disk_gb=0), Initial(), {}, "now")]
    assert names == ["VCPU", "MEMORY_MB"]


def test_cpu_features_become_the_standard_traits_of_that_meaning():
    found = host_traits(facts(cpu_features=["sse4.1", "aes", "avx2", "pni", "sha-ni", "not-a-trait"]))
    assert found == {
        "COMPUTE_NODE",
        "HW_ARCH_X86_64",
        "HW_CPU_X86_SSE41",
        "HW_CPU_X86_AESNI",
        "HW_CPU_X86_AVX2",
        "HW_CPU_X86_SSE3",
        "HW_CPU_X86_SHA",
    }
    assert host_traits(facts(cpu_arch="aarch64", cpu_features=["sha1"])) >= {"HW_CPU_AARCH64_SHA1", "HW_ARCH_AARCH64"}


def test_the_standard_names_are_all_there():
    assert len(standards.traits()) == 377
    assert {"MISC_SHARES_VIA_AGGREGATE", "STORAGE_DISK_SSD", "HW_NUMA_ROOT", "COMPUTE_NODE"} <= standards.traits()
    assert standards.classes()[:3] == ("VCPU", "MEMORY_MB", "DISK_GB")
    assert {"PCPU", "VGPU", "MEM_ENCRYPTION_CONTEXT"} <= set(standards.classes())
