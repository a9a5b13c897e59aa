"""What users are told when there is not enough of something, or when they change their minds; and what is left of it: nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.clock import settle
from tests.support.cloud import TestCloud
from tests.support.identity import Rows
from tests.support.site import COMPUTE, NETWORK, VOLUME, Site, made
from tests.support.site import site as furnished
from tests.support.volumes import VolumeCloud

from cumulet.agent.fake.world import Capacity
from cumulet.contract import commands
from cumulet.placement.operations import claims


class Place:
    """A site whose workflows run when a test says so, on one fake host."""

    def __init__(self, moving: VolumeCloud, site: Site) -> None:
        self.moving, self.site, self.world, self.db = moving, site, moving.world, moving.db

    async def settle(self) -> None:
        """Let everything go as far as it can."""
        for _ in range(5):
            await self.moving.settle()
            await self.moving.cloud.cloud.parts.sync.drain()
            await settle()

    async def server(self, **fields: Any) -> dict[str, Any]:
        """A server, built or not, as its owner sees it."""
        server_id = (await made(self.site.server(**fields)))["server"]["id"]
        await self.settle()
        return await self.look(server_id)

    async def look(self, server_id: str) -> dict[str, Any]:
        """A server as its owner sees it."""
        found: dict[str, Any] = (await made(self.site.demo.get(f"{COMPUTE}/servers/{server_id}")))["server"]
        return found

    async def claimed(self) -> dict[str, int]:
        """What is claimed of the host."""
        async with self.db.read() as tx:
            (usage,) = (await claims.usages(tx, [self.world.host_id])).values()
        return {name: figures.used for name, figures in usage.items() if figures.used}

    def left_on_host(self) -> list[Any]:
        """Guests, disks and ports."""
        disks = [disk for of_owner in self.world.disks.values() for disk in of_owner.values()]
        return [*self.world.guests, *disks, *self.world.ports]

    async def ports(self) -> list[dict[str, Any]]:
        """The ports of demo's servers."""
        found = (await made(self.site.demo.get(f"{NETWORK}/ports")))["ports"]
        return [port for port in found if port["device_owner"].startswith("compute:")]


@pytest.fixture
async def place(cloud: TestCloud) -> Place:
    """A host, a flavor, an image, two callers."""
    moving = VolumeCloud(cloud)
    await moving.start()
    return Place(moving, await furnished(cloud))


async def test_no_capacity_names_the_constraint_with_figures_and_no_host(place: Place) -> None:
    await place.site.limit("compute", cores=-1, ram=-1)
    huge = {"name": "huge", "vcpus": 1, "ram": 10**9, "disk": 1}
    flavor = (await made(place.site.admin.post(f"{COMPUTE}/flavors", json={"flavor": huge})))["flavor"]["id"]
    server = await place.server(flavorRef=flavor, networks=[{"uuid": await place.site.network()}])
    assert server["status"] == "ERROR"
    told = server["fault"]["message"]
    assert told.startswith("No valid host was found. ")
    assert "MEMORY_MB" in told
    assert any(word.isdigit() for word in told.replace(",", " ").split())
    assert place.world.hostname not in str(server)
    assert await place.claimed() == {}
    assert place.left_on_host() == await place.ports() == []


@pytest.mark.parametrize(
    ("path", "service", "limit", "body"),
    [
        (f"{VOLUME}/volumes", "volume", {"gigabytes": 1}, {"volume": {"size": 2}}),
        (f"{VOLUME}/volumes", "volume", {"volumes": 0}, {"volume": {"size": 1}}),
        (f"{NETWORK}/networks", "network", {"network": 0}, {"network": {"name": "x"}}),
        (f"{NETWORK}/security-groups", "network", {"security_group": 1}, {"security_group": {"name": "x"}}),
        (f"{NETWORK}/routers", "network", {"router": 0}, {"router": {"name": "x"}}),
    ],
)
async def test_a_request_over_the_quota_names_it_and_leaves_nothing(
    place: Place, path: str, service: str, limit: dict[str, int], body: dict[str, Any]
) -> None:
    await made(place.site.demo.get(f"{NETWORK}/security-groups"))  # makes the project's default one
    await place.site.limit(service, **limit)
    rows = Rows(place.moving.cloud)
    answer = await place.site.demo.post(path, json=body)
    assert answer.status_code == {"volume": 413, "network": 409}[service]
    assert next(iter(limit)) in answer.text.lower()
    assert not rows.changed()


@pytest.mark.parametrize("resource", ["instances", "cores", "ram"])
async def test_servers_over_the_quota_are_refused_with_the_figures(place: Place, resource: str) -> None:
    await place.site.limit("compute", **{resource: 0})
    rows = Rows(place.moving.cloud)
    answer = await place.site.server()
    assert (answer.status_code, next(iter(answer.json()))) == (403, "forbidden")
    assert resource in answer.text
    assert not rows.changed()


async def test_a_host_whose_disk_is_full_is_told_without_its_name_and_nothing_stays(place: Place) -> None:
    place.world.faults.fail(commands.CreateRootDisk, times=9, code="no_space", message="The disk is full.")
    server = await place.server(networks=[{"uuid": await place.site.network()}])
    assert server["status"] == "ERROR"
    assert "full" in server["fault"]["message"]
    assert place.world.hostname not in str(server)
    assert await place.claimed() == {}
    assert place.left_on_host() == []
    assert (await place.site.demo.delete(f"{COMPUTE}/servers/{server['id']}")).status_code == 204
    await place.settle()
    assert await place.ports() == []


async def test_a_volume_that_does_not_fit_on_the_disk_is_in_error_and_nothing_stays(place: Place) -> None:
    place.world.faults.fail(commands.CreateVolume, times=9, code="no_space", message="The disk is full.")
    volume = (await made(place.site.demo.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}})))["volume"]["id"]
    await place.settle()
    assert (await made(place.site.demo.get(f"{VOLUME}/volumes/{volume}")))["volume"]["status"] == "error"
    assert place.left_on_host() == []
    assert (await place.site.demo.delete(f"{VOLUME}/volumes/{volume}")).status_code == 202
    await place.settle()
    assert (await place.site.demo.get(f"{VOLUME}/volumes/{volume}")).status_code == 404
    assert await place.claimed() == {}


async def test_a_server_deleted_while_it_is_built_leaves_nothing(place: Place) -> None:
    networks = [{"uuid": await place.site.network()}]
    server = (await made(place.site.server(networks=networks)))["server"]["id"]
    asked = False

    async def change_of_mind(command: type) -> None:
        nonlocal asked
        if not asked and command is commands.CreateRootDisk:
            asked = True
            assert (await place.look(server))["status"] == "BUILD"
            assert (await place.site.demo.delete(f"{COMPUTE}/servers/{server}")).status_code == 204

    place.world.faults.hook = change_of_mind
    await place.settle()
    assert asked
    assert (await place.site.demo.get(f"{COMPUTE}/servers/{server}")).status_code == 404
    assert await place.claimed() == {}
    assert place.world.guests == place.world.ports == {}
    assert await place.ports() == []


async def test_a_host_without_room_for_another_server_says_how_much_is_missing(place: Place) -> None:
    assert place.world.capacity == Capacity()
    most = {"name": "most", "vcpus": 1, "ram": 200 * 1024, "disk": 1}
    await place.site.limit("compute", ram=-1)
    flavor = (await made(place.site.admin.post(f"{COMPUTE}/flavors", json={"flavor": most})))["flavor"]["id"]
    assert (await place.server(flavorRef=flavor))["status"] == "ACTIVE"
    refused = await place.server(flavorRef=flavor)
    assert refused["status"] == "ERROR"
    assert f"{most['ram']}" in refused["fault"]["message"] or "MEMORY_MB" in refused["fault"]["message"]
    assert "free" in refused["fault"]["message"]
