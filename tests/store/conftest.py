"""Store tests run on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from cumulet.kernel.db import Database
from support.clock import FakeClock
from support.database import fresh_database
from support.postgres import binaries, fresh_postgres, postgres_server


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


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Database]:
    """A fresh database with every table."""
    if request.param == "sqlite":
        async with fresh_database(clock) as made:
            yield made
    else:
        async with fresh_postgres(request.getfixturevalue("postgres_dsn"), clock) as made_too:
            yield made_too
