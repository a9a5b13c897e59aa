"""The whole cloud on each of the databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, running_cloud
from tests.support.site import Site
from tests.support.site import site as furnished


@pytest.fixture(params=["sqlite", "postgresql"])
async def cloud(request: pytest.FixtureRequest, state: Path, clock: FakeClock) -> AsyncIterator[TestCloud]:
    """A cloud with one fake host."""
    dsn = request.getfixturevalue("postgres_dsn") if request.param == "postgresql" else ""
    async with running_cloud(state, clock, dsn) as made:
        yield made


@pytest.fixture
async def site(cloud: TestCloud) -> Site:
    """The same with a flavor, an image and two callers."""
    return await furnished(cloud)
