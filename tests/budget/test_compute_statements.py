"""How many SQL statements servers cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.servers import LATEST, ComputeCloud, body, compute_cloud


@pytest.fixture
async def cloud() -> AsyncIterator[ComputeCloud]:
    """One host, and a server that was there before: default security group and all."""
    async with compute_cloud() as made:
        await made.server()
        yield made


async def test_a_request_for_a_server_takes_at_most_18_statements(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    before = cloud.db.statements
    assert (await client.post("/servers", json=body(cloud, networks="auto"))).status_code == 202
    assert cloud.db.statements - before <= 18


async def test_a_server_takes_at_most_52_statements_until_it_is_active(cloud: ComputeCloud) -> None:
    """Without those of the network's own messenger, which tells of many ports at once."""
    before = cloud.db.statements
    made = (await cloud.ask()).servers[0]
    await cloud.engine.run_pending()
    built = cloud.db.statements - before
    await cloud.nudge()
    before = cloud.db.statements
    await cloud.engine.run_pending()
    assert built + cloud.db.statements - before <= 52
    assert (await cloud.look(made.id)).state == "active"


async def test_deleting_a_server_takes_at_most_35_statements(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    client = cloud.client()
    before = cloud.db.statements
    assert (await client.delete(f"/servers/{server.id}")).status_code == 204
    await cloud.engine.run_pending()
    assert (await cloud.look(server.id)).state == "deleted"
    assert cloud.db.statements - before <= 35


async def test_showing_a_server_takes_at_most_6_statements_and_3_when_nothing_has_changed(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    client = cloud.client(**LATEST)
    before = cloud.db.statements
    assert (await client.get(f"/servers/{server.id}")).status_code == 200
    assert cloud.db.statements - before <= 6
    before = cloud.db.statements
    assert (await client.get(f"/servers/{server.id}")).status_code == 200
    assert cloud.db.statements - before <= 3, "nothing has changed since"


async def test_a_list_takes_the_same_statements_for_any_number_of_servers_and_one_when_nothing_has_changed(
    cloud: ComputeCloud,
) -> None:
    for _ in range(5):
        await cloud.server()
    client = cloud.client(**LATEST)
    for most in (5, 1, 1):
        before = cloud.db.statements
        assert len((await client.get("/servers/detail")).json()["servers"]) == 6
        assert cloud.db.statements - before <= most


async def test_a_heartbeat_that_brings_nothing_new_takes_few_statements_for_any_number_of_servers(cloud: ComputeCloud) -> None:
    from cumulet.compute.operations import guests

    for _ in range(5):
        await cloud.server()
    world = cloud.worlds[0]
    seen = [guest.seen() for guest in world.guests.values()]
    async with cloud.db.tx() as tx:
        await guests.observe(tx, world.host_id, seen)
        before = cloud.db.statements
        await guests.observe(tx, world.host_id, seen)
        assert cloud.db.statements - before <= 2
