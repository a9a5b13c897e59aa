"""Server groups hold exactly when many members are placed at once, on both databases: the check is in the claim's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import running_cloud
from tests.support.site import COMPUTE, LATEST, Site, at_once, made, statuses
from tests.support.site import site as furnished


@pytest.fixture(params=["sqlite", "postgresql"])
async def three(request: pytest.FixtureRequest, state: Path, clock: FakeClock) -> AsyncIterator[Site]:
    """A cloud at work with three hosts."""
    dsn = request.getfixturevalue("postgres_dsn") if request.param == "postgresql" else ""
    async with running_cloud(state, clock, dsn, fake_hosts=3) as cloud:
        await cloud.cloud.start()
        yield await furnished(cloud)


async def group(site: Site, policy: str) -> str:
    """A server group's id."""
    body = {"server_group": {"name": policy, "policy": policy}}
    return str((await made(site.demo.post(f"{COMPUTE}/os-server-groups", json=body, headers=LATEST)))["server_group"]["id"])


async def settled(site: Site) -> list[dict[str, Any]]:
    """Every server, once none is being built."""
    for _ in range(400):
        found = (await made(site.admin.get(f"{COMPUTE}/servers/detail?all_tenants=1")))["servers"]
        if all(server["status"] != "BUILD" for server in found):
            return list(found)
        await site.cloud.db.clock.advance(0.5)
    raise AssertionError("some servers are still being built")


def hosts(servers: list[dict[str, Any]]) -> list[str]:
    """The hosts of those that are ACTIVE."""
    return [server["OS-EXT-SRV-ATTR:host"] for server in servers if server["status"] == "ACTIVE"]


async def test_anti_affinity_is_exact_when_six_members_are_placed_at_once_on_three_hosts(three: Site) -> None:
    hints = {"group": await group(three, "anti-affinity")}
    assert statuses(await at_once(three.server(hints=hints) for _ in range(6))) == {202: 6}
    servers = await settled(three)
    assert sorted(hosts(servers)) == ["fake1", "fake2", "fake3"]
    faults = [server["fault"]["message"] for server in servers if server["status"] == "ERROR"]
    assert len(faults) == 3
    assert all("Of 3 hosts: 3 taken by the server's group, whose policy is anti-affinity" in fault for fault in faults)


async def test_affinity_is_exact_when_six_members_are_placed_at_once(three: Site) -> None:
    hints = {"group": await group(three, "affinity")}
    await at_once(three.server(hints=hints) for _ in range(6))
    placed = hosts(await settled(three))
    assert (len(placed), len(set(placed))) == (6, 1)


async def test_soft_anti_affinity_spreads_as_far_as_it_can(three: Site) -> None:
    hints = {"group": await group(three, "soft-anti-affinity")}
    await at_once(three.server(hints=hints) for _ in range(6))
    assert Counter(hosts(await settled(three))) == {"fake1": 2, "fake2": 2, "fake3": 2}


async def test_isolation_hints_and_marks_are_kept_to_and_counted(three: Site) -> None:
    aggregate = (await made(three.admin.post(f"{COMPUTE}/os-aggregates", json={"aggregate": {"name": "kept"}})))["aggregate"]
    action = f"{COMPUTE}/os-aggregates/{aggregate['id']}/action"
    for name in ("fake1", "fake2"):
        await made(three.admin.post(action, json={"add_host": {"host": name}}))
    await made(three.admin.post(action, json={"set_metadata": {"metadata": {"filter_tenant_id": "others, and-others"}}}))
    first = (await made(three.server()))["server"]["id"]
    assert hosts(await settled(three)) == ["fake3"]
    await made(three.server(name="apart", hints={"different_host": [first]}))
    [refused] = [server for server in await settled(three) if server["status"] == "ERROR"]
    assert "1 with a server of the hint different_host" in refused["fault"]["message"]
    assert "2 kept for other projects" in refused["fault"]["message"]
