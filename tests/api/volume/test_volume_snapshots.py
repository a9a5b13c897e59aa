"""Snapshots over HTTP, and volumes made from them and from volumes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.volumes import SERVER, V3, Api, VolumeCloud, at

from cumulet.contract.commands import CopyVolume, QuarantineVolume

MISSING = "00000000-0000-4000-8000-000000000000"


async def snap(api: Api, volume: dict[str, Any], status: int = 202, **fields: Any) -> Any:
    found = await api.call("POST", "/snapshots", status, {"snapshot": {"volume_id": volume["id"], **fields}})
    return found["snapshot"] if status < 400 else found


async def show(api: Api, snapshot: dict[str, Any], status: int = 200, **headers: str) -> Any:
    found = await api.get(f"/snapshots/{snapshot['id']}", status, **headers)
    return found["snapshot"] if status < 400 else found


async def drop(api: Api, snapshot: dict[str, Any], status: int = 202) -> Any:
    return await api.call("DELETE", f"/snapshots/{snapshot['id']}", status)


async def act(api: Api, snapshot: dict[str, Any], action: str, value: Any, status: int = 202) -> Any:
    return await api.call("POST", f"/snapshots/{snapshot['id']}/action", status, {action: value})


async def taken(volumes: VolumeCloud, api: Api, volume: dict[str, Any], **fields: Any) -> Any:
    """A snapshot that is ready."""
    snapshot = await snap(api, volume, **fields)
    await volumes.settle()
    return await show(api, snapshot)


async def test_a_snapshot_is_a_copy_beside_the_volume(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo, size=2)
    made = await snap(demo, volume, name="before", description="the upgrade", metadata={"a": "b"})
    assert (made["status"], made["size"], made["volume_id"]) == ("creating", 2, volume["id"])
    await volumes.settle()
    shown = await show(demo, made)
    assert (shown["status"], shown["name"], shown["metadata"]) == ("available", "before", {"a": "b"})
    assert shown["os-extended-snapshot-attributes:progress"] == "100%"
    assert shown["os-extended-snapshot-attributes:project_id"] == demo.project_id
    assert volumes.world.disks[made["id"]]["volume"].size == 2 * 2**30


async def test_a_snapshot_has_the_fields_of_its_version(volumes: VolumeCloud, demo: Api) -> None:
    made = await taken(volumes, demo, await volumes.available(demo))
    known = set(await show(demo, made, **at("3.0")))
    for version, field in (("3.14", "group_snapshot_id"), ("3.41", "user_id"), ("3.65", "consumes_quota")):
        assert set(await show(demo, made, **at(f"3.{int(version[2:]) - 1}"))) == known
        known |= {field}
        assert set(await show(demo, made, **at(version))) == known


@pytest.mark.parametrize(
    "wrong",
    [
        *({"volume_id": "x"}, {"volume_id": None}, {"name": "x" * 256}, {"metadata": {"a": 1}}, {"force": "perhaps"}),
        *({"unheard": 1}, {"description": 5}),
    ],
)
async def test_a_wrong_snapshot_is_refused(volumes: VolumeCloud, demo: Api, wrong: dict[str, Any]) -> None:
    await snap(demo, await volumes.available(demo), 400, **wrong)
    assert (await demo.get("/snapshots"))["snapshots"] == []


async def test_a_volume_that_is_not_there_or_not_ready_has_no_snapshots(volumes: VolumeCloud, demo: Api) -> None:
    await snap(demo, {"id": MISSING}, 404)
    assert "creating" in await snap(demo, await demo.make(), 400)


async def test_a_volume_in_use_is_copied_by_force_and_since_3_66_without(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-attach", {"instance_uuid": SERVER, "mountpoint": "/dev/vdb"})
    volumes.run_guest(volume)
    body = {"snapshot": {"volume_id": volume["id"]}}
    assert "in-use" in await demo.call("POST", "/snapshots", 400, body, **at("3.65"))
    await demo.call("POST", "/snapshots", 202, {"snapshot": {**body["snapshot"], "force": True}}, **at("3.65"))
    await demo.call("POST", "/snapshots", 400, {"snapshot": {**body["snapshot"], "force": False}})
    await demo.call("POST", "/snapshots", 202, {"snapshot": {**body["snapshot"], "force": True}})
    await demo.call("POST", "/snapshots", 202, body)
    await volumes.settle()
    assert [s["status"] for s in (await demo.get("/snapshots"))["snapshots"]] == ["available"] * 3
    assert (await demo.show(volume))["status"] == "in-use"


async def test_a_snapshot_that_cannot_be_made_is_in_error_and_can_be_deleted(volumes: VolumeCloud, demo: Api) -> None:
    volumes.world.faults.fail(CopyVolume, code="no_space")
    made = await taken(volumes, demo, await volumes.available(demo))
    assert made["status"] == "error"
    assert made["id"] not in volumes.world.disks
    await drop(demo, made)
    await volumes.settle()
    await show(demo, made, 404)


async def test_K1_a_deleted_snapshot_is_in_quarantine(volumes: VolumeCloud, demo: Api) -> None:
    made = await taken(volumes, demo, await volumes.available(demo))
    volumes.world.faults.fail(QuarantineVolume)
    await drop(demo, made)
    await volumes.settle()
    assert (await show(demo, made))["status"] == "error_deleting"
    await drop(demo, made)
    assert "deleting" in await drop(demo, made, 400)
    await volumes.settle()
    await show(demo, made, 404)
    assert [entry.owner for entry in volumes.world.quarantine] == [made["id"]]


async def test_a_snapshot_being_made_is_deleted_by_force_only(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    volume = await volumes.available(demo)
    made = await snap(demo, volume)
    await drop(demo, made, 400)
    await act(demo, made, "os-force_delete", {}, 403)
    await act(admin, made, "os-force_delete", {})
    await volumes.settle()
    await show(demo, made, 404)
    assert set(volumes.world.disks) == {volume["id"]}


async def test_a_volume_with_snapshots_is_deleted_by_cascade_only(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    for _ in range(2):
        await taken(volumes, demo, volume)
    assert "2 snapshots" in await demo.drop(volume, 400)
    await demo.drop(volume, 202, "?cascade=true")
    await volumes.settle()
    await demo.show(volume, 404)
    assert (await demo.get("/snapshots"))["snapshots"] == []
    assert volumes.world.disks == {}
    assert len(volumes.world.quarantine) == 3


async def test_a_cascade_that_fails_half_way_can_be_tried_again(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    for _ in range(2):
        await taken(volumes, demo, volume)
    volumes.world.faults.fail(QuarantineVolume)
    await demo.drop(volume, 202, "?cascade=true")
    await volumes.settle()
    assert (await demo.show(volume))["status"] == "error_deleting"
    assert {s["status"] for s in (await demo.get("/snapshots"))["snapshots"]} == {"error_deleting"}
    await demo.drop(volume, 202, "?cascade=true")
    await volumes.settle()
    await demo.show(volume, 404)


async def test_a_volume_from_a_snapshot_is_as_large_and_of_the_type_of_the_original(
    volumes: VolumeCloud, demo: Api, admin: Api
) -> None:
    await admin.call("POST", "/types", 200, {"volume_type": {"name": "fast"}})
    volume = await volumes.available(demo, size=2, volume_type="fast")
    await demo.act(volume, "os-set_bootable", {"bootable": True}, 200)
    await demo.act(volume, "os-set_image_metadata", {"metadata": {"os": "plan9"}}, 200)
    made = await taken(volumes, demo, volume)
    for source in ({"snapshot_id": made["id"]}, {"source_volid": volume["id"]}):
        assert "smaller than" in await demo.make(400, size=1, **source)
        copy = await volumes.available(demo, size=None, **source)
        assert (copy["size"], copy["volume_type"], copy["status"], copy["bootable"]) == (2, "fast", "available", "true")
        assert copy["volume_image_metadata"] == {"os": "plan9"}
        assert {name: copy[name] for name in source} == source
        larger = await volumes.available(demo, size=5, **source)
        assert volumes.world.disks[larger["id"]]["volume"].size == 5 * 2**30


async def test_the_copies_of_a_snapshot_outlive_it(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    made = await taken(volumes, demo, volume)
    copy = await volumes.available(demo, snapshot_id=made["id"])
    await drop(demo, made)
    await volumes.settle()
    await demo.drop(volume)
    await volumes.settle()
    assert (await demo.show(copy))["status"] == "available"


async def test_only_what_is_ready_is_copied(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    made = await snap(demo, volume)
    assert "creating" in await demo.make(400, snapshot_id=made["id"])
    await volumes.settle()
    await demo.drop(volume, 400)
    assert "creating" in await demo.make(400, source_volid=(await demo.make())["id"])


async def test_a_snapshot_is_described_anew(volumes: VolumeCloud, demo: Api) -> None:
    made = await taken(volumes, demo, await volumes.available(demo), name="a")
    path = f"/snapshots/{made['id']}"
    assert (await demo.call("PUT", path, 200, {"snapshot": {"name": "b", "description": "c"}}))["snapshot"]["name"] == "b"
    assert ((await show(demo, made))["name"], (await show(demo, made))["description"]) == ("b", "c")
    for wrong in ({}, {"metadata": {}}, {"size": 5}, {"name": 5}):
        await demo.call("PUT", path, 400, {"snapshot": wrong})
    data = f"{path}/metadata"
    assert await demo.call("POST", data, 200, {"metadata": {"a": "1"}}) == {"metadata": {"a": "1"}}
    assert await demo.call("PUT", data, 200, {"metadata": {"b": "2"}}) == {"metadata": {"b": "2"}}
    assert await demo.call("PUT", f"{data}/b", 200, {"meta": {"b": "3"}}) == {"meta": {"b": "3"}}
    await demo.call("PUT", f"{data}/b", 400, {"meta": {"c": "3"}})
    assert await demo.get(f"{data}/b") == {"meta": {"b": "3"}}
    await demo.call("DELETE", f"{data}/b", 200)
    await demo.get(f"{data}/b", 404)
    assert await demo.get(data) == {"metadata": {}}


async def test_snapshots_are_listed_filtered_and_paged(volumes: VolumeCloud, demo: Api, other: Api, admin: Api) -> None:
    volume = await volumes.available(demo)
    for name in "abc":
        await taken(volumes, demo, volume, name=name, metadata={"letter": name})
        await volumes.clock.advance(1)

    async def names(query: str, api: Api = demo, **headers: str) -> str:
        return "".join(s["name"] for s in (await api.get(f"/snapshots/detail{query}", **headers))["snapshots"])

    assert await names("") == "cba"
    assert await names("?sort=name:asc") == "abc"
    assert await names("?name=b") == "b"
    assert await names("?name~=B") == "b"
    assert await names(f"?volume_id={volume['id']}&status=available") == "cba"
    assert await names(f"?volume_id={MISSING}") == ""
    assert await names("?availability_zone=nova") == "cba"
    assert await names("?metadata={'letter':'a'}") == "a"
    assert await names("?metadata={'letter':'a'}", **at("3.21")) == "cba"
    assert await names("?consumes_quota=false") == ""
    assert await names("?limit=1&offset=1") == "b"
    assert (await demo.get("/snapshots?limit=1&with_count=true"))["count"] == 3
    page = await demo.get("/snapshots?limit=2")
    assert await names(page["snapshots_links"][0]["href"].partition("/snapshots")[2]) == "a"
    assert await names("", other) == await names("?all_tenants=1", other) == await names("", admin) == ""
    assert await names("?all_tenants=1", admin) == "cba"
    for wrong in ("?colour=red", "?limit=-1", "?sort=colour", "?metadata=[]"):
        await demo.get(f"/snapshots/detail{wrong}", 400)


async def test_T8_another_project_s_snapshot_is_not_there(volumes: VolumeCloud, demo: Api, other: Api) -> None:
    made = await taken(volumes, demo, await volumes.available(demo))
    reader = await volumes.api("demo", "reader")
    path = f"/snapshots/{made['id']}"
    body = {"snapshot": {"name": "x"}, "metadata": {"a": "b"}, "meta": {"a": "b"}}
    for method, place in (
        *(("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/metadata"), ("POST", "/metadata"), ("PUT", "/metadata")),
        *(("GET", "/metadata/a"), ("PUT", "/metadata/a"), ("DELETE", "/metadata/a")),
    ):
        await other.call(method, path + place, 404, body)
        if method != "GET":
            await reader.call(method, path + place, 403, body)
    await other.make(404, snapshot_id=made["id"])
    await act(other, made, "os-update_snapshot_status", {"status": "error"}, 404)
    await show(reader, made)


async def test_snapshots_count_against_the_quota(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    volume = await volumes.available(demo, size=3)
    await admin.call("PUT", f"/os-quota-sets/{demo.project_id}", 200, {"quota_set": {"snapshots": 1, "gigabytes": 8}})
    made = await taken(volumes, demo, volume)
    limits = (await demo.get("/limits"))["limits"]["absolute"]
    assert (limits["totalSnapshotsUsed"], limits["totalGigabytesUsed"]) == (1, 6)
    answer = await demo.client.post(f"{V3}/snapshots", json={"snapshot": {"volume_id": volume["id"]}})
    assert (answer.status_code, answer.json()["overLimit"]["code"]) == (413, 413)
    await admin.call("PUT", f"/os-quota-sets/{demo.project_id}", 200, {"quota_set": {"snapshots": 5}})
    assert "gigabytes" in await snap(demo, volume, 413)
    await demo.make(413, size=3)
    await drop(demo, made)
    await volumes.settle()
    await snap(demo, volume)


async def test_states_of_snapshots_are_set_by_word(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    made = await taken(volumes, demo, await volumes.available(demo))
    await act(demo, made, "os-reset_status", {"status": "error"}, 403)
    await act(admin, made, "os-reset_status", {"status": "happy"}, 400)
    await act(demo, made, "os-update_snapshot_status", {"status": "error"}, 400)
    await act(admin, made, "os-reset_status", {"status": "creating"})
    await act(demo, made, "os-update_snapshot_status", {"status": "deleting"}, 400)
    await act(demo, made, "os-update_snapshot_status", {"status": "error", "progress": "80%"})
    assert (await show(demo, made))["status"] == "error"


async def test_a_volume_goes_back_to_its_latest_snapshot(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    old = await taken(volumes, demo, volume)
    await volumes.clock.advance(1)
    latest = await taken(volumes, demo, volume)
    for wrong in (old["id"], MISSING, None):
        await demo.act(volume, "revert", {"snapshot_id": wrong}, 400)
    await demo.call("POST", f"/volumes/{volume['id']}/action", 400, {"revert": {"snapshot_id": latest["id"]}}, **at("3.39"))
    await demo.act(volume, "revert", {"snapshot_id": latest["id"]})
    assert ((await demo.show(volume))["status"], (await show(demo, latest))["status"]) == ("reverting", "restoring")
    await demo.act(volume, "revert", {"snapshot_id": latest["id"]}, 409)
    await demo.drop(volume, 400, "?cascade=true")
    await volumes.settle()
    assert ((await demo.show(volume))["status"], (await show(demo, latest))["status"]) == ("available", "available")
    assert [entry.owner for entry in volumes.world.quarantine] == [volume["id"]]
    assert volume["id"] in volumes.world.disks


async def test_a_volume_that_grew_or_is_used_does_not_go_back(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    made = await taken(volumes, demo, volume)
    await demo.act(volume, "os-reserve")
    await demo.act(volume, "revert", {"snapshot_id": made["id"]}, 409)
    await demo.act(volume, "os-unreserve")
    await demo.act(volume, "os-extend", {"new_size": 2})
    await volumes.settle()
    await demo.act(volume, "revert", {"snapshot_id": made["id"]}, 400)
    assert (await show(demo, made))["status"] == "available"
