"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, running_cloud


@pytest.fixture
def clock() -> FakeClock:
    """Time that a test moves."""
    return FakeClock()


@pytest.fixture
async def cloud(tmp_path: Path, clock: FakeClock) -> AsyncIterator[TestCloud]:
    """A cloud with one fake host."""
    async with running_cloud(tmp_path, clock) as made:
        yield made
