"""A database that is older than its hosts: refused, compared, accepted; and no guest or disk is lost on the way (F7, D19)."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, stored_cloud
from tests.support.site import COMPUTE, VOLUME, Site, made
from tests.support.site import site as furnished

from cumulet.agent.fake import FakeHost, World
from cumulet.agent.main import Agent
from cumulet.app.hosts import InMemory
from cumulet.app.inspection import stock_terminal
from cumulet.app.inspection.checked import Checked
from cumulet.app.state import archive
from cumulet.kernel import audit
from cumulet.kernel.audit import Sought
from cumulet.kernel.bus import Bus
from cumulet.kernel.clock import stamp
from cumulet.kernel.db import Database, migrations
from cumulet.network.fake import FakeDriver

CHECKS = "/operator/v1/host-checks"
QUARANTINE = "/operator/v1/quarantine"


class Lasting(InMemory):
    """A host that outlives the cloud's process, with its journal."""

    async def agents(self, bus: Bus, db: Database) -> list[Agent]:
        return [Agent(bus, FakeHost(world), world.journal, self._clock) for world in self.worlds]


class Life:
    """One life of the cloud's process."""

    def __init__(self, cloud: TestCloud, site: Site, driver: FakeDriver) -> None:
        self.cloud, self.site, self.driver = cloud, site, driver

    @property
    def clock(self) -> FakeClock:
        clock: FakeClock = self.cloud.db.clock  # type: ignore[assignment]
        return clock

    async def until(self, path: str, key: str, status: str) -> dict[str, Any]:
        for _ in range(200):
            found: dict[str, Any] = (await made(self.site.admin.get(path)))[key]
            if found["status"] == status:
                return found
            await self.clock.advance(0.5)
        raise AssertionError(f"{path} is {found['status']}, not {status}: {found.get('fault')}")

    async def server(self) -> str:
        server_id = str((await made(self.site.server()))["server"]["id"])
        await self.until(f"{COMPUTE}/servers/{server_id}", "server", "ACTIVE")
        return server_id

    async def volume(self) -> str:
        volume_id = str((await made(self.site.demo.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}})))["volume"]["id"])
        await self.until(f"{VOLUME}/volumes/{volume_id}", "volume", "available")
        return volume_id

    async def delete(self, server_id: str) -> None:
        await made(self.site.demo.delete(f"{COMPUTE}/servers/{server_id}"))
        for _ in range(200):
            if (await self.site.demo.get(f"{COMPUTE}/servers/{server_id}")).status_code == 404:
                return
            await self.clock.advance(0.5)
        raise AssertionError("the server was not deleted")

    async def check(self) -> Checked:
        [found] = msgspec.convert((await made(self.site.admin.get(CHECKS)))["hosts"], list[Checked])
        return found

    async def readmit(self, host_id: str) -> int:
        done = await made(self.site.admin.post(f"{CHECKS}/{host_id}/readmit", json={"reason": "restored"}))
        await self.clock.advance(3)
        return int(done["epochs"])

    async def quarantine(self) -> dict[str, dict[str, Any]]:
        return {one["owner"]: one for one in (await made(self.site.admin.get(QUARANTINE)))["quarantine"]}

    async def back_up(self, file: Path) -> None:
        archive.make(self.cloud.cloud.config, file, stamp(self.clock.now()))


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World("lasting", clock=clock)


@pytest.fixture
def live(state: Path, clock: FakeClock, world: World) -> Any:
    """Begins a life of the cloud."""

    @asynccontextmanager
    async def living() -> AsyncIterator[Life]:
        async with stored_cloud(state, clock) as cloud:
            driver, under = cloud.cloud.underlay.driver, Lasting(cloud.cloud.config, clock)
            under.worlds = [world]
            cloud.cloud.underlay = under
            await cloud.cloud.start()
            images = (await made((await cloud.admin()).get("/image/v2/images")))["images"]
            assert isinstance(driver, FakeDriver)
            life = Life(cloud, await _again(cloud) if images else await furnished(cloud), driver)
            yield life
            await life.clock.advance(10)  # an agent that has sent a heartbeat since a backup knows that it did

    return living


async def _again(cloud: TestCloud) -> Site:
    """The site as it was furnished in an earlier life."""
    site = Site(cloud, await cloud.client("demo"), await cloud.admin())
    site.flavor = next(
        each["id"] for each in (await made(site.admin.get(f"{COMPUTE}/flavors")))["flavors"] if each["name"] == "small"
    )
    site.image = (await made(site.admin.get("/image/v2/images")))["images"][0]["id"]
    return site


def shown(checked: Checked) -> str:
    """What `cumulet restore-check` prints of a host."""
    text = io.StringIO()
    stock_terminal.show(Console(file=text, width=200), [checked])
    return text.getvalue()


def go_back(life: Life, file: Path) -> None:
    archive.restore(life.cloud.cloud.config, file, migrations.revisions(), stamp(life.clock.now()))


async def test_F7_a_restored_database_is_refused_compared_and_accepted(live: Any, world: World, tmp_path: Path) -> None:
    async with live() as life:
        kept = await life.server()
        await life.back_up(tmp_path / "backup")
        later = await life.server()
        boots = {server_id: guest.boots for server_id, guest in world.guests.items()}
        disks = {owner: dict(kinds) for owner, kinds in world.disks.items()}
    go_back(life, tmp_path / "backup")
    async with live() as life:
        found = await life.check()
        assert found.refused
        assert found.compared is not None
        assert [guest.server_id for guest in found.compared.guests] == [later]
        assert [(unknown.owner, unknown.runs) for unknown in found.compared.unknown] == [(later, True)]
        assert "refuses work: This host was told of a lease until" in shown(found)
        assert f"guest cumulet-{later}, running: the database has no such server; it is left alone" in shown(found)
        assert f"disks of {later} (root of 1024 MiB)" in shown(found)
        assert "a guest has it now: it stays in place" in shown(found)
        assert "cumulet restore-check --apply" in shown(found)
        await life.readmit(found.host_id)
        assert not (await life.check()).refused
        assert await made(life.site.admin.post(f"{CHECKS}/{found.host_id}/set-aside")) == {"set_aside": []}
        assert {server_id: guest.boots for server_id, guest in world.guests.items()} == boots
        assert world.disks == disks
        await life.until(f"{COMPUTE}/servers/{kept}", "server", "ACTIVE")
        await made(life.site.demo.post(f"{COMPUTE}/servers/{kept}/action", json={"reboot": {"type": "HARD"}}))
        await life.until(f"{COMPUTE}/servers/{kept}", "server", "ACTIVE")
        await life.server()
        async with life.cloud.db.read() as tx:
            [event] = await audit.page(tx, Sought(action="operator.host.readmit"))
    assert (event.target_id, event.details["reason"]) == (found.host_id, "restored")


async def test_F7_disks_that_the_database_does_not_know_are_set_aside_and_kept_until_somebody_decides(
    live: Any, world: World, tmp_path: Path
) -> None:
    async with live() as life:
        await life.back_up(tmp_path / "backup")
        volume_id, server_id = await life.volume(), await life.server()
        world.power_off(server_id)
    go_back(life, tmp_path / "backup")
    async with live() as life:
        found = await life.check()
        assert found.compared is not None
        assert {unknown.owner for unknown in found.compared.unknown} == {volume_id, server_id}
        assert shown(found).count("--apply sets it aside") == 2
        await life.readmit(found.host_id)
        done = await made(life.site.admin.post(f"{CHECKS}/{found.host_id}/set-aside"))
        assert sorted(done["set_aside"]) == sorted([volume_id, server_id])
        quarantined = await life.quarantine()
        assert {owner: one["held"] for owner, one in quarantined.items()} == {volume_id: True, server_id: True}
        assert server_id in world.guests
        released = quarantined[volume_id]["object_id"]
        await made(life.site.admin.post(f"{QUARANTINE}/{found.host_id}/{released}/release"))
        assert list(world.disks[volume_id]) == ["volume"]
        purged = quarantined[server_id]["object_id"]
        await made(life.site.admin.delete(f"{QUARANTINE}/{found.host_id}/{purged}"))
        assert await life.quarantine() == {}
        assert (await life.site.admin.delete(f"{QUARANTINE}/{found.host_id}/{purged}")).status_code == 404


async def test_F7_networks_are_left_as_they_are_until_hosts_accept_the_database(live: Any, tmp_path: Path) -> None:
    async with live() as life:
        network = await life.site.network()
        await life.back_up(tmp_path / "backup")
    go_back(life, tmp_path / "backup")
    async with live() as life:
        await life.clock.advance(600)
        assert not life.driver.networks
        await life.readmit((await life.check()).host_id)
        await life.clock.advance(10)
        assert network in life.driver.networks


async def test_F7_a_server_deleted_since_the_backup_comes_back_with_its_disk(live: Any, world: World, tmp_path: Path) -> None:
    async with live() as life:
        server_id = await life.server()
        await life.back_up(tmp_path / "backup")
        await life.delete(server_id)
    go_back(life, tmp_path / "backup")
    async with live() as life:
        found = await life.check()
        assert found.compared is not None
        [missing] = found.compared.missing
        assert (missing.noun, missing.id, missing.claims) == ("server", server_id, True)
        assert f"server web {server_id} (it has a claim): its disk is in quarantine" in shown(found)
        assert f"cumulet quarantine release {missing.quarantined[0]}" in shown(found)
        await life.readmit(found.host_id)
        await life.until(f"{COMPUTE}/servers/{server_id}", "server", "SHUTOFF")
        for object_id in missing.quarantined:
            await made(life.site.admin.post(f"{QUARANTINE}/{found.host_id}/{object_id}/release"))
        await made(life.site.demo.post(f"{COMPUTE}/servers/{server_id}/action", json={"os-start": None}))
        await life.until(f"{COMPUTE}/servers/{server_id}", "server", "ACTIVE")
        assert "1 servers and 1 disks, as the database has them" in shown(await life.check())
    assert world.guests[server_id].state == "running"


def lose_the_database(state: Path) -> None:
    for path in state.glob("cumulet.db*"):
        path.unlink()


async def test_F7_a_host_that_the_database_has_never_heard_of_is_accepted_too(live: Any, state: Path, world: World) -> None:
    async with live() as life:
        await life.server()
    lose_the_database(state)
    async with live() as life:
        found = await life.check()
        assert (found.host_id, "knows of 0" in (found.refused or "")) == (world.host_id, True)
        await life.readmit(found.host_id)
        await life.server()
    assert len(world.guests) == 2


async def test_F7_only_hosts_that_refuse_the_database_can_be_readmitted_and_only_by_administrators(live: Any, world: World) -> None:
    async with live() as life:
        body = {"reason": "why not"}
        assert (await life.site.admin.post(f"{CHECKS}/{world.host_id}/readmit", json=body)).status_code == 404
        assert (await life.site.admin.post(f"{CHECKS}/{world.host_id}/readmit", json={"reason": " "})).status_code == 400
        for path in (f"{CHECKS}/{world.host_id}/readmit", f"{CHECKS}/{world.host_id}/set-aside", f"{QUARANTINE}/h/o/release"):
            assert (await life.site.demo.post(path, json=body)).status_code == 403
        assert (await life.site.demo.delete(f"{QUARANTINE}/h/o")).status_code == 403
