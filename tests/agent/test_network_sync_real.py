"""The network service's reconciler against OVN's real databases: what the tables say is what OVN holds, through every change."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.kernel.db import Sqlite
from cumulet.network.operations import floating_ips, networks, ports, routers, security_groups, subnets
from cumulet.network.operations.floating_ips import FloatingChanges, NewFloatingIp
from cumulet.network.operations.ports import PortChanges, Wish
from cumulet.network.operations.routers import Gateway, NewRouter, RouterChanges
from cumulet.network.operations.security_groups import NewGroup, NewRule
from cumulet.network.operations.subnets import SubnetChanges
from cumulet.network.operations.sync import Sync, reading
from cumulet.network.ovn.central import Central
from cumulet.network.ovn.driver import OvnDriver
from cumulet.network.ovn.plan import plan
from support.clock import FakeClock
from support.database import fresh_database
from support.networks import ADMIN, DEMO, add_network, add_port, add_subnet, member

pytestmark = pytest.mark.real


@pytest.fixture
async def db() -> AsyncIterator[Sqlite]:
    async with fresh_database(FakeClock()) as made:
        yield made


@pytest.fixture
async def ovn() -> AsyncIterator[OvnDriver]:
    """OVN's central daemons, and our driver."""
    with tempfile.TemporaryDirectory(prefix="ovn-") as folder:
        central = Central(Path(folder))
        await central.up()
        driver = OvnDriver(central.northbound, central.southbound)
        await driver.start()
        try:
            yield driver
        finally:
            await driver.close()
            await central.down()


async def assert_nothing_is_missing_or_too_much(db: Sqlite, sync: Sync, ovn: OvnDriver) -> None:
    """After a drain a full comparison finds nothing to do."""
    await sync.drain()
    async with db.tx() as tx:
        wanted = await reading.everything(tx)
    assert plan(ovn._north.tables, wanted, ()) == []


async def test_after_every_change_ovn_holds_exactly_what_the_tables_say(db, ovn):
    sync = Sync(db, ovn)
    await sync.repair()
    async with db.tx() as tx:
        network, outside = await add_network(tx), await add_network(tx, ADMIN.project_id, external=True)
        subnet = await add_subnet(tx, network, dns_nameservers=["9.9.9.9"])
        await add_subnet(tx, network, "2001:db8::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        await add_subnet(tx, outside, "172.24.4.0/24", enable_dhcp=False)
        port = await add_port(tx, network)
        (mine,) = await ports.prepare(tx, member(), "server", [Wish(network_id=network.id)], [], "nova")
        await ports.bind(tx, mine, "host-1")
    await assert_nothing_is_missing_or_too_much(db, sync, ovn)
    async with db.tx() as tx:
        router = await routers.create(tx, member(), NewRouter(project_id=DEMO, gateway=Gateway(network_id=outside.id)))
        await routers.interfaces.add(tx, member(), router, subnet.id, None)
        new = NewFloatingIp(project_id=DEMO, network_id=outside.id, port_id=mine, fixed_ip_address=None)
        floating = await floating_ips.create(tx, member(), new)
        group = await security_groups.create(tx, NewGroup(project_id=DEMO, name="web"))
        rule = NewRule(project_id=DEMO, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=81)
        made = await security_groups.create_rule(tx, member(), group, rule)
        wish = NewRule(project_id=DEMO, direction="ingress", remote_ip_prefix="10.0.0.5/16")
        await security_groups.create_rule(tx, member(), await security_groups.get(tx, ADMIN, group.id), wish)
    await assert_nothing_is_missing_or_too_much(db, sync, ovn)
    async with db.tx() as tx:
        port = await ports.update(tx, ADMIN, port, PortChanges(security_groups=[group.id], admin_state_up=False))
        await security_groups.delete_rule(tx, made)
        await subnets.update(tx, subnet, SubnetChanges(enable_dhcp=False, dns_nameservers=[]))
        await floating_ips.update(tx, member(), floating, FloatingChanges(port_id=None))
        await routers.update(tx, ADMIN, await routers.get(tx, ADMIN, router.id), RouterChanges(name="r", gateway=None))
        await ports.prepare_move(tx, mine, "host-2")
    await assert_nothing_is_missing_or_too_much(db, sync, ovn)
    async with db.tx() as tx:
        await routers.interfaces.remove(tx, await routers.get(tx, ADMIN, router.id), subnet.id, None)
        await routers.delete(tx, await routers.get(tx, ADMIN, router.id))
        await ports.release(tx, "server")
        await ports.delete(tx, port)
        await security_groups.delete(tx, member(), await security_groups.get(tx, ADMIN, group.id))
        await networks.delete(tx, network)
        await networks.delete(tx, outside)
    await assert_nothing_is_missing_or_too_much(db, sync, ovn)
    for table in ("Logical_Switch", "Logical_Switch_Port", "Logical_Router", "NAT", "DHCP_Options"):
        assert ovn._north.tables[table] == {}


async def test_what_somebody_removed_from_ovn_is_repaired(db, ovn):
    sync = Sync(db, ovn)
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        await add_port(tx, network)
    await sync.drain()
    from cumulet.network.desired import Desired

    await ovn.make(Desired(gone=[("network", network.id)]))
    assert network.id not in ovn._north.tables["Logical_Switch"]
    await sync.repair()
    await assert_nothing_is_missing_or_too_much(db, sync, ovn)
    assert network.id in ovn._north.tables["Logical_Switch"]
