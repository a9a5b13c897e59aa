"""Every event of images, their members and metadata definitions, as a receiver gets it."""

from __future__ import annotations

import pytest

from cumulet.image.operations.upkeep.sweep import sweep
from cumulet.image.workflows.import_image import TASK_SECONDS
from cumulet.kernel.notifications.delivery import Delivery
from cumulet.kernel.notifications.webhook import Webhook
from support.receiver import receiving


@pytest.fixture
async def told(images):
    """Runs what a test does, then returns the messages that came of it."""
    images.db.tells = True
    async with receiving() as receiver:
        delivery = Delivery(images.db, Webhook(receiver.url), "control-1")

        async def delivered():
            receiver.envelopes.clear()
            await delivery.run()
            return {message["event_type"]: message for message in receiver.messages}

        yield delivered


async def test_the_life_of_a_record_is_told(images, told):
    client = images.client()
    made = await images.make(client, name="new", color="blue", tags=["t"])
    await client.patch(
        f"/v2/images/{made['id']}",
        json=[{"op": "replace", "path": "/name", "value": "old"}],
        headers={"Content-Type": "application/openstack-images-v2.1-json-patch"},
    )
    await client.delete(f"/v2/images/{made['id']}")
    messages = await told()
    assert list(messages) == ["image.create", "image.update", "image.delete"]
    payload = messages["image.create"]["payload"]
    assert payload["properties"] == {"color": "blue"}
    assert (payload["name"], payload["tags"], payload["status"], payload["deleted"]) == ("new", ["t"], "queued", False)
    assert messages["image.update"]["payload"]["name"] == "old"
    gone = messages["image.delete"]["payload"]
    assert (gone["status"], gone["deleted"], gone["deleted_at"]) == ("deleted", True, "2027-01-15T08:00:00Z")


async def test_an_upload_and_a_download_are_told(images, told):
    client = images.client()
    made = await images.active(client, b"some bytes")
    await client.get(f"/v2/images/{made['id']}/file")
    await client.get(f"/v2/images/{made['id']}/file", headers={"Range": "bytes=0-3"})
    messages = await told()
    assert list(messages) == ["image.create", "image.prepare", "image.upload", "image.activate", "image.send"]
    begun = messages["image.prepare"]["payload"]
    assert (begun["status"], begun["backend"], begun["os_glance_importing_to_stores"]) == ("saving", "file", [])
    active = messages["image.activate"]["payload"]
    assert (active["status"], active["size"], active["checksum"]) == ("active", 10, made["checksum"])
    sent = messages["image.send"]
    assert sent["priority"] == "INFO"
    assert sent["payload"] == {
        "bytes_sent": 4,
        "image_id": made["id"],
        "owner_id": "demo",
        "receiver_tenant_id": "demo",
        "receiver_user_id": "user-of-demo",
    }


async def test_a_download_that_is_cut_off_is_told_as_an_error(images, told):
    client = images.client()
    made = await images.active(client, bytes(3 << 20))
    [path] = (images.folder / "images").iterdir()
    path.write_bytes(bytes(1 << 20))
    with pytest.raises(Exception, match="ends too early"):
        await client.get(f"/v2/images/{made['id']}/file")
    sent = (await told())["image.send"]
    assert (sent["priority"], sent["payload"]["bytes_sent"]) == ("ERROR", 1 << 20)


async def test_an_import_is_told_as_a_task(images, told):
    client = images.client()
    made = await images.make(client)
    octets = {"Content-Type": "application/octet-stream"}
    await client.put(f"/v2/images/{made['id']}/stage", content=b"some bytes", headers=octets)
    await client.post(f"/v2/images/{made['id']}/import", json={"method": {"name": "glance-direct"}})
    await images.settle()
    messages = await told()
    assert [event for event in messages if event.startswith("task")] == [
        f"task.{event}" for event in ("create", "run", "processing", "success")
    ]
    assert messages["task.run"]["payload"]["status"] == "pending"
    begun = messages["image.prepare"]["payload"]
    assert (begun["status"], begun["backend"], begun["os_glance_importing_to_stores"]) == ("importing", "file", ["file"])
    assert messages["image.upload"]["payload"]["os_glance_importing_to_stores"] == ["file"]
    done = messages["task.success"]["payload"]
    assert (done["type"], done["status"], done["owner"], done["result"]) == ("api_image_import", "success", "demo", None)
    assert messages["image.activate"]["payload"]["status"] == "active"


async def test_a_task_that_is_forgotten_is_told(images, told):
    client = images.client()
    made = await images.make(client)
    await client.put(f"/v2/images/{made['id']}/stage", content=b"x", headers={"Content-Type": "application/octet-stream"})
    await client.post(f"/v2/images/{made['id']}/import", json={"method": {"name": "glance-direct"}})
    await images.settle()
    await told()
    await images.clock.advance(TASK_SECONDS + 1)
    await sweep(images.parts)
    messages = await told()
    gone = messages["task.delete"]["payload"]
    assert (gone["status"], gone["deleted"]) == ("success", True)
    await sweep(images.parts)
    assert await told() == {}


async def test_bytes_that_are_not_taken_are_told_as_an_error(images, told):
    client = images.client()
    made = await images.make(client, disk_format="qcow2")
    assert (await images.upload(client, made["id"], b"no qcow2")).status_code == 415
    uploaded = (await told())["image.upload"]
    assert uploaded["priority"] == "ERROR"
    assert made["id"] in uploaded["payload"]

    await client.put(f"/v2/images/{made['id']}/stage", content=b"none", headers={"Content-Type": "application/octet-stream"})
    await client.post(f"/v2/images/{made['id']}/import", json={"method": {"name": "glance-direct"}})
    await images.settle()
    messages = await told()
    assert (messages["image.upload"]["priority"], messages["task.failure"]["payload"]["status"]) == ("ERROR", "failure")
    assert "image.activate" not in messages


async def test_sharing_is_told(images, told):
    owner, friend = images.client(), images.client("friend")
    made = await images.make(owner)
    path = f"/v2/images/{made['id']}/members"
    await owner.post(path, json={"member": "friend"})
    await friend.put(f"{path}/friend", json={"status": "accepted"})
    await owner.delete(f"{path}/friend")
    messages = await told()
    assert list(messages)[1:] == ["image.member.create", "image.member.update", "image.member.delete"]
    statuses = [messages[f"image.member.{event}"]["payload"]["status"] for event in ("create", "update", "delete")]
    assert statuses == ["pending", "accepted", "accepted"]


async def test_a_refused_request_tells_nothing(images, told):
    client = images.client()
    made = await images.make(client, protected=True)
    await told()
    assert (await client.delete(f"/v2/images/{made['id']}")).status_code == 403
    assert await told() == {}


async def test_metadata_definitions_are_told(images, told):
    admin = images.client("ops", "admin")
    link = "/v2/metadefs/namespaces/n"
    described = {"title": "P", "type": "string"}
    await admin.post(
        "/v2/metadefs/namespaces",
        json={
            "namespace": "n",
            "properties": {"p": described},
            "objects": [{"name": "o", "properties": {"q": described}}],
            "tags": [{"name": "t"}],
            "resource_type_associations": [{"name": "r", "prefix": "x_"}],
        },
    )
    kinds = ("metadef_namespace", "metadef_object", "metadef_property", "metadef_tag", "metadef_resource_type")
    messages = await told()
    assert set(messages) == {f"{kind}.create" for kind in kinds}
    assert messages["metadef_object.create"]["payload"]["properties"][0]["name"] == "q"
    assert messages["metadef_resource_type.create"]["payload"]["prefix"] == "x_"
    assert messages["metadef_property.create"]["publisher_id"] == "image.control-1"

    await admin.put(f"{link}/tags/t", json={"name": "u"})
    assert (await told())["metadef_tag.update"]["payload"]["name_old"] == "t"
    await admin.put(f"{link}/objects/o", json={"name": "o"})
    await admin.put(f"{link}/properties/p", json={"name": "p", **described})
    for path in ("/objects", "/properties", "/tags", "/resource_types/r"):
        await admin.delete(link + path)
    await admin.put(link, json={"namespace": "m"})
    await admin.delete("/v2/metadefs/namespaces/m")
    emptied = [f"metadef_namespace.delete_{kind}" for kind in ("objects", "properties", "tags")]
    life = ["metadef_resource_type.delete", "metadef_namespace.update", "metadef_namespace.delete"]
    assert list(await told()) == ["metadef_object.update", "metadef_property.update", *emptied, *life]
