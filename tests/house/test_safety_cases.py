"""The page of safety cases is true: each case has a row, each test that is named exists and is named after a case that it names."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture" / "safety-cases.md").read_text()
CASES = [*(f"C{number}" for number in range(1, 13)), *(f"M{number}" for number in range(1, 24))]


def test_each_case_has_a_row_with_a_test():
    rows = dict(re.findall(r"^\| \*\*(\w+)\*\* (.*)$", PAGE, re.M))
    assert list(rows) == CASES
    assert [case for case, row in rows.items() if "`test_" not in row] == []


def test_each_test_that_is_named_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    source = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^(?:async )?(?:def )?(test_\w+)(?:\(| =)", source, re.M))
    assert named - known == set()
