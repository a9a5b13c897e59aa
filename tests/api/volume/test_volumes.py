"""Volumes over HTTP: create, show, change, extend, delete."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.volumes import V3, Api, VolumeCloud, at

from cumulet.contract.commands import CreateVolume, ExtendVolume, QuarantineVolume

MISSING = "00000000-0000-4000-8000-000000000000"


async def test_a_new_volume_is_made_on_a_host_and_becomes_available(volumes: VolumeCloud, demo: Api) -> None:
    made = await demo.make(name="data", description="of mine", size=2, metadata={"a": "b"})
    assert (made["status"], made["size"], made["name"], made["bootable"]) == ("creating", 2, "data", "false")
    await volumes.settle()
    shown = await demo.show(made)
    assert (shown["status"], shown["availability_zone"], shown["metadata"]) == ("available", "nova", {"a": "b"})
    assert volumes.world.disks[made["id"]]["volume"].size == 2 * 2**30


async def test_a_volume_has_the_fields_of_its_version(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    first = {
        *("id", "name", "description", "status", "size", "availability_zone", "bootable", "encrypted", "multiattach"),
        *("replication_status", "consistencygroup_id", "snapshot_id", "source_volid", "volume_type", "user_id", "metadata"),
        *("attachments", "links", "created_at", "updated_at", "os-vol-tenant-attr:tenant_id"),
    }
    born = {
        "3.13": {"group_id"},
        "3.48": {"service_uuid", "shared_targets"},
        "3.63": {"volume_type_id"},
        "3.65": {"consumes_quota"},
    }
    known = set(first)
    assert set(await demo.show(made, **at("3.0"))) == known
    for version, fields in born.items():
        before = f"3.{int(version[2:]) - 1}"
        assert set(await demo.show(made, **at(before))) == known
        known |= fields
        assert set(await demo.show(made, **at(version))) == known


async def test_administrators_see_where_a_volume_is(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    made = await volumes.available(demo)
    shown = await admin.show(made)
    assert shown["os-vol-host-attr:host"] == "fake1@files#files"
    assert {"migration_status", "provider_id", "cluster_name", "os-vol-mig-status-attr:migstat"} <= set(shown)
    assert not [name for name in await demo.show(made) if name.startswith(("os-vol-host", "os-vol-mig", "migration"))]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": "x"}, "size"),
        ({"size": 1.5}, "size"),
        ({"size": None}, "size"),
        ({"size": True}, "size"),
        ({"name": "x" * 256}, "name"),
        ({"name": 5}, "name"),
        ({"description": "x" * 256}, "description"),
        ({"metadata": {"": "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 256}}, "metadata"),
        ({"metadata": {"k": 1}}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"availability_zone": "mars"}, "mars"),
        ({"imageRef": "no-uuid"}, "imageRef"),
        ({"imageRef": MISSING}, MISSING),
        ({"snapshot_id": "no-uuid"}, "snapshot_id"),
        ({"source_volid": "no-uuid"}, "source_volid"),
        ({"multiattach": True}, "multiattach"),
        ({"multiattach": "perhaps"}, "multiattach"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"user_id": "me"}, "user_id"),
    ],
)
async def test_a_wrong_volume_is_refused_by_the_name_of_the_field(demo: Api, wrong: dict[str, Any], named: str) -> None:
    assert named in await demo.make(400, **wrong)
    assert await demo.list() == []


@pytest.mark.parametrize("name", ["snapshot_id", "source_volid", "consistencygroup_id", "group_id", "backup_id"])
async def test_a_source_that_is_not_there_is_not_found(demo: Api, name: str) -> None:
    assert MISSING in await demo.make(404, **{name: MISSING})
    assert "could not be found" in await demo.make(404, volume_type="no-such-type")


async def test_a_volume_has_one_source_at_most(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    assert "only one" in await demo.make(400, source_volid=made["id"], snapshot_id=MISSING)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"volume"', b"{}", b'{"volume": []}', b'{"volume": null}', b"\xff"])
async def test_a_malformed_body_is_a_bad_request(demo: Api, body: bytes) -> None:
    for method, path in (("POST", "/volumes"), ("POST", f"/volumes/{MISSING}/action")):
        answer = await demo.client.request(method, V3 + path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert answer.json()["badRequest"]["code"] == 400


async def test_what_old_clients_send_along_is_ignored_for_them(demo: Api) -> None:
    answer = await demo.client.post(
        f"{V3}/volumes", json={"volume": {"size": 1, "user_id": "me", "status": "creating"}}, headers=at("3.0")
    )
    assert answer.status_code == 202
    refused = await demo.client.post(f"{V3}/volumes", json={"volume": {"size": 1, "group_id": None}}, headers=at("3.12"))
    assert refused.status_code == 400


async def test_names_and_sizes_may_be_written_loosely(demo: Api) -> None:
    made = await demo.make(size="3", display_name="  old  ", description=None)
    assert (made["size"], made["name"]) == (3, "old")


async def test_name_description_and_metadata_change(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo, name="a", description="b")
    path = f"/volumes/{made['id']}"
    changed = await demo.call("PUT", path, 200, {"volume": {"name": "c", "metadata": {"k": "v"}}})
    assert (changed["volume"]["name"], changed["volume"]["description"], changed["volume"]["metadata"]) == ("c", "b", {"k": "v"})
    assert changed["volume"]["updated_at"] is not None
    await demo.call("PUT", path, 200, {"volume": {"display_description": None}})
    assert (await demo.show(made))["description"] is None


async def test_a_change_of_nothing_or_of_something_else_is_refused(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    path = f"/volumes/{made['id']}"
    await demo.call("PUT", path, 400, {"volume": {}})
    await demo.call("PUT", path, 200, {"volume": {}}, **at("3.52"))
    assert "size" in await demo.call("PUT", path, 400, {"volume": {"size": 5}})
    assert (await demo.show(made))["size"] == 1


async def test_a_volume_that_cannot_be_made_is_in_error_and_can_be_deleted(volumes: VolumeCloud, demo: Api) -> None:
    volumes.world.faults.fail(CreateVolume, code="no_space")
    made = await demo.make()
    await volumes.settle()
    assert (await demo.show(made))["status"] == "error"
    assert made["id"] not in volumes.world.disks
    await demo.drop(made)
    await volumes.settle()
    await demo.show(made, 404)


async def test_no_host_has_room_for_a_volume_that_is_too_large(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    await admin.call("PUT", f"/os-quota-sets/{demo.project_id}", 200, {"quota_set": {"gigabytes": -1}})
    made = await demo.make(size=100_000)
    await volumes.settle()
    assert (await demo.show(made))["status"] == "error"
    assert volumes.world.disks == {}


async def test_K1_a_deleted_volume_is_in_quarantine(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    await demo.drop(made)
    assert (await demo.show(made))["status"] == "deleting"
    await volumes.settle()
    await demo.show(made, 404)
    assert made["id"] not in volumes.world.disks
    assert [entry.owner for entry in volumes.world.quarantine] == [made["id"]]


async def test_a_volume_that_the_host_does_not_delete_can_be_deleted_again(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    volumes.world.faults.fail(QuarantineVolume)
    await demo.drop(made)
    await volumes.settle()
    assert (await demo.show(made))["status"] == "error_deleting"
    await demo.drop(made)
    await volumes.settle()
    await demo.show(made, 404)


async def test_a_volume_being_made_is_deleted_by_force_only(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    made = await demo.make()
    assert "creating" in await demo.drop(made, 400)
    await demo.drop(made, 403, "?force=true")
    await demo.act(made, "os-force_delete", {}, 403)
    await admin.act(made, "os-force_delete", {})
    assert (await demo.show(made))["status"] == "deleting"
    await volumes.settle()
    await demo.show(made, 404)
    assert volumes.world.disks == {}


async def test_force_counts_only_for_clients_that_know_it(volumes: VolumeCloud, admin: Api) -> None:
    made = await admin.make()
    await admin.call("DELETE", f"/volumes/{made['id']}?force=true", 400, None, **at("3.22"))
    await admin.call("DELETE", f"/volumes/{made['id']}?force=perhaps", 400)
    await admin.call("DELETE", f"/volumes/{made['id']}?force=true", 202, None, **at("3.23"))


async def test_a_volume_grows(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    await demo.act(made, "os-extend", {"new_size": 3})
    assert ((await demo.show(made))["status"], (await demo.show(made))["size"]) == ("extending", 1)
    await volumes.settle()
    shown = await demo.show(made)
    assert (shown["status"], shown["size"]) == ("available", 3)
    assert volumes.world.disks[made["id"]]["volume"].size == 3 * 2**30


@pytest.mark.parametrize("size", [0, 1, -1, None, "x", 1.5, True, [2]])
async def test_a_volume_never_shrinks(volumes: VolumeCloud, demo: Api, size: Any) -> None:
    made = await volumes.available(demo)
    await demo.act(made, "os-extend", {"new_size": size}, 400)
    assert (await demo.show(made))["status"] == "available"


async def test_a_volume_that_the_host_does_not_grow_stays_as_it_was(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    volumes.world.faults.fail(ExtendVolume, code="no_space")
    await demo.act(made, "os-extend", {"new_size": 3})
    await volumes.settle()
    shown = await demo.show(made)
    assert (shown["status"], shown["size"]) == ("available", 1)
    limits = (await demo.get("/limits"))["limits"]["absolute"]
    assert limits["totalGigabytesUsed"] == 1


async def test_a_volume_in_use_grows_for_clients_that_know_of_it(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    await demo.act(made, "os-attach", {"instance_uuid": MISSING, "mountpoint": "/dev/vdb"})
    answer = await demo.client.post(f"{V3}/volumes/{made['id']}/action", json={"os-extend": {"new_size": 2}}, headers=at("3.41"))
    assert answer.status_code == 400
    await demo.act(made, "os-extend", {"new_size": 2})
    await volumes.settle()
    shown = await demo.show(made)
    assert (shown["status"], shown["size"]) == ("in-use", 2)


async def test_what_is_being_done_to_a_volume_keeps_others_out(volumes: VolumeCloud, demo: Api) -> None:
    made = await volumes.available(demo)
    await demo.act(made, "os-extend", {"new_size": 2})
    for action, value in (("os-extend", {"new_size": 3}), ("os-reserve", {}), ("os-retype", {"new_type": "x"})):
        await demo.act(made, action, value, 400)
    await demo.drop(made, 400)
    await volumes.settle()
    assert (await demo.show(made))["size"] == 2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_volume_that_is_not_there_is_not_found(demo: Api, method: str) -> None:
    for volume_id in (MISSING, "nonsense"):
        await demo.call(method, f"/volumes/{volume_id}", 404, {"volume": {"name": "x"}})


async def test_an_image_s_content_makes_a_bootable_volume(volumes: VolumeCloud, demo: Api) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    fields = {"name": "tiny", "disk_format": "raw", "container_format": "bare", "hw_disk_bus": "virtio"}
    image = (await demo.client.post("/image/v2/images", json=fields)).json()
    assert (await demo.make(400, imageRef=image["id"])).startswith("Invalid image identifier")
    await demo.client.put(f"/image/v2/images/{image['id']}/file", content=bytes(1 << 20), headers=headers)
    made = await volumes.available(demo, imageRef=f"http://somewhere/images/{image['id']}")
    assert made["bootable"] == "true"
    assert made["volume_image_metadata"]["image_id"] == image["id"]
    assert made["volume_image_metadata"]["hw_disk_bus"] == "virtio"
    large = (await demo.client.post("/image/v2/images", json={**fields, "min_disk": 3})).json()
    await demo.client.put(f"/image/v2/images/{large['id']}/file", content=bytes(1 << 20), headers=headers)
    assert "3GB" in await demo.make(400, imageRef=large["id"], size=2)
