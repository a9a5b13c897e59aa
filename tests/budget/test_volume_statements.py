"""How many statements block storage needs; never more for more volumes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from tests.support.cloud import TestCloud
from tests.support.volumes import Api, VolumeCloud


@pytest.fixture
async def volumes(cloud: TestCloud) -> VolumeCloud:
    """A cloud with one fake host."""
    made = VolumeCloud(cloud)
    await made.start()
    return made


async def cost(volumes: VolumeCloud, call: Awaitable[Any]) -> int:
    """The statements of one request, without those of the token."""
    before = volumes.db.statements
    await call
    return volumes.db.statements - before


async def token(volumes: VolumeCloud, api: Api) -> int:
    """What a request costs that asks nothing of block storage."""
    return await cost(volumes, api.get("/extensions"))


async def test_a_list_costs_the_same_for_two_volumes_as_for_nine(volumes: VolumeCloud) -> None:
    demo = await volumes.api()
    for _ in range(2):
        await volumes.available(demo)
    base = await token(volumes, demo)
    few = await cost(volumes, demo.get("/volumes/detail"))
    for _ in range(7):
        await volumes.available(demo)
    assert few == await cost(volumes, demo.get("/volumes/detail")) == base + 3
    assert await cost(volumes, demo.get("/volumes")) == base + 1


async def test_single_requests_cost_few_statements(volumes: VolumeCloud) -> None:
    demo = await volumes.api()
    volume = await volumes.available(demo)
    base = await token(volumes, demo)
    limits: dict[str, tuple[Awaitable[Any], int]] = {
        "show": (demo.show(volume), 3),
        "limits": (demo.get("/limits"), 3),
        "metadata": (demo.call("POST", f"/volumes/{volume['id']}/metadata", 200, {"metadata": {"a": "b"}}), 4),
        "create": (demo.make(), 13),
        "extend": (demo.act(volume, "os-extend", {"new_size": 2}), 8),
    }
    assert {name: await cost(volumes, call) - base <= most for name, (call, most) in limits.items()} == dict.fromkeys(limits, True)
