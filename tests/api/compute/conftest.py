"""A cloud for each test, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.servers import ComputeCloud, compute_cloud


@pytest.fixture
async def cloud() -> AsyncIterator[ComputeCloud]:
    """Two fake hosts, one network, one image, one flavor."""
    async with compute_cloud(hosts=2) as made:
        yield made
