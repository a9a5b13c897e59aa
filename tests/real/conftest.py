"""Fixtures for clouds with real guests: one cloud for a module, one image for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.real_cloud import RealCloud, real_cloud


@pytest.fixture(scope="session")
def image(tiny_image: Path) -> Path:
    """What guests are booted from."""
    return tiny_image


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(image: Path) -> AsyncIterator[RealCloud]:
    """A cloud in which the main job has been done."""
    async with real_cloud(image) as made:
        await made.up()
        await made.hello()
        yield made
