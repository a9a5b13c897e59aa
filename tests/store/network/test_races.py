"""Two who want the same at the same time: one gets it, and nothing is got twice."""

from __future__ import annotations

import asyncio

from cumulet.kernel.db import Page
from cumulet.kernel.errors import Problem
from cumulet.network.operations import floating_ips, limits, networks, ports, routers, security_groups, subnetpools, subnets
from cumulet.network.operations.floating_ips import NewFloatingIp
from cumulet.network.operations.ports import Wish
from cumulet.network.operations.routers import Gateway, NewRouter, RouterChanges
from cumulet.network.operations.subnetpools import NewPool
from cumulet.network.operations.subnets import NewSubnet
from support.networks import ADMIN, DEMO, add_network, add_port, add_subnet, member


async def together(db, *works):
    """Run each in a transaction of its own, at once; what each came to."""

    async def one(work):
        async with db.tx() as tx:
            return await work(tx)

    return await asyncio.gather(*(one(work) for work in works), return_exceptions=True)


def refused(results) -> int:
    """How many were told why they cannot have it."""
    assert all(not isinstance(r, BaseException) or isinstance(r, Problem) for r in results), results
    return sum(isinstance(r, Problem) for r in results)


async def test_T7_a_port_is_taken_by_one_of_two_servers(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        port = await add_port(tx, network)

    def take(server: str):
        return lambda tx: ports.prepare(tx, member(), server, [Wish(port_id=port.id)], [], "nova")

    assert refused(await together(db, take("one"), take("two"))) == 1


async def test_C12_a_limit_is_not_passed_by_many_at_once(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await limits.set_limits(tx, DEMO, {"port": 5, "network": 3})
    assert refused(await together(db, *[lambda tx: add_port(tx, network)] * 12)) == 7
    assert refused(await together(db, *[lambda tx: add_network(tx)] * 6)) == 4
    async with db.read() as tx:
        used = await limits.used(tx, DEMO)
    assert (used["port"], used["network"]) == (5, 3)


async def test_subnets_that_overlap_are_not_made_by_two_at_once(db):
    async with db.tx() as tx:
        network = await add_network(tx)

    def add(cidr: str):
        new = NewSubnet(project_id=DEMO, cidr=cidr, ip_version=4, enable_dhcp=False)
        return lambda tx: subnets.create(tx, ADMIN, network, new)

    assert refused(await together(db, add("10.0.0.0/24"), add("10.0.0.0/25"), add("10.0.0.128/25"))) in (1, 2)
    async with db.read() as tx:
        found = [s.cidr for s in await subnets.page(tx, ADMIN, Page())]
    assert found == ["10.0.0.0/24"] or set(found) <= {"10.0.0.0/25", "10.0.0.128/25"}


async def test_a_pool_gives_a_block_once(db):
    async with db.tx() as tx:
        pool = await subnetpools.create(tx, NewPool(project_id=DEMO, name="p", prefixes=["10.0.0.0/16"], default_prefixlen=24))
        made = [await add_network(tx) for _ in range(6)]

    def add(network):
        new = NewSubnet(project_id=DEMO, subnetpool_id=pool.id, ip_version=4)
        return lambda tx: subnets.create(tx, ADMIN, network, new)

    results = await together(db, *(add(network) for network in made))
    assert refused(results) == 0
    assert len({subnet.cidr for subnet in results}) == 6


async def test_a_project_has_one_default_group_however_many_ask_first(db):
    results = await together(db, *[lambda tx: security_groups.ensure_default(tx, DEMO)] * 8)
    assert refused(results) == 0
    assert len(set(results)) == 1


async def test_a_router_does_not_lose_its_way_out_while_a_floating_ip_is_led_through_it(db):
    async with db.tx() as tx:
        network, outside = await add_network(tx), await add_network(tx, ADMIN.project_id, external=True)
        subnet = await add_subnet(tx, network)
        await add_subnet(tx, outside, "172.24.4.0/24", enable_dhcp=False)
        router = await routers.create(tx, member(), NewRouter(project_id=DEMO, gateway=Gateway(network_id=outside.id)))
        await routers.interfaces.add(tx, member(), router, subnet.id, None)
        port = await add_port(tx, network)

    async def close(tx):
        return await routers.update(tx, ADMIN, await routers.get(tx, ADMIN, router.id), RouterChanges(gateway=None))

    def lead(tx):
        return floating_ips.create(tx, member(), NewFloatingIp(project_id=DEMO, network_id=outside.id, port_id=port.id))

    assert refused(await together(db, lead, close)) == 1


async def test_overlapping_subnets_are_not_connected_by_two_at_once(db):
    async with db.tx() as tx:
        router = await routers.create(tx, member(), NewRouter(project_id=DEMO))
        made = [await add_subnet(tx, await add_network(tx), "10.0.0.0/24") for _ in range(2)]

    def connect(subnet):
        return lambda tx: routers.interfaces.add(tx, member(), router, subnet.id, None)

    assert refused(await together(db, *(connect(subnet) for subnet in made))) == 1


async def test_a_network_is_not_deleted_under_a_port_that_is_being_made(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)

    async def delete(tx):
        await networks.delete(tx, network)

    results = await together(db, lambda tx: add_port(tx, network), delete)
    failed = [r for r in results if isinstance(r, BaseException)]
    async with db.read() as tx:
        there = await networks.page(tx, ADMIN, Page())
        left = [p for p in await ports.page(tx, ADMIN, Page()) if p.row.device_owner == ""]
    assert len(failed) == 1
    assert len(there) == len(left)
