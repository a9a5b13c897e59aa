"""Who may import whom: the contracts in pyproject.toml."""

from __future__ import annotations

from importlinter.cli import lint_imports


def test_the_layers_hold(capsys):
    assert lint_imports(config_filename="pyproject.toml", no_cache=True, is_debug_mode=False) == 0, capsys.readouterr().out
