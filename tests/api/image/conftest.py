"""The image service by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.images import ImageCloud, image_cloud
from support.web import WebServer, web_server


@pytest.fixture
async def images(tmp_path: Path) -> AsyncIterator[ImageCloud]:
    """A fresh image service."""
    async with image_cloud(tmp_path / "store") as cloud:
        yield cloud


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server."""
    with web_server() as server:
        yield server
