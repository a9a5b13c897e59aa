"""Who may import whom: the contracts in pyproject.toml; and that all tests can be collected together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from importlinter.cli import lint_imports


def test_the_layers_hold(capsys):
    assert lint_imports(config_filename="pyproject.toml", no_cache=True, is_debug_mode=False) == 0, capsys.readouterr().out


def test_no_two_files_of_tests_have_one_name():
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == [], "pytest collects the first and stops at the second"
