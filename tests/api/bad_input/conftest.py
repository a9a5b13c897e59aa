"""One cloud for everything bad, and a judge for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.bad_input.judging import Judge
from tests.support.bad_input.world import World, furnished
from tests.support.clock import FakeClock
from tests.support.cloud import running_cloud


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A cloud with one of everything."""
    folder: Path = tmp_path_factory.mktemp("bad-input")
    clock = FakeClock()
    async with running_cloud(folder, clock) as cloud:
        yield await furnished(cloud, clock)


@pytest.fixture
def judge(world: World) -> Iterator[Judge]:
    """Says at the end of the test what was wrong."""
    judge = Judge(world)
    yield judge
    judge.close()
