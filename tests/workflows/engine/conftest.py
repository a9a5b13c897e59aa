"""A small cloud for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.small_cloud import SmallCloud, small_cloud


@pytest.fixture
async def cloud() -> AsyncIterator[SmallCloud]:
    async with small_cloud() as world:
        yield world
