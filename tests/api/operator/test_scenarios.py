"""The scenarios in docs/ do what their pages say: the files that readers run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_C1_M7_the_founding_case_ten_moves_at_once_to_a_host_of_300_sell_270_of_280():
    told = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "scenarios" / "memory_sold_twice.py")], capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "3 moves were granted, 7 were refused. The target has sold 270 of 280 GiB." in told.stdout
    assert "The ten sources still hold 300 GiB" in told.stdout
    assert "No figure has passed its limit." in told.stdout
    assert "276480 MEMORY_MB claimed of 266240: 10240 too many" in told.stdout
