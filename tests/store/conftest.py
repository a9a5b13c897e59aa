"""Store tests run on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cumulet.kernel.db import Database
from support.clock import FakeClock
from support.database import fresh_sqlite
from support.postgres import fresh_postgres


@pytest.fixture
def clock() -> FakeClock:
    """Time that a test moves."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Database]:
    """A fresh database with every table."""
    if request.param == "sqlite":
        async with fresh_sqlite(clock) as made:
            yield made
    else:
        async with fresh_postgres(request.getfixturevalue("postgres_dsn"), clock) as made_too:
            yield made_too
