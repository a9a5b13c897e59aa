"""Images of servers over HTTP: createImage."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud, actor, body

from cumulet.compute.rules.disks import Asked
from cumulet.compute.store import disks
from cumulet.compute.workflows.lifecycle.snapshot_server import PIECE
from cumulet.contract.commands import CopyVolume, ExportRootDisk, ReadExport
from cumulet.image.operations import images
from cumulet.kernel.db import Page
from cumulet.kernel.errors import NotFound
from cumulet.volume.operations import snapshots, volumes

WANTED = {"createImage": {"name": "copy", "metadata": {"purpose": "backup"}}}


async def image_of(cloud: ComputeCloud, image_id: str) -> Any:
    async with cloud.db.read() as tx:
        return await images.get(tx, actor(), image_id)


async def shown(cloud: ComputeCloud, server_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await cloud.client(**LATEST).get(f"/servers/{server_id}")).json()["server"]
    return found


async def ask(cloud: ComputeCloud, server_id: str, said: Any = WANTED, **headers: str) -> Any:
    return await cloud.client(**(headers or LATEST)).post(f"/servers/{server_id}/action", json=said)


async def test_an_image_of_a_running_server_has_its_disk_and_says_what_it_is(cloud: ComputeCloud) -> None:
    source = await cloud.add_image(properties={"os_distro": "debian", "img_signature": "x", "owner_specified.openstack.md5": "y"})
    server = await cloud.server(image_id=source.id)
    answer = await ask(cloud, server.id)
    assert (answer.status_code, "location" in answer.headers) == (202, False)
    image_id = answer.json()["image_id"]
    assert (await image_of(cloud, image_id)).status == "queued"
    assert (await shown(cloud, server.id))["OS-EXT-STS:task_state"] == "image_snapshot"
    await cloud.settle()
    image = await image_of(cloud, image_id)
    assert (image.name, image.status, image.visibility, image.owner) == ("copy", "active", "private", DEMO)
    assert (image.disk_format, image.container_format, image.size) == ("qcow2", "bare", 65536)
    assert (image.virtual_size, image.min_disk) == (cloud.flavor.disk << 30, cloud.flavor.disk)
    assert image.properties == {
        "os_distro": "debian",
        "base_image_ref": source.id,
        "image_location": "snapshot",
        "image_state": "available",
        "image_type": "snapshot",
        "instance_uuid": server.id,
        "owner_id": DEMO,
        "user_id": actor().user_id,
        "purpose": "backup",
    }
    now = await shown(cloud, server.id)
    assert (now["status"], now["OS-EXT-STS:task_state"]) == ("ACTIVE", None)
    actions = (await cloud.client(**LATEST).get(f"/servers/{server.id}/os-instance-actions")).json()["instanceActions"]
    assert (actions[0]["action"], actions[0]["message"]) == ("createImage", None)
    assert [image_id in world.disks for world in cloud.worlds] == [False, False], "the copy is put away"


async def test_before_2_45_the_image_is_told_by_its_address(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    answer = await ask(cloud, server.id, **{"OpenStack-API-Version": "compute 2.44"})
    assert (answer.status_code, answer.content) == (202, b"")
    await cloud.settle()
    address, _, image_id = answer.headers["location"].rpartition("/")
    assert address == "http://cloud.test/image/v2/images"
    assert (await image_of(cloud, image_id)).status == "active"


async def test_an_image_can_be_made_of_a_stopped_server(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    await cloud.client().post(f"/servers/{server.id}/action", json={"os-stop": None})
    await cloud.settle()
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    await cloud.settle()
    assert (await image_of(cloud, image_id)).status == "active"
    assert (await shown(cloud, server.id))["status"] == "SHUTOFF"


async def test_a_server_can_be_made_from_the_image(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    await cloud.settle()
    assert (await cloud.server(image_id=image_id)).state == "active"


async def from_volume(cloud: ComputeCloud) -> Any:
    """A server that boots from a volume made of the image, and has another one."""
    root = Asked(source="image", place="volume", source_id=cloud.image.id, size_mb=1024, boot_index=0, delete_on_termination=True)
    data = Asked(source="blank", place="volume", size_mb=2048)
    server = await cloud.server(image_id=None, disks=[root, data])
    await a_while(cloud)
    return server


async def a_while(cloud: ComputeCloud) -> None:
    """Long enough for everything that looks now and then."""
    for _ in range(3):
        await cloud.clock.advance(6)
        await cloud.settle()


async def snapshots_of(cloud: ComputeCloud) -> list[Any]:
    async with cloud.db.read() as tx:
        return await snapshots.page(tx, actor(), Page())


async def test_an_image_of_a_server_that_boots_from_a_volume_names_snapshots_of_its_volumes(cloud: ComputeCloud) -> None:
    server = await from_volume(cloud)
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    await a_while(cloud)
    image = await image_of(cloud, image_id)
    assert (image.status, image.size, image.properties["bdm_v2"], image.properties["root_device_name"]) == (
        *("active", 0, "True"),
        "/dev/vda",
    )
    root, data = json.loads(image.properties["block_device_mapping"])
    made = {snapshot.id: snapshot for snapshot in await snapshots_of(cloud)}
    assert [made[each["snapshot_id"]].size_gb for each in (root, data)] == [1, 2]
    assert {snapshot.name for snapshot in made.values()} == {"snapshot for copy"}
    assert (root["boot_index"], root["device_name"], root["delete_on_termination"], root["source_type"]) == (
        *(0, "/dev/vda", True),
        "snapshot",
    )
    assert (data["boot_index"], data["device_name"], data["volume_size"], data["destination_type"]) == (
        *(None, "/dev/vdb", 2),
        "volume",
    )
    assert (await shown(cloud, server.id))["OS-EXT-STS:task_state"] is None


async def test_a_server_made_from_such_an_image_has_volumes_made_from_the_snapshots(cloud: ComputeCloud) -> None:
    server = await from_volume(cloud)
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    await a_while(cloud)
    again = await cloud.server(image_id=image_id)
    await a_while(cloud)
    assert (await shown(cloud, again.id))["status"] == "ACTIVE"
    async with cloud.db.read() as tx:
        has = [await volumes.get(tx, actor(), d.volume_id) for d in await disks.of_server(tx, again.id) if d.volume_id]
    assert [(volume.size_gb, volume.bootable) for volume in has] == [(1, True), (2, False)]
    assert {volume.snapshot_id for volume in has} == {snapshot.id for snapshot in await snapshots_of(cloud)}


async def test_who_names_the_image_as_boot_disk_too_gets_its_own_and_may_replace_the_others(cloud: ComputeCloud) -> None:
    server = await from_volume(cloud)
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    await a_while(cloud)
    plain = {"boot_index": 0, "uuid": image_id, "source_type": "image", "destination_type": "local", "delete_on_termination": True}
    larger = {"device_name": "/dev/vdb", "source_type": "blank", "destination_type": "volume", "volume_size": 3}
    wanted = body(cloud, networks="auto", imageRef=image_id, block_device_mapping_v2=[plain, larger])
    answer = await cloud.client(**LATEST).post("/servers", json=wanted)
    assert answer.status_code == 202, answer.text
    await a_while(cloud)
    async with cloud.db.read() as tx:
        has = [await volumes.get(tx, actor(), d.volume_id or "") for d in await disks.of_server(tx, answer.json()["server"]["id"])]
    assert [(volume.size_gb, volume.snapshot_id is None) for volume in has] == [(1, False), (3, True)]


async def test_a_snapshot_that_fails_takes_the_image_and_the_others_with_it(cloud: ComputeCloud) -> None:
    server = await from_volume(cloud)
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    for world in cloud.worlds:
        world.faults.fail(CopyVolume, message="The host's disk is full.")
    await a_while(cloud)
    with pytest.raises(NotFound):
        await image_of(cloud, image_id)
    assert await snapshots_of(cloud) == []
    assert (await shown(cloud, server.id))["OS-EXT-STS:task_state"] is None


@pytest.mark.parametrize("text", ["{", '[{"snapshot_id": 1}]', '[{"snapshot_id": "x", "volume_size": 1, "source_type": "image"}]'])
async def test_a_mapping_that_cannot_be_used_is_refused(cloud: ComputeCloud, text: str) -> None:
    image = await cloud.add_image(properties={"block_device_mapping": text, "bdm_v2": "True"})
    answer = await cloud.client(**LATEST).post("/servers", json=body(cloud, imageRef=image.id, networks="auto"))
    assert (answer.status_code, "block_device_mapping" in answer.text) == (400, True)


async def test_a_snapshot_that_is_not_there_is_the_bodys_fault(cloud: ComputeCloud) -> None:
    root = {"boot_index": 0, "uuid": str(uuid.UUID(int=1)), "source_type": "snapshot", "destination_type": "volume"}
    wanted = body(cloud, networks="auto", imageRef="", block_device_mapping_v2=[root])
    answer = await cloud.client(**LATEST).post("/servers", json=wanted)
    assert (answer.status_code, "could not be found" in answer.text) == (400, True)


@pytest.mark.parametrize("command", [ExportRootDisk, ReadExport])
async def test_when_the_host_refuses_there_is_no_image_and_the_server_is_as_before(cloud: ComputeCloud, command: type) -> None:
    server = await cloud.server()
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    for world in cloud.worlds:
        world.faults.fail(command, message="The host's disk is full.")
    await cloud.settle()
    with pytest.raises(NotFound):
        await image_of(cloud, image_id)
    now = await shown(cloud, server.id)
    assert (now["status"], now["OS-EXT-STS:task_state"]) == ("ACTIVE", None)
    assert [image_id in world.disks for world in cloud.worlds] == [False, False]
    path = f"/servers/{server.id}/os-instance-actions"
    [action, _] = (await cloud.client(**LATEST).get(path)).json()["instanceActions"]
    assert (action["action"], action["message"]) == ("createImage", "Error")


async def test_a_server_that_is_deleted_meanwhile_leaves_no_image(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    image_id = (await ask(cloud, server.id)).json()["image_id"]
    assert (await cloud.client().delete(f"/servers/{server.id}")).status_code == 204
    await cloud.settle()
    assert (await cloud.client().get(f"/servers/{server.id}")).status_code == 404
    with pytest.raises(NotFound):
        await image_of(cloud, image_id)
    assert all(not world.disks for world in cloud.worlds)


async def test_one_image_at_a_time_is_made_of_a_server(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    assert (await ask(cloud, server.id)).status_code == 202
    second = await ask(cloud, server.id)
    assert (second.status_code, "image_snapshot" in second.text) == (409, True)
    await cloud.settle()
    assert (await ask(cloud, server.id)).status_code == 202


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"createImage": {}}, 400),
        ({"createImage": {"name": ""}}, 400),
        ({"createImage": {"name": " x"}}, 400),
        ({"createImage": {"name": "x" * 256}}, 400),
        ({"createImage": {"name": "x", "metadata": {"key": 1}}}, 400),
        ({"createImage": {"name": "x", "metadata": {"key": "x" * 256}}}, 400),
        ({"createImage": {"name": "x", "other": 1}}, 400),
        ({"createImage": {"name": "x", "metadata": {str(n): "x" for n in range(129)}}}, 403),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(cloud: ComputeCloud, said: Any, status: int) -> None:
    server = await cloud.server()
    assert (await ask(cloud, server.id, said)).status_code == status
    assert (await shown(cloud, server.id))["OS-EXT-STS:task_state"] is None


async def test_a_server_of_somebody_else_or_a_locked_one_is_not_copied(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    path = f"/servers/{server.id}/action"
    assert (await cloud.client(OTHER).post(path, json=WANTED)).status_code == 404
    assert (await cloud.client(role="reader").post(path, json=WANTED)).status_code == 403
    await cloud.client().post(path, json={"lock": None})
    assert (await cloud.client().post(path, json=WANTED)).status_code == 409


def test_a_piece_fits_into_one_message_of_nats() -> None:
    assert PIECE + 4096 < 1 << 20
