"""The outbox and the reconciler that empties it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cumulet.kernel.errors import Unavailable
from cumulet.network.fake import FakeDriver
from cumulet.network.model import Port
from cumulet.network.operations import floating_ips, networks, ports, routers, security_groups
from cumulet.network.operations.floating_ips import NewFloatingIp
from cumulet.network.operations.ports import PortChanges, Wish
from cumulet.network.operations.routers import Gateway, NewRouter
from cumulet.network.operations.security_groups import NewGroup, NewRule
from cumulet.network.operations.sync import Sync
from cumulet.network.store import changes
from support.networks import ADMIN, DEMO, add_network, add_port, add_subnet, member


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver()


@pytest.fixture
def sync(db, driver) -> Sync:
    return Sync(db, driver)


async def waiting(db) -> int:
    async with db.read() as tx:
        return await changes.count(tx)


async def test_what_is_made_reaches_the_driver_and_what_is_deleted_leaves_it(db, driver, sync):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        port = await add_port(tx, network)
    await sync.drain()
    assert await waiting(db) == 0
    assert driver.networks[network.id].service_port is not None
    assert driver.ports[port.id].subnets[0].cidr == "10.0.0.0/24"
    assert set(driver.groups) == set(port.security_groups)
    async with db.tx() as tx:
        await ports.delete(tx, port)
        await networks.delete(tx, network)
    await sync.drain()
    assert (driver.networks, driver.ports) == ({}, {})


async def test_a_routers_ports_are_told_with_the_router(db, driver, sync):
    async with db.tx() as tx:
        network, outside = await add_network(tx), await add_network(tx, ADMIN.project_id, external=True)
        subnet = await add_subnet(tx, network)
        await add_subnet(tx, outside, "172.24.4.0/24", enable_dhcp=False)
        router = await routers.create(tx, member(), NewRouter(project_id=DEMO, gateway=Gateway(network_id=outside.id)))
        await routers.interfaces.add(tx, member(), router, subnet.id, None)
        port = await add_port(tx, network)
        new = NewFloatingIp(project_id=DEMO, network_id=outside.id, port_id=port.id)
        floating = await floating_ips.create(tx, member(), new)
    await sync.drain()
    told = driver.routers[router.id]
    assert [i.subnets[0].id for i in told.interfaces] == [subnet.id]
    assert told.gateway is not None
    assert told.gateway.network.id == outside.id
    (leading,) = told.floating_ips
    assert (leading.floating.id, leading.port_mac) == (floating.id, port.row.mac_address)
    assert set(driver.ports) == {port.id, _service(driver, network)}
    async with db.read() as tx:
        states = {p.row.status for i in told.all_interfaces for p in [await ports.get(tx, ADMIN, i.port.id)]}
    assert states == {"ACTIVE"}
    async with db.tx() as tx:
        await ports.delete(tx, port)
    await sync.drain()
    assert driver.routers[router.id].floating_ips == []


def _service(driver: FakeDriver, network) -> str:
    service = driver.networks[network.id].service_port
    assert service is not None
    return service.id


async def test_a_bound_port_comes_up_and_whoever_waits_is_told(db, driver, sync):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        (port,) = await ports.prepare(tx, member(), "server", [Wish(network_id=network.id)], [], "nova")
        await ports.bind(tx, port, "host-1")
    await sync.drain()
    await sync.settle()
    async with db.read() as tx:
        assert await ports.is_up(tx, port)
    async with db.tx() as tx:
        await ports.bind(tx, port, "host-2")
        assert not await ports.is_up(tx, port)
    await sync.drain()
    await sync.settle()
    async with db.read() as tx:
        assert await ports.is_up(tx, port)
    async with db.tx() as tx:
        await ports.unbind(tx, port)
    await sync.drain()
    await sync.settle()
    assert await driver.ports_up() == {}


async def test_a_port_that_was_up_before_anybody_listened_is_noticed(db, driver, sync, clock):
    async with db.tx() as tx:
        network = await add_network(tx)
        port = await add_port(tx, network, host_id="host-1")
    await sync.drain()
    await sync.settle()
    late = Sync(db, driver)
    async with db.tx() as tx:
        await ports.set_up(tx, port.id, False)
    await clock.advance(61)  # the first process has ended, and its lease too
    await late.repair()
    async with db.read() as tx:
        assert await ports.is_up(tx, port.id)


async def test_nothing_is_lost_while_the_driver_fails(db, driver, sync):
    async with db.tx() as tx:
        network = await add_network(tx)
    driver.failure = Unavailable("OVN does not answer")
    with pytest.raises(Unavailable):
        await sync.drain()
    assert await waiting(db) > 0
    driver.failure = None
    await sync.drain()
    assert (list(driver.networks), await waiting(db)) == ([network.id], 0)


class Picky(FakeDriver):
    """Refuses one network."""

    refused = ""

    async def make(self, desired) -> None:
        if any(n.network.id == self.refused for n in desired.networks):
            raise ValueError("not this one")
        await super().make(desired)


async def test_one_object_that_cannot_be_made_does_not_keep_the_others_from_it(db):
    driver = Picky()
    sync = Sync(db, driver)
    async with db.tx() as tx:
        bad, good = await add_network(tx), await add_network(tx)
    driver.refused = bad.id
    with pytest.raises(ValueError, match="not this one"):
        await sync.drain()
    assert list(driver.networks) == [good.id]
    assert await waiting(db) == 1


async def test_repair_tells_everything_and_forgets_strangers(db, driver, sync):
    async with db.tx() as tx:
        network = await add_network(tx)
        port = await add_port(tx, network)
    await sync.drain()
    stranger = driver.ports[port.id]
    driver.ports["stranger"] = replace(stranger, port=Port(replace(stranger.port.row, id="stranger"), [], []))
    driver.ports.pop(port.id)
    await sync.repair()
    assert set(driver.ports) == {port.id}


async def test_a_change_of_rules_reaches_the_driver(db, driver, sync):
    async with db.tx() as tx:
        group = await security_groups.create(tx, NewGroup(project_id=DEMO, name="web"))
        new = NewRule(project_id=DEMO, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=80)
        rule = await security_groups.create_rule(tx, member(), group, new)
    await sync.drain()
    assert rule in driver.groups[group.id].rules
    async with db.tx() as tx:
        await security_groups.delete_rule(tx, rule)
    await sync.drain()
    assert rule not in driver.groups[group.id].rules


async def test_deleting_a_group_that_others_name_tells_them_too(db, driver, sync):
    async with db.tx() as tx:
        one = await security_groups.create(tx, NewGroup(project_id=DEMO, name="one"))
        two = await security_groups.create(tx, NewGroup(project_id=DEMO, name="two"))
        await security_groups.create_rule(tx, member(), two, NewRule(project_id=DEMO, direction="ingress", remote_group_id=one.id))
    await sync.drain()
    assert len(driver.groups[two.id].rules) == 3
    async with db.tx() as tx:
        await security_groups.delete(tx, member(), one)
    await sync.drain()
    assert one.id not in driver.groups
    assert len(driver.groups[two.id].rules) == 2


async def test_of_two_processes_one_tells_the_driver_until_its_lease_ends(db, driver, sync, clock):
    second = FakeDriver()
    other = Sync(db, second)
    async with db.tx() as tx:
        one = await add_network(tx)
    await sync.drain()
    async with db.tx() as tx:
        two = await add_network(tx)
    await other.drain()
    await other.repair()
    assert second.networks == {}
    await clock.advance(61)
    await other.drain()
    await other.repair()
    assert set(second.networks) == {one.id, two.id}
    async with db.tx() as tx:
        await add_network(tx)
    await sync.drain()
    assert (set(driver.networks), await waiting(db)) == ({one.id}, 1)


async def test_changing_a_port_tells_its_present_state(db, driver, sync):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        port = await add_port(tx, network)
        await ports.update(tx, ADMIN, port, PortChanges(admin_state_up=False))
    await sync.drain()
    assert driver.ports[port.id].port.row.admin_state_up is False


async def _told_before_and_after(db, first: Sync, between) -> int:
    """One network is told by `first`, `between` happens, a second network waits for a new process; what it leaves untold."""
    async with db.tx() as tx:
        await add_network(tx)
    await first.drain()
    successor = Sync(db, FakeDriver())
    await between(successor)
    async with db.tx() as tx:
        await add_network(tx)
    await successor.drain()
    return await waiting(db)


async def test_a_process_that_ends_lets_the_next_one_tell_the_driver_at_once(db, sync):
    assert await _told_before_and_after(db, sync, lambda successor: sync.release()) == 0


async def test_the_only_process_of_a_cloud_does_not_wait_for_its_dead_predecessor(db, sync):
    assert await _told_before_and_after(db, sync, lambda successor: successor.take_over()) == 0
