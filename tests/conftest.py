"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, running_cloud
from tests.support.database import CHOICE, DSN
from tests.support.postgres import binaries, postgres_server


@pytest.fixture
def clock() -> FakeClock:
    """Time that a test moves."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A PostgreSQL server of our own, for the whole session."""
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed (Debian package postgresql)")
    pytest.importorskip("asyncpg")
    with postgres_server() as dsn:
        yield dsn


@pytest.fixture(scope="session", autouse=True)
def chosen_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start PostgreSQL for the tests that do not care, if the environment asks for it."""
    if os.environ.get(CHOICE, "sqlite") == "sqlite":
        yield
        return
    assert os.environ[CHOICE] == "postgresql", f"{CHOICE} is sqlite or postgresql"
    os.environ[DSN] = request.getfixturevalue("postgres_dsn")
    yield
    del os.environ[DSN]


@pytest.fixture
async def cloud(tmp_path: Path, clock: FakeClock) -> AsyncIterator[TestCloud]:
    """A cloud with one fake host."""
    async with running_cloud(tmp_path, clock) as made:
        yield made
