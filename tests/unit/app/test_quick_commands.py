"""What starting a command imports: a command that is to answer at once does not load the cloud that it talks to."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("sqlalchemy", "alembic", "falcon", "uvicorn", "argon2", "bcrypt", "cryptography", "re2", "yaml", "libvirt", "asyncpg")
"""Libraries that only serving, or the database, needs."""

SERVICES = ("identity", "image", "placement", "network", "volume", "compute")
"""Of these the configuration reads settings; a command reads nothing else of them before it does its work."""

FLOORS = ("api", "operations", "workflows", "store")


def _imported(module: str) -> set[str]:
    """Every module that a new process has after importing one."""
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_the_command_line_starts_without_database_web_server_and_services():
    found = _imported("cumulet.app.cli")
    assert "cumulet.app.cli" in found
    assert found.isdisjoint(SLOW)
    assert found.isdisjoint(f"cumulet.{service}.{floor}" for service in SERVICES for floor in FLOORS)
    assert found.isdisjoint(f"cumulet.kernel.{name}" for name in ("db", "http", "workflow"))
    assert found.isdisjoint(f"cumulet.{name}" for name in ("agent.main", "agent.libvirt", "app.wire", "app.cloud", "app.server"))


@pytest.mark.parametrize("module", ["terminal", "stock_terminal", "checked", "asking"])
def test_what_shows_an_answer_of_the_operators_api_does_not_load_a_database(module: str):
    found = _imported(f"cumulet.app.inspection.{module}")
    assert f"cumulet.app.inspection.{module}" in found
    assert found.isdisjoint(SLOW)


@pytest.mark.parametrize("module", ["cumulet.app.operator.status", "cumulet.app.operator.taking_down"])
def test_asking_how_the_cloud_is_does_not_load_it(module: str):
    found = _imported(module)
    assert module in found
    assert found.isdisjoint(("falcon", "uvicorn", "alembic"))
    assert found.isdisjoint(f"cumulet.{name}" for name in ("app.wire", "compute.api", "compute.workflows"))
