"""A cloud with one fake host, and callers of its volume API."""

from __future__ import annotations

import pytest
from tests.support.cloud import TestCloud
from tests.support.volumes import Api, VolumeCloud


@pytest.fixture
async def volumes(cloud: TestCloud) -> VolumeCloud:
    """The cloud, whose workflows run when the test settles it."""
    made = VolumeCloud(cloud)
    await made.start()
    return made


@pytest.fixture
async def demo(volumes: VolumeCloud) -> Api:
    """A member of project demo."""
    return await volumes.api("demo")


@pytest.fixture
async def other(volumes: VolumeCloud) -> Api:
    """A member of another project."""
    return await volumes.api("other")


@pytest.fixture
async def admin(volumes: VolumeCloud) -> Api:
    """The administrator."""
    return await volumes.admin()
