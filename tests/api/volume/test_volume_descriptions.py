"""Metadata, what is known of images, flags, and states set by word."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.volumes import V3, Api, VolumeCloud, at

from cumulet.agent.fake import World

MISSING = "00000000-0000-4000-8000-000000000000"


async def test_metadata_is_added_replaced_and_removed(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo, metadata={"a": "1"})
    path = f"/volumes/{volume['id']}/metadata"
    assert await demo.call("POST", path, 200, {"metadata": {"b": "2"}}) == {"metadata": {"a": "1", "b": "2"}}
    assert await demo.call("PUT", path, 200, {"metadata": {"c": "3"}}) == {"metadata": {"c": "3"}}
    assert await demo.call("PUT", f"{path}/c", 200, {"meta": {"c": "4"}}) == {"meta": {"c": "4"}}
    assert await demo.get(f"{path}/c") == {"meta": {"c": "4"}}
    await demo.call("DELETE", f"{path}/c", 200)
    assert await demo.get(path) == {"metadata": {}}


@pytest.mark.parametrize(
    "wrong",
    [{}, {"metadata": []}, {"metadata": {"": "x"}}, {"metadata": {"x" * 256: "y"}}, {"metadata": {"a": 1}}, {"metadata": None}],
)
async def test_wrong_metadata_is_refused(volumes: VolumeCloud, demo: Api, wrong: dict[str, Any]) -> None:
    volume = await volumes.available(demo, metadata={"a": "1"})
    path = f"/volumes/{volume['id']}/metadata"
    for method in ("POST", "PUT"):
        await demo.call(method, path, 400, wrong)
    assert await demo.get(path) == {"metadata": {"a": "1"}}


async def test_an_item_is_set_under_its_own_name_only(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    path = f"/volumes/{volume['id']}/metadata"
    for wrong in ({"b": "1"}, {"a": "1", "b": "2"}, {}):
        await demo.call("PUT", f"{path}/a", 400, {"meta": wrong})
    for method in ("GET", "DELETE"):
        await demo.call(method, f"{path}/a", 404)
    for method in ("GET", "POST", "PUT"):
        await demo.call(method, f"/volumes/{MISSING}/metadata", 404, {"metadata": {}})


async def test_a_change_on_a_condition_happens_only_if_nobody_was_faster(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo, metadata={"a": "1"})
    path = f"{V3}/volumes/{volume['id']}/metadata"
    tag = (await demo.client.get(path)).headers["ETag"]
    assert (await demo.client.put(path, json={"metadata": {"a": "2"}}, headers={"If-Match": tag})).status_code == 200
    for method, place, body in (("PUT", "", {"metadata": {}}), ("POST", "", {"metadata": {}}), ("PUT", "/a", {"meta": {"a": "3"}})):
        assert (await demo.client.request(method, path + place, json=body, headers={"If-Match": tag})).status_code == 412
    assert (await demo.client.get(path)).json() == {"metadata": {"a": "2"}}
    assert "ETag" not in (await demo.client.get(path, headers=at("3.14"))).headers


async def test_what_is_known_of_an_image_is_added_shown_and_forgotten(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    assert await demo.act(volume, "os-show_image_metadata", {}, 200) == {"metadata": {}}
    assert "volume_image_metadata" not in await demo.show(volume)
    await demo.act(volume, "os-set_image_metadata", {"metadata": {"os": "plan9", "id": "x"}}, 200)
    assert (await demo.show(volume))["volume_image_metadata"] == {"os": "plan9", "id": "x"}
    await demo.act(volume, "os-unset_image_metadata", {"key": "id"}, 200)
    await demo.act(volume, "os-unset_image_metadata", {"key": "id"}, 404)
    assert await demo.act(volume, "os-show_image_metadata", {}, 200) == {"metadata": {"os": "plan9"}}
    for wrong in ({}, {"metadata": {"a": 1}}, {"metadata": {}, "more": 1}):
        await demo.act(volume, "os-set_image_metadata", wrong, 400)


async def test_flags_are_words_too_and_nothing_else(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-set_bootable", {"bootable": "True"}, 200)
    assert (await demo.show(volume))["bootable"] == "true"
    for action, name in (("os-set_bootable", "bootable"), ("os-update_readonly_flag", "readonly")):
        for wrong in ({}, {name: "perhaps"}, {name: None}, {name: True, "more": 1}):
            await demo.act(volume, action, wrong, 400)


@pytest.mark.parametrize("status", ["error", "creating", "AVAILABLE", "maintenance", "attaching", "reserved"])
async def test_T2_administrators_set_states_by_word(volumes: VolumeCloud, demo: Api, admin: Api, status: str) -> None:
    volume = await volumes.available(demo)
    await admin.act(volume, "os-reset_status", {"status": status})
    assert (await demo.show(volume))["status"] == status.lower()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"status": "happy"},
        {"status": "deleting"},
        {"status": "in-use"},
        {"attach_status": "attached"},
        {"migration_status": "x"},
        {"status": "error", "more": 1},
    ],
)
async def test_a_state_that_cannot_be_is_refused(volumes: VolumeCloud, demo: Api, admin: Api, wrong: dict[str, Any]) -> None:
    volume = await volumes.available(demo)
    await admin.act(volume, "os-reset_status", wrong, 400)
    await demo.act(volume, "os-reset_status", {"status": "error"}, 403)
    assert (await demo.show(volume))["status"] == "available"


async def test_words_about_attachments_and_migrations_that_are_true_change_nothing(
    volumes: VolumeCloud, admin: Api, demo: Api
) -> None:
    volume = await volumes.available(demo)
    await admin.act(volume, "os-reset_status", {"attach_status": "detached", "migration_status": "none"})
    assert (await demo.show(volume))["status"] == "available"


async def test_an_action_that_there_is_not_is_a_bad_request(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-fly", {}, 400)
    await demo.call("POST", f"/volumes/{volume['id']}/action", 400, {"os-extend": {"new_size": 2}, "os-reserve": {}})


async def test_the_metadata_of_a_volume_in_maintenance_stays(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    volume = await volumes.available(demo)
    await admin.act(volume, "os-reset_status", {"status": "maintenance"})
    await demo.call("POST", f"/volumes/{volume['id']}/metadata", 400, {"metadata": {"a": "b"}})


async def services(admin: Api, query: str = "", **headers: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await admin.get(f"/os-services{query}", **headers))["services"]
    return found


async def test_every_host_is_a_volume_service(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    (service,) = await services(admin)
    assert (service["binary"], service["host"], service["status"], service["state"]) == (
        "cinder-volume",
        "fake1@files",
        "enabled",
        "up",
    )
    assert service["backend_state"] == "up"
    old = (await services(admin, "", **at("3.0")))[0]
    assert not {"cluster", "backend_state"} & set(old)
    assert "cluster" in (await services(admin, "", **at("3.7")))[0]
    assert await services(admin, "?host=fake1@files&binary=cinder-volume") == [service]
    assert await services(admin, "?binary=cinder-backup") == []
    assert await services(admin, "?host=elsewhere") == []
    await demo.get("/os-services", 403)


async def test_a_service_is_disabled_frozen_and_enabled_again(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    body = {"host": "fake1@files", "binary": "cinder-volume"}

    async def say(word: str, status: int = 200, **more: Any) -> Any:
        return await admin.call("PUT", f"/os-services/{word}", status, {**body, **more})

    assert (await say("disable"))["disabled"] is True
    told = await say("disable-log-reason", disabled_reason=" broken fan ")
    assert (told["status"], told["disabled_reason"]) == ("disabled", "broken fan")
    assert (await services(admin))[0]["disabled_reason"] == "broken fan"
    assert (await demo.get("/os-availability-zone"))["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": False}}
    ]
    volume = await demo.make()
    await volumes.settle()
    assert (await demo.show(volume))["status"] == "error"
    assert (await say("enable"))["status"] == "enabled"
    await say("freeze")
    assert (await services(admin))[0]["frozen"] is True
    await say("thaw")
    assert (await demo.get("/os-availability-zone"))["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": True}}
    ]
    assert (await volumes.available(demo))["status"] == "available"


async def test_a_service_that_there_is_not_is_not_found_and_a_wrong_word_neither(admin: Api, demo: Api) -> None:
    host = {"host": "fake1@files"}
    for word in ("enable", "disable"):
        await admin.call("PUT", f"/os-services/{word}", 404, {"host": "nowhere", "binary": "cinder-volume"})
        await admin.call("PUT", f"/os-services/{word}", 404, {**host, "binary": "cinder-what"})
    for word in ("freeze", "thaw"):
        await admin.call("PUT", f"/os-services/{word}", 400, {"host": "nowhere"})
        await admin.call("PUT", f"/os-services/{word}", 400, {})
    await admin.call("PUT", "/os-services/disable-log-reason", 400, {**host, "binary": "cinder-volume"})
    await admin.call("PUT", "/os-services/explode", 404, host)
    await demo.call("PUT", "/os-services/disable", 403, {**host, "binary": "cinder-volume"})


async def test_extensions_and_filters_are_told(demo: Api) -> None:
    assert {"os-quota-sets", "os-services"} <= {found["alias"] for found in (await demo.get("/extensions"))["extensions"]}
    assert next(found["resource"] for found in (await demo.get("/resource_filters"))["resource_filters"]) == "volume"
    one = (await demo.get("/resource_filters?resource=attachment"))["resource_filters"]
    assert one[0]["filters"] == ["volume_id", "status", "instance_id", "attach_status"]
    await demo.get("/resource_filters", 404, **at("3.32"))


async def test_what_is_not_served_is_not_found(volumes: VolumeCloud, admin: Api) -> None:
    assert isinstance(volumes.world, World)
    for path in (
        "/backups",
        "/groups",
        "/messages",
        "/clusters",
        "/consistencygroups",
        "/qos-specs",
        "/os-hosts",
        "/workers/cleanup",
    ):
        assert await admin.get(path, 404)
