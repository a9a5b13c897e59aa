"""What a host's memory is, read from the kernel's own words."""

from __future__ import annotations

import os
from pathlib import Path

from cumulet.agent.libvirt.facts import cached_mb
from cumulet.agent.libvirt.reading import proportional_mb, resident_mb
from cumulet.agent.topology.cells import page_pools
from cumulet.contract.commands import PagePool

MEMINFO = "MemTotal: 16384000 kB\nMemAvailable: 8192000 kB\nBuffers: 1024 kB\nCached: 20480 kB\nHugePages_Total: 0\n"


def test_the_page_cache_is_what_the_kernel_can_give_back():
    assert cached_mb(MEMINFO) == 21


def test_huge_pages_are_read_size_by_size_and_empty_pools_are_left_out(tmp_path: Path):
    for size, total, free in ((1048576, 2, 1), (2048, 512, 512), (32768, 0, 0)):
        pool = tmp_path / f"hugepages-{size}kB"
        pool.mkdir()
        (pool / "nr_hugepages").write_text(f"{total}\n")
        (pool / "free_hugepages").write_text(f"{free}\n")
    assert page_pools(tmp_path) == [PagePool(2048, 512, 512), PagePool(1048576, 2, 1)]
    assert page_pools(tmp_path)[1].memory_mb == 2048
    assert page_pools(tmp_path / "a kernel without") == []


def test_a_process_is_measured_and_one_that_has_ended_has_nothing():
    assert 0 < proportional_mb(os.getpid()) <= resident_mb(os.getpid())
    assert (proportional_mb(None), proportional_mb(2**22 + 1)) == (0, 0)
