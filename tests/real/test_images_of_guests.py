"""An image of a running guest: the guest goes on, and a server made from the image has what was on its disk."""

from __future__ import annotations

import pytest

from support.inventory import inventory
from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def image_of(project: Project, server_id: str, name: str) -> str:
    """Ask for an image of a server; its id."""
    path = f"/compute/v2.1/servers/{server_id}/action"
    return str((await project.client.call("POST", path, {"createImage": {"name": name}}))["image_id"])


async def becomes_active(project: Project, image_id: str) -> dict[str, str]:
    """The image, once it is active."""

    async def is_so() -> dict[str, str] | None:
        image = dict(await project.client.get(f"/image/v2/images/{image_id}"))
        return image if image["status"] == "active" else None

    return dict(await until(is_so, f"image {image_id} active", 120))


async def is_there_again(cloud: RealCloud, project: Project, image_id: str, marker: str) -> None:
    """Check that a server made from the image has this on its disk; it is deleted afterwards."""
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    server = await project.server("again", network, imageRef=image_id)
    await project.becomes(server, "ACTIVE")
    address = await project.address(server)
    await cloud.answers_through(address, "again")
    assert await cloud.ssh_through(address, "cat marker") == marker
    await project.delete(server)


async def test_a_server_made_from_an_image_of_a_running_one_has_its_disk(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server = (await cloud.server("hello"))["id"]
    await cloud.ssh("echo while it ran > marker && sync")
    before = await cloud.ssh("cat /proc/sys/kernel/random/boot_id")
    image_id = await image_of(project, server, "while it ran")
    image = await becomes_active(project, image_id)
    await project.becomes(server, "ACTIVE")
    assert (image["disk_format"], image["image_type"], image["instance_uuid"]) == ("qcow2", "snapshot", server)
    assert await cloud.ssh("cat /proc/sys/kernel/random/boot_id") == before, "the guest has not noticed"
    await cloud.ssh("echo later > marker && sync")
    await is_there_again(cloud, project, image_id, "while it ran")
    assert (await inventory(cloud.config)).differences() == []


@pytest.mark.parametrize("task", ["image_snapshot", "image_uploading"])
async def test_T1_an_image_is_finished_after_a_crash(cloud: RealCloud, task: str) -> None:
    server = (await cloud.server("hello"))["id"]
    await cloud.ssh(f"echo {task} > marker && sync")
    image_id = await image_of(Project(cloud.demo, cloud.admin), server, task)

    async def has_come_so_far() -> bool:
        return bool((await cloud.server("hello"))["OS-EXT-STS:task_state"] == task)

    await until(has_come_so_far, f"{task} before the crash", 60, pause=0.005)
    cloud.kill()
    await cloud.up()
    project = Project(cloud.demo, cloud.admin)
    await becomes_active(project, image_id)
    await project.becomes(server, "ACTIVE")
    assert len([*(cloud.state / "images" / "images").glob(f"{image_id}.*")]) == 1
    assert [*(cloud.state / "images" / "incoming").iterdir()] == []
    assert not (cloud.state / "agent" / "disks" / image_id).exists(), "the copy is put away"
    await is_there_again(cloud, project, image_id, task)
    assert (await inventory(cloud.config)).differences() == []


async def test_an_image_of_a_stopped_server_has_its_disk(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    server = (await cloud.server("hello"))["id"]
    await cloud.ssh("echo before it stopped > marker && sync")
    await project.act(server, "os-stop")
    await project.becomes(server, "SHUTOFF", 90)
    image_id = await image_of(project, server, "stopped")
    await becomes_active(project, image_id)
    await project.becomes(server, "SHUTOFF")
    await project.act(server, "os-start")
    await cloud.answers()
    await is_there_again(cloud, project, image_id, "before it stopped")


async def test_an_image_of_a_server_that_boots_from_a_volume_brings_the_volume_along(cloud: RealCloud) -> None:
    project = Project(cloud.demo, cloud.admin)
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    tiny = (await project.first("/image/v2/images?name=tiny"))["id"]
    root = {"boot_index": 0, "uuid": tiny, "source_type": "image", "destination_type": "volume", "volume_size": 1}
    server = await project.server("rooted", network, imageRef=None, block_device_mapping_v2=[root])
    await project.becomes(server, "ACTIVE", 120)
    address = await project.address(server)
    await cloud.answers_through(address, "rooted")
    await cloud.ssh_through(address, "echo on a volume > marker && sync")
    image_id = await image_of(project, server, "on a volume")
    image = await becomes_active(project, image_id)
    assert (image["size"], image["root_device_name"]) == (0, "/dev/vda")
    await project.becomes(server, "ACTIVE")
    await project.delete(server)
    await is_there_again(cloud, project, image_id, "on a volume")
    assert (await inventory(cloud.config)).differences() == []
