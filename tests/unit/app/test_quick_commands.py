"""What starting a command imports: a command that is to answer at once does not load the cloud that it talks to."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("sqlalchemy", "alembic", "falcon", "uvicorn", "argon2", "bcrypt", "cryptography", "re2", "yaml", "libvirt", "asyncpg")
"""Libraries that only serving, or the database, needs."""

SERVICES = ("compute", "volume", "network", "placement")
"""Of the other parts the configuration reads the settings; of these four a command reads nothing before it does its work."""


def _imported(module: str) -> set[str]:
    """Every module that a new process has after importing one."""
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_the_command_line_starts_without_database_web_server_and_services():
    found = _imported("cumulet.app.cli")
    assert "cumulet.app.cli" in found
    assert found.isdisjoint(SLOW)
    assert found.isdisjoint(
        f"cumulet.{name}"
        for name in (*SERVICES, "agent.main", "agent.libvirt", "migrations", "app.wire", "app.cloud", "app.server")
    )
    assert {
        name for name in found if name.startswith(("cumulet.kernel.db", "cumulet.kernel.http", "cumulet.kernel.workflow"))
    } == set()
    assert {name for name in found if name.startswith(("cumulet.identity.operations", "cumulet.identity.store"))} == set()


@pytest.mark.parametrize("module", ["cumulet.app.operator.status", "cumulet.app.operator.taking_down"])
def test_asking_how_the_cloud_is_does_not_load_it(module: str):
    found = _imported(module)
    assert module in found
    assert found.isdisjoint(
        {"falcon", "uvicorn", "alembic", "cumulet.app.wire", "cumulet.compute.api", "cumulet.compute.workflows"}
    )
