"""Two processes on one PostgreSQL database: what one does the other knows, and what one leaves the other finishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock, settle
from tests.support.cloud import TestCloud, running_cloud
from tests.support.site import COMPUTE, IDENTITY, Site, at_once, made, statuses
from tests.support.site import site as furnished
from tests.support.volumes import VolumeCloud

from cumulet.app import wire
from cumulet.app.cloud import Cloud
from cumulet.app.hosts import underlay
from cumulet.app.state.opening import database
from cumulet.kernel.workflow.problems import Crash
from cumulet.placement.operations import claims

ROUNDS = 200


@pytest.fixture
async def first(postgres_dsn: str, state: Path, clock: FakeClock) -> AsyncIterator[VolumeCloud]:
    """A process with one fake host, whose workflows run when a test says so."""
    async with running_cloud(state, clock, postgres_dsn) as cloud:
        moving = VolumeCloud(cloud)
        await moving.start()
        yield moving


@pytest.fixture
async def second(first: VolumeCloud) -> AsyncIterator[VolumeCloud]:
    """Another process with the same state, database and hosts."""
    config = first.cloud.cloud.config
    db = database(config, first.clock)
    rings = await wire.key_rings(config, db)
    other = TestCloud(Cloud(config, db, rings, underlay(config, first.clock), first.cloud.cloud.bus))
    yield VolumeCloud(other)
    await other.cloud.engine.stop()
    await db.close()


@pytest.fixture
async def site(first: VolumeCloud) -> Site:
    """A flavor, an image and two callers of the first process."""
    return await furnished(first.cloud)


async def test_a_token_revoked_through_one_is_refused_by_the_other(first: VolumeCloud, second: VolumeCloud) -> None:
    caller, admin = await first.cloud.client(), await first.cloud.admin()
    token = caller.headers["X-Auth-Token"]
    elsewhere = second.cloud.anonymous(**{"X-Auth-Token": token})
    assert (await elsewhere.get(f"{COMPUTE}/servers")).status_code == 200  # the other process knows it by heart now
    await made(admin.delete(f"{IDENTITY}/auth/tokens", headers={"X-Subject-Token": token}))
    assert (await caller.get(f"{COMPUTE}/servers")).status_code == 401
    for _ in range(ROUNDS):  # a notice is on its way to the other process
        if (await elsewhere.get(f"{COMPUTE}/servers")).status_code == 401:
            return
    raise AssertionError("the other process still takes the token")


async def status_of(site: Site, server_id: str) -> str:
    """A server's status."""
    return str((await made(site.demo.get(f"{COMPUTE}/servers/{server_id}")))["server"]["status"])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["place_server", "start_guest"])
async def test_T1_what_a_dead_process_was_building_the_other_one_finishes(
    first: VolumeCloud, second: VolumeCloud, site: Site, moment: str, step: str
) -> None:
    def die(when: str, flow: str, name: str) -> None:
        if when == moment and step in name:
            raise Crash(f"{when} {name}")

    server_id = (await made(site.server()))["server"]["id"]
    first.engine.fault = die
    with pytest.raises(Crash):
        await first.engine.run_pending()
    await second.engine.run_pending()
    assert await status_of(site, server_id) == "BUILD"  # its lease is not over
    await first.clock.advance(first.engine.lease + 1)
    for _ in range(ROUNDS):
        await second.settle()
        await second.cloud.cloud.parts.sync.drain()
        await settle()
        if await status_of(site, server_id) != "BUILD":
            break
    assert await status_of(site, server_id) == "ACTIVE"
    assert list(first.world.guests) == [server_id]
    assert {guest.boots for guest in first.world.guests.values()} == {1}


async def test_C1_two_processes_at_once_never_sell_a_host_twice(first: VolumeCloud, second: VolumeCloud, site: Site) -> None:
    await site.limit("compute", instances=-1, cores=-1, ram=-1)
    big = {"name": "half", "vcpus": 1, "ram": 100 * 1024, "disk": 1}
    site.flavor = (await made(site.admin.post(f"{COMPUTE}/flavors", json={"flavor": big})))["flavor"]["id"]
    elsewhere = await second.cloud.client("demo")
    answers = await at_once(site.server(client) for client in [site.demo, elsewhere] * 6)
    assert set(statuses(answers)) == {202}
    await asyncio.gather(first.engine.run_pending(), second.engine.run_pending())
    async with first.db.read() as tx:
        (usage,) = (await claims.usages(tx, [first.world.host_id])).values()
    figures = usage["MEMORY_MB"]
    assert figures.used <= figures.capacity
    found = [await status_of(site, answer.json()["server"]["id"]) for answer in answers]
    assert found.count("ERROR") == 12 - figures.capacity // big["ram"]
