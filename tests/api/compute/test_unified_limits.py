"""Unified limits of identity, and the quota API beside them (C12)."""

from __future__ import annotations

import pytest

from cumulet.compute.operations import quotas
from cumulet.kernel.errors import OverQuota
from support.limits import register
from support.servers import DEMO, ComputeCloud


async def test_C12_a_unified_limit_takes_the_place_of_a_default(cloud: ComputeCloud) -> None:
    await register(cloud.db, "compute", servers=2, **{"class:VCPU": 50, "image_count_total": 1})
    async with cloud.db.read() as tx:
        limits = {name: quota.limit for name, quota in (await quotas.of_project(tx, DEMO)).items()}
    assert (limits["instances"], limits["cores"], limits["ram"]) == (2, 50, 51200)
    for _ in range(2):
        await cloud.ask()
    with pytest.raises(OverQuota, match="instances: 1 wanted, 2 of 2 used"):
        await cloud.ask()


async def test_C12_of_a_unified_limit_and_a_projects_quota_the_stricter_counts(cloud: ComputeCloud) -> None:
    await register(cloud.db, "compute", servers=5)
    for quota, counts in ((3, 3), (9, 5), (-1, 5)):
        async with cloud.db.tx() as tx:
            await quotas.update(tx, DEMO, "", {"instances": quota}, force=True)
            assert (await quotas.of_project(tx, DEMO))["instances"].limit == counts
