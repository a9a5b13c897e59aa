"""The image service by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.images import ImageCloud, image_cloud


@pytest.fixture
async def images(tmp_path: Path) -> AsyncIterator[ImageCloud]:
    """A fresh image service."""
    async with image_cloud(tmp_path / "store") as cloud:
        yield cloud
