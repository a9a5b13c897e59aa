"""Which host a server gets when its flavor, its hints or an aggregate look at what hosts are and have."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.servers import LATEST, ComputeCloud, body, compute_cloud, flavor_fields

from cumulet.compute.operations import flavors


@pytest.fixture
async def cloud() -> AsyncIterator[ComputeCloud]:
    """Three hosts; the first one has a server of 8 GiB already."""
    async with compute_cloud(hosts=3) as made:
        first = await made.server(flavor_id=await flavor(made, "large", ram=8192), hints={"query": '["=", "$host", "fake1"]'})
        assert first.host_name == "fake1"
        yield made


async def flavor(cloud: ComputeCloud, name: str, ram: int = 64, **specs: str) -> str:
    """A flavor with extra specs; their names with __ for a colon."""
    found = {key.replace("__", ":"): value for key, value in specs.items()}
    async with cloud.db.tx() as tx:
        made = await flavors.create(tx, flavor_fields(name=name, ram=ram), name)
        await flavors.set_extra_specs(tx, made.id, found, checked=True)
        return made.id


async def aggregate(cloud: ComputeCloud, host: str, **metadata: str) -> None:
    admin = cloud.admin(**LATEST)
    made: dict[str, Any] = (await admin.post("/os-aggregates", json={"aggregate": {"name": f"of {host}"}})).json()["aggregate"]
    for action in ({"add_host": {"host": host}}, {"set_metadata": {"metadata": metadata}}):
        answer = await admin.post(f"/os-aggregates/{made['id']}/action", json=action)
        assert answer.status_code == 200, answer.text


async def test_a_flavor_gets_a_host_with_the_free_memory_that_it_asks_for(cloud: ComputeCloud) -> None:
    free = 256 * 1024 - 512
    picky = await flavor(cloud, "picky", capabilities__free_ram_mb=f">= {free}")
    hosts = {(await cloud.server(flavor_id=picky)).host_name for _ in range(2)}
    assert hosts == {"fake2", "fake3"}
    server = await cloud.server(flavor_id=picky)
    assert server.state == "error"
    assert server.fault is not None
    assert f"Of 3 hosts: 3 whose free_ram_mb is not >= {free}." in server.fault["message"]
    assert "fake1, fake2, fake3" in server.fault["details"]


async def test_each_constraint_says_how_many_hosts_it_removed(cloud: ComputeCloud) -> None:
    await aggregate(cloud, "fake2", max_instances_per_host="0")
    picky = await flavor(cloud, "picky", capabilities__hypervisor_type="<or> ironic <or> QEMU", num_instances="<= 0")
    server = await cloud.server(flavor_id=picky, hints={"build_near_host_ip": "10.9.9.9"})
    assert server.fault is not None
    told = server.fault["message"]
    assert "Of 3 hosts: 1 whose num_instances is not <= 0; 2 with an address outside of 10.9.9.0/24" in told
    server = await cloud.server(flavor_id=picky)
    assert server.host_name == "fake3"


async def test_an_aggregate_limits_the_servers_of_its_hosts(cloud: ComputeCloud) -> None:
    for host in ("fake1", "fake2", "fake3"):
        await aggregate(cloud, host, max_instances_per_host="1")
    assert {(await cloud.server()).host_name for _ in range(2)} == {"fake2", "fake3"}
    server = await cloud.server()
    assert server.fault is not None
    assert "Of 3 hosts: 3 with max_instances_per_host servers" in server.fault["message"]


@pytest.mark.parametrize("hints", [{"query": "[1]"}, {"query": "{"}, {"build_near_host_ip": "x"}])
async def test_hints_that_mean_nothing_are_refused_at_once(cloud: ComputeCloud, hints: dict[str, str]) -> None:
    asked = {**body(cloud, networks="auto"), "os:scheduler_hints": hints}
    answer = await cloud.client(**LATEST).post("/servers", json=asked)
    assert answer.status_code == 400
    assert next(iter(hints)) in answer.text
