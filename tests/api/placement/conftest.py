"""The placement service by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.placement import Placement, PlacementCloud, placement_cloud


@pytest.fixture
async def service() -> AsyncIterator[PlacementCloud]:
    """A fresh placement service."""
    async with placement_cloud() as made:
        yield made


@pytest.fixture
def placement(service: PlacementCloud) -> Placement:
    """Its administrator, at the newest microversion."""
    return service.admin()
