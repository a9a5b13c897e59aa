"""How many SQL statements the network's operations need."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cumulet.kernel.db import Page, Sqlite
from cumulet.network.operations import ports
from cumulet.network.operations.ports import Wish
from support.clock import FakeClock
from support.database import fresh_database
from support.networks import ADMIN, add_network, add_port, add_subnet, member

SERVERS = [f"server-{n}" for n in range(20)]


@pytest.fixture
async def db() -> AsyncIterator[Sqlite]:
    async with fresh_database(FakeClock()) as made:
        yield made


@pytest.fixture
async def network(db):
    async with db.tx() as tx:
        made = await add_network(tx)
        await add_subnet(tx, made)
        await add_port(tx, made)  # the default security group is there from now on
    return made


async def test_a_port_is_made_with_at_most_6_statements(db, network):
    async with db.tx() as tx:
        before = db.statements
        await add_port(tx, network)
        assert db.statements - before <= 6


async def test_1000_ports_are_listed_with_at_most_3_statements(db):
    async with db.tx() as tx:
        network = await add_network(tx, port_security_enabled=False)
        await add_subnet(tx, network, "10.0.0.0/16")
        from cumulet.network.operations import limits

        await limits.set_limits(tx, network.project_id, {"port": -1})
        for _ in range(1000):
            await add_port(tx, network)
    async with db.read() as tx:
        before = db.statements
        assert len(await ports.page(tx, ADMIN, Page())) == 1001
        assert db.statements - before <= 3


async def test_a_server_with_one_network_gets_its_port_with_at_most_10_statements(db, network):
    async with db.tx() as tx:
        before = db.statements
        await ports.prepare(tx, member(), SERVERS[0], [Wish(network_id=network.id)], ["default"], "nova")
        assert db.statements - before <= 10


async def test_interfaces_of_any_number_of_servers_take_2_statements(db, network):
    async with db.tx() as tx:
        for server in SERVERS:
            await ports.prepare(tx, member(), server, [Wish(network_id=network.id)], [], "nova")
    async with db.read() as tx:
        before = db.statements
        found = await ports.interfaces(tx, SERVERS)
        assert db.statements - before == 2
    assert all(len(found[server]) == 1 for server in SERVERS)
