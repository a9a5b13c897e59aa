"""Servers on hosts with several NUMA cells: those that want cells or processors of their own, and those that do not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from tests.support.servers import DEMO, LATEST, ComputeCloud, actor, compute_cloud, flavor_fields

from cumulet.agent.fake import Capacity, World
from cumulet.app.inspection.page import page
from cumulet.app.inspection.terminal import show_host, show_server
from cumulet.compute.model import Server
from cumulet.compute.operations import aliases, flavors
from cumulet.compute.operations.explain.audit import audit
from cumulet.compute.operations.explain.hosts import explain as explain_host
from cumulet.compute.operations.explain.servers import explain as explain_server
from cumulet.compute.operations.servers import delete, power
from cumulet.compute.rules.sizes import overhead_mb
from cumulet.compute.settings import Alias
from cumulet.contract.commands import Cell, Device, PagePool
from cumulet.contract.guests import CellSpec, GuestSpec
from cumulet.kernel.errors import Invalid
from cumulet.placement.operations import claims
from cumulet.placement.operations.topology import stock

MEMORY, PAGES = "CUSTOM_NUMA_MEMORY_MB", "CUSTOM_NUMA_HUGE_PAGES_2048KB"
CPUS = ([0, 1, 2, 3], [4, 5, 6, 7])


@pytest.fixture
async def cloud() -> Any:
    """One host with two cells of 4 processors and 4 GiB; the last two processors of each are for one guest alone."""
    async with compute_cloud(hosts=0) as made:
        made.world = World("big", clock=made.clock, capacity=Capacity(8, 8192, 1000))
        made.world.cells = [Cell(number, cpus, 4096, [], [10, 20]) for number, cpus in enumerate(CPUS)]
        made.world.shared_cpus, made.world.dedicated_cpus = [0, 1, 4, 5], [2, 3, 6, 7]
        await made.add_host(made.world)
        yield made


async def flavor(cloud: ComputeCloud, vcpus: int = 2, ram: int = 1024, **specs: str) -> str:
    async with cloud.db.tx() as tx:
        name = f"{vcpus} {ram} {specs}"
        made = await flavors.create(tx, flavor_fields(name=name, vcpus=vcpus, ram=ram, disk=1), None)
        await flavors.set_extra_specs(tx, made.id, {name.replace("__", ":"): value for name, value in specs.items()}, True)
    return made.id


async def used(cloud: ComputeCloud, name: str = MEMORY) -> list[int]:
    """What is claimed of each cell."""
    async with cloud.db.read() as tx:
        below = await stock.below(tx, cloud.world.host_id)
        figures = [(await claims.usage(tx, below[label].id))[name] for label in sorted(below) if label.startswith("NUMA")]
        assert all(now.used <= now.capacity for now in figures), "C1"
    return [now.used for now in figures]


def guest(cloud: ComputeCloud, server: Server) -> GuestSpec:
    return cloud.world.guests[server.id].spec


async def host_memory(cloud: ComputeCloud) -> int:
    async with cloud.db.read() as tx:
        return (await claims.usage(tx, cloud.world.host_id))["MEMORY_MB"].used


async def test_C11_a_server_that_wants_two_cells_claims_of_each_and_of_the_host_their_sum(cloud: ComputeCloud) -> None:
    server = await cloud.server(flavor_id=await flavor(cloud, hw__numa_nodes="2"))
    assert await used(cloud) == [512 + overhead_mb(2, 1024), 512]
    assert await host_memory(cloud) == sum(await used(cloud))
    assert guest(cloud, server).cells == [CellSpec([0], 512, 0, CPUS[0]), CellSpec([1], 512, 1, CPUS[1])]


async def test_C11_servers_that_want_no_cells_are_in_the_emptiest_and_no_byte_is_sold_twice(cloud: ComputeCloud) -> None:
    one = await flavor(cloud, ram=3000)
    first, second, third = [await cloud.server(flavor_id=one) for _ in range(3)]
    assert (guest(cloud, first).bound, guest(cloud, second).bound) == ([0], [1])
    assert third.state == "error"
    assert await host_memory(cloud) == sum(await used(cloud)) == 2 * (3000 + overhead_mb(2, 3000))


async def test_C11_a_server_that_is_larger_than_what_is_free_in_each_cell_is_spread(cloud: ComputeCloud) -> None:
    server = await cloud.server(flavor_id=await flavor(cloud, ram=6000))
    assert server.state == "active"
    assert guest(cloud, server).bound == [0, 1]
    assert await host_memory(cloud) == sum(await used(cloud))
    refused = await cloud.server(flavor_id=await flavor(cloud, ram=1400, hw__numa_nodes="2"))
    assert refused.fault is not None
    assert "1 without 2 NUMA cells that are large enough free (the nearest has 1)" in refused.fault["message"]


async def test_C11_what_is_in_no_cells_account_may_be_anywhere_and_counts_against_each(cloud: ComputeCloud) -> None:
    cloud.world.add_stranger("somebody's", memory_mb=3500)
    await cloud.clock.advance(15)
    refused = await cloud.server(flavor_id=await flavor(cloud, ram=1024, hw__numa_nodes="1"))
    assert refused.state == "error", "the stranger may be in either cell"
    assert (await cloud.server(flavor_id=await flavor(cloud, ram=1024))).state == "active"


async def test_C11_M20_huge_pages_are_taken_of_the_cell_that_has_them(cloud: ComputeCloud) -> None:
    cloud.world.pages = [PagePool(2048, 1024, 1024)]
    cloud.world.cells = [cloud.world.cells[0], Cell(1, CPUS[1], 4096, [PagePool(2048, 1024, 1024)], [20, 10])]
    await cloud.clock.advance(15)
    want = await flavor(cloud, ram=1024, hw__mem_page_size="large")
    server = await cloud.server(flavor_id=want)
    [cell] = guest(cloud, server).cells
    assert (cell.host_cell, guest(cloud, server).host_cells) == (1, [1])
    async with cloud.db.read() as tx:
        below = await stock.below(tx, cloud.world.host_id)
        assert (await claims.usage(tx, below["NUMA1"].id))[PAGES].used == 512
        assert (await claims.usage(tx, cloud.world.host_id))["CUSTOM_HUGE_PAGES_2048KB"].used == 512
    two = await cloud.server(flavor_id=await flavor(cloud, ram=512, hw__mem_page_size="large", hw__numa_nodes="2"))
    assert two.fault is not None
    assert (
        "CUSTOM_HUGE_PAGES_2048KB in one NUMA cell" in two.fault["message"] or "NUMA cells that are large" in two.fault["message"]
    )


async def test_a_server_that_starts_again_is_where_it_was_and_a_deleted_one_leaves_its_cells(cloud: ComputeCloud) -> None:
    server = await cloud.server(flavor_id=await flavor(cloud, hw__numa_nodes="2", hw__cpu_policy="dedicated"))
    before = guest(cloud, server).cells
    for ask in (power.stop, power.start):
        async with cloud.db.tx() as tx:
            await ask(tx, actor(), server.id)
        await cloud.settle()
    assert guest(cloud, server).cells == before
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), server.id)
    await cloud.settle()
    assert await used(cloud) == [0, 0]


async def test_a_server_with_processors_of_its_own_shares_none_of_them(cloud: ComputeCloud) -> None:
    want = await flavor(cloud, hw__cpu_policy="dedicated")
    first, second, third = [await cloud.server(flavor_id=want) for _ in range(3)]
    pins = [guest(cloud, server).pins for server in (first, second)]
    assert sorted(pins) == [[2, 3], [6, 7]]
    assert third.fault is not None
    assert "PCPU" in third.fault["message"]
    async with cloud.db.read() as tx:
        assert (await claims.claims_of(tx, first.id))[cloud.world.host_id]["PCPU"] == 2
    [shown] = (await cloud.admin().get("/os-hypervisors/detail")).json()["hypervisors"]
    assert (shown["vcpus"], shown["vcpus_used"]) == (8, 4)


async def test_processors_of_one_cell_are_not_enough_for_a_wider_cell(cloud: ComputeCloud) -> None:
    wide = await cloud.server(flavor_id=await flavor(cloud, vcpus=3, hw__cpu_policy="dedicated"))
    assert wide.fault is not None
    assert "1 without 3 dedicated processors in one NUMA cell free (the nearest has 2)" in wide.fault["message"]
    assert (
        await cloud.server(flavor_id=await flavor(cloud, vcpus=4, hw__numa_nodes="2", hw__cpu_policy="dedicated"))
    ).state == "active"


async def test_a_device_is_near_to_its_servers_memory_unless_that_is_only_preferred(cloud: ComputeCloud) -> None:
    cloud.world.devices = [Device(f"0000:0{n}:00.0", "10de", "1db4", "pci", "CUSTOM_GPU", [], 1) for n in (1, 2)]
    await cloud.clock.advance(15)
    async with cloud.db.tx() as tx:
        await aliases.configure(
            tx, [Alias("gpu", resource_class="gpu"), Alias("any", resource_class="gpu", numa_policy="preferred")]
        )
    near = await cloud.server(flavor_id=await flavor(cloud, ram=3000, hw__numa_nodes="1", pci_passthrough__alias="gpu:1"))
    assert guest(cloud, near).host_cells == [1]
    again = await flavor(cloud, ram=3000, hw__numa_nodes="1", pci_passthrough__alias="gpu:1", hw__cpu_policy="shared")
    assert (await cloud.server(flavor_id=again)).state == "error"
    far = await cloud.server(flavor_id=await flavor(cloud, ram=3000, hw__numa_nodes="1", pci_passthrough__alias="any:1"))
    assert guest(cloud, far).host_cells == [0]


async def test_cells_that_do_not_add_up_are_refused_at_once(cloud: ComputeCloud) -> None:
    want = await flavor(cloud, vcpus=3, hw__numa_nodes="2")
    with pytest.raises(Invalid, match="3 processors are not the same for 2 NUMA cells"):
        await cloud.ask(flavor_id=want)


async def test_C11_a_host_with_one_cell_takes_one_cell_and_no_more_and_counts_nothing_beside_its_memory() -> None:
    async with compute_cloud(hosts=1) as cloud:
        cloud.world = cloud.worlds[0]
        server = await cloud.server(flavor_id=await flavor(cloud, hw__numa_nodes="1"))
        assert guest(cloud, server).cells == [CellSpec([0, 1], 1024)]
        async with cloud.db.read() as tx:
            assert set((await claims.claims_of(tx, server.id))[cloud.world.host_id]) == {"VCPU", "MEMORY_MB", "DISK_GB"}
        two = await cloud.server(flavor_id=await flavor(cloud, hw__numa_nodes="2"))
        assert two.fault is not None
        assert "without 2 NUMA cells that are large enough free (the nearest has 1)" in two.fault["message"]


async def test_users_see_the_cells_of_a_server_and_administrators_where_they_are(cloud: ComputeCloud) -> None:
    server = await cloud.server(flavor_id=await flavor(cloud, hw__numa_nodes="2", hw__cpu_policy="dedicated"))
    path = f"/servers/{server.id}/topology"
    shown = (await cloud.client(**LATEST).get(path)).json()
    assert shown == {
        "nodes": [
            {"memory_mb": 512, "siblings": [], "vcpu_set": [0]},
            {"memory_mb": 512, "siblings": [], "vcpu_set": [1]},
        ],
        "pagesize_kb": 4,
    }
    nodes = (await cloud.client(DEMO, "admin", **LATEST).get(path)).json()["nodes"]
    assert [(node["host_node"], node["cpu_pinning"]) for node in nodes] == [(0, {"0": 2}), (1, {"1": 6})]


async def test_explanations_show_cells_devices_and_who_has_them_and_the_audit_agrees(cloud: ComputeCloud) -> None:
    cloud.world.devices = [Device("0000:01:00.0", "10de", "1db4", "pci", "CUSTOM_GPU", [], 1)]
    await cloud.clock.advance(15)
    want = await flavor(cloud, hw__numa_nodes="1", hw__cpu_policy="dedicated", resources__CUSTOM_GPU="1")
    server = await cloud.server(flavor_id=want)
    found = await explain_host(cloud.db, cloud.services.agents, "big")
    by_class = {(inner.provider, inner.resource_class): inner for inner in found.inside}
    assert [holder.name for holder in by_class["0000:01:00.0", "CUSTOM_GPU"].holders] == ["web"]
    assert [holder.piece for holder in by_class["", "PCPU"].holders] == ["6", "7"]
    assert by_class["NUMA1", MEMORY].used == 1024 + overhead_mb(2, 1024)
    said, html = io.StringIO(), page(found)
    show_host(Console(file=said, width=160), found)
    async with cloud.db.read() as tx:
        explained = await explain_server(tx, server.id)
        show_server(Console(file=said, width=160), explained)
        assert [device.address for device in explained.holding.devices] == ["0000:01:00.0"]
        assert [cell.host_cell for cell in explained.holding.cells] == [1]
        assert [removed.reason for removed in explained.now.removed] == ["where it is"]
        assert [finding.what for finding in (await audit(tx)).findings] == []
    assert "0000:01:00.0 web" in said.getvalue()
    assert "It has the device 0000:01:00.0 for itself." in said.getvalue()
    assert "Its cell 0 has 1024 MiB and 2 processors in cell 1 of the host, on the processors 6, 7 of its own." in said.getvalue()
    assert "1 of 1 CUSTOM_GPU claimed, 0 reserved; held are 0000:01:00.0 by web" in html
    cloud.world.devices = []
    await cloud.clock.advance(15)
    async with cloud.db.read() as tx:
        told = [finding.what for finding in (await audit(tx)).findings]
    assert f"device 0000:01:00.0 is gone while {server.id} has it" in told
    assert "1 CUSTOM_GPU are claimed, 0 may be (total 0, kept 0)" in told
