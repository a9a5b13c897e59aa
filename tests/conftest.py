"""Fixtures of the whole suite."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.support.ceph import Ceph, ceph, missing
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, running_cloud
from tests.support.database import CHOICE, DSN, MEMORY
from tests.support.postgres import binaries, postgres_server

from cumulet.app import tiny

# A case that takes long on a busy machine is not a wrong one: no test asserts a time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# httpx asks for this module at every request, and not to find it on the disk takes longer than many a request.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


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


@pytest.fixture(scope="session")
def real_ceph() -> Iterator[Ceph]:
    """A Ceph of our own, for the whole session."""
    if missing():
        pytest.skip(f"not installed: {', '.join(missing())}")
    with ceph() as running:
        yield running


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


@pytest.fixture(scope="session")
def tiny_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny guest, built once for all tests with real guests."""
    folder = tmp_path_factory.mktemp("tiny")
    return tiny.build(folder / "work", folder / "tiny.qcow2")


@pytest.fixture
def state() -> Iterator[Path]:
    """An empty folder for a cloud's state, in memory where that can be."""
    with tempfile.TemporaryDirectory(prefix="cumulet-test-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
async def cloud(state: Path, clock: FakeClock) -> AsyncIterator[TestCloud]:
    """A cloud with one fake host."""
    async with running_cloud(state, clock) as made:
        yield made
