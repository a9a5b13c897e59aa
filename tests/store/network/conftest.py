"""A database, and time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import cumulet.network.operations.limits
import cumulet.network.operations.ports  # noqa: F401 (every table of network)
from cumulet.kernel.db import Sqlite
from support.clock import FakeClock
from support.database import fresh_database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def db(clock: FakeClock) -> AsyncIterator[Sqlite]:
    async with fresh_database(clock) as made:
        yield made
