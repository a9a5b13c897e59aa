"""The attachments API, and what outside attachers say by actions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.volumes import SERVER, Api, VolumeCloud, at

from cumulet.kernel.errors import Problem
from cumulet.kernel.policy import Actor
from cumulet.volume.operations import attachments
from cumulet.volume.store import volumes as store

MISSING = "00000000-0000-4000-8000-000000000000"
CONNECTOR = {"host": "fake1", "ip": "10.0.0.1", "mountpoint": "/dev/vdc"}


async def take(api: Api, volume: dict[str, Any], status: int = 200, **fields: Any) -> Any:
    body = {"attachment": {"volume_uuid": volume["id"], **fields}}
    found = await api.call("POST", "/attachments", status, body)
    return found["attachment"] if status < 400 else found


async def show(api: Api, attachment: dict[str, Any], status: int = 200) -> Any:
    found = await api.get(f"/attachments/{attachment['id']}", status)
    return found["attachment"] if status < 400 else found


async def test_an_attachment_is_reserved_connected_completed_and_deleted(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    taken = await take(demo, volume, instance_uuid=SERVER)
    assert (taken["status"], taken["instance"], taken["connection_info"]) == ("reserved", SERVER, {})
    assert (await demo.show(volume))["status"] == "reserved"
    path = f"/attachments/{taken['id']}"
    connected = (await demo.call("PUT", path, 200, {"attachment": {"connector": CONNECTOR}}))["attachment"]
    assert (connected["status"], connected["connection_info"]["driver_volume_type"]) == ("attaching", "local")
    assert (await demo.show(volume))["status"] == "attaching"
    await demo.call("POST", f"{path}/action", 204, {"os-complete": None})
    shown = await demo.show(volume)
    assert shown["status"] == "in-use"
    assert [(a["attachment_id"], a["server_id"], a["device"]) for a in shown["attachments"]] == [(taken["id"], SERVER, "/dev/vdc")]
    assert await demo.call("DELETE", path, 200) == {"attachments": []}
    assert (await demo.show(volume))["status"] == "available"
    await show(demo, taken, 404)


async def test_a_connector_can_be_given_at_once_and_the_mode_since_3_54(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.call("POST", "/attachments", 400, {"attachment": {"volume_uuid": volume["id"], "mode": "ro"}}, **at("3.53"))
    taken = await take(demo, volume, connector=CONNECTOR, mode="ro")
    assert (taken["status"], taken["attach_mode"], taken["instance"]) == ("attaching", "ro", None)


@pytest.mark.parametrize("connector", [{"host": "elsewhere"}, {"ip": "10.0.0.1"}, {"host": 5}])
async def test_a_machine_that_cannot_reach_the_volume_is_refused_and_nothing_is_taken(
    volumes: VolumeCloud, demo: Api, connector: dict[str, Any]
) -> None:
    volume = await volumes.available(demo)
    await take(demo, volume, 409, connector=connector)
    assert (await demo.show(volume))["status"] == "available"
    taken = await take(demo, volume)
    await demo.call("PUT", f"/attachments/{taken['id']}", 409, {"attachment": {"connector": connector}})
    await demo.call("PUT", f"/attachments/{taken['id']}", 400, {"attachment": {"connector": {}}})
    assert (await show(demo, taken))["status"] == "reserved"


@pytest.mark.parametrize(
    "wrong",
    [{"volume_uuid": "x"}, {"instance_uuid": "x"}, {"connector": []}, {"mode": "rx"}, {"unheard": 1}, {"volume_uuid": None}],
)
async def test_a_wrong_attachment_is_refused(volumes: VolumeCloud, demo: Api, wrong: dict[str, Any]) -> None:
    volume = await volumes.available(demo)
    await take(demo, volume, 400, **wrong)
    assert (await demo.show(volume))["status"] == "available"


async def test_a_volume_that_is_not_ready_or_not_there_is_not_taken(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    await take(demo, {"id": MISSING}, 404)
    making = await demo.make()
    await take(demo, making, 400)
    await volumes.settle()
    await admin.act(making, "os-reset_status", {"status": "error"})
    assert "error" in await take(demo, making, 400)


async def test_attachments_appeared_in_3_27_and_completion_in_3_44(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.get("/attachments", 404, **at("3.26"))
    taken = (await demo.call("POST", "/attachments", 200, {"attachment": {"volume_uuid": volume["id"]}}, **at("3.27")))[
        "attachment"
    ]
    path = f"/attachments/{taken['id']}/action"
    await demo.call("POST", path, 400, {"os-complete": {}}, **at("3.43"))
    await demo.call("POST", path, 204, {"os-complete": {}}, **at("3.44"))


async def test_attachments_are_listed_filtered_and_paged(volumes: VolumeCloud, demo: Api) -> None:
    made = []
    for number in range(3):
        volume = await volumes.available(demo)
        made.append(await take(demo, volume, instance_uuid=SERVER if number else MISSING))
        await volumes.clock.advance(1)

    async def found(query: str) -> list[str]:
        return [a["id"] for a in (await demo.get(f"/attachments{query}"))["attachments"]]

    ids = [a["id"] for a in made]
    assert await found("") == ids[::-1]
    assert await found(f"?instance_id={SERVER}") == ids[:0:-1]
    assert await found(f"?volume_id={made[0]['volume_id']}") == ids[:1]
    assert await found("?status=reserved") == ids[::-1]
    assert await found("?attach_status=attached") == []
    page = await demo.get("/attachments?limit=2&sort=created_at:asc")
    assert [a["id"] for a in page["attachments"]] == ids[:2]
    assert await found(page["attachments_links"][0]["href"].partition("/attachments")[2]) == ids[2:]
    assert set((await demo.get("/attachments/detail"))["attachments"][0]) >= {"attached_at", "connection_info", "attach_mode"}
    await demo.get("/attachments?colour=red", 400)
    await demo.get("/attachments?limit=-1", 400)
    await demo.get(f"/attachments?marker={MISSING}", 404)


async def test_K9_an_attached_volume_is_never_deleted_not_even_by_force(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    volume = await volumes.available(demo)
    taken = await take(demo, volume)
    for status in ("reserved", "attaching", "error"):
        if status == "error":
            await admin.act(volume, "os-reset_status", {"status": "error"})
        assert "attached" in await demo.drop(volume, 400)
        await admin.act(volume, "os-force_delete", {}, 400)
        await admin.drop(volume, 400, "?force=true&cascade=true")
    await show(demo, taken)
    assert volume["id"] in volumes.world.disks


async def attached_by_compute(volumes: VolumeCloud, api: Api, volume: dict[str, Any]) -> str:
    """What compute does for a server of the project."""
    who = Actor(user_id="u", project_id=api.project_id, roles=frozenset({"member"}))
    async with volumes.db.tx() as tx:
        kept = await attachments.reserve(tx, who, volume["id"], SERVER)
        await attachments.connect(tx, kept.id, volumes.world.host_id, "vdb")
        await attachments.complete(tx, kept.id)
    volumes.run_guest(volume)
    return kept.id


async def test_K9_what_compute_attached_cannot_be_ended_from_outside(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    volume = await volumes.available(demo)
    attachment_id = await attached_by_compute(volumes, demo, volume)
    for api in (demo, admin):
        assert "Compute API" in await api.call("DELETE", f"/attachments/{attachment_id}", 409)
        await api.call("PUT", f"/attachments/{attachment_id}", 409, {"attachment": {"connector": CONNECTOR}})
        await api.act(volume, "os-detach", {}, 409)
        await api.act(volume, "os-detach", {"attachment_id": attachment_id}, 409)
    await admin.act(volume, "os-force_detach", {"attachment_id": attachment_id}, 409)
    assert "server" in await admin.act(volume, "os-reset_status", {"status": "available"}, 400)
    await admin.act(volume, "os-reset_status", {"attach_status": "detached"}, 400)
    assert (await demo.show(volume))["status"] == "in-use"
    shown = (await demo.get(f"/attachments/{attachment_id}"))["attachment"]
    assert (shown["status"], shown["connection_info"]) == ("attached", {})


async def test_K9_detaching_names_the_volume_s_own_attachment(volumes: VolumeCloud, demo: Api) -> None:
    one, two = await volumes.available(demo), await volumes.available(demo)
    first, second = await take(demo, one), await take(demo, two)
    await demo.act(one, "os-detach", {"attachment_id": second["id"]}, 400)
    await demo.act(one, "os-detach", {"attachment_id": MISSING}, 404)
    await demo.act(one, "os-detach", {"unheard": 1}, 400)
    assert [(await demo.show(v))["status"] for v in (one, two)] == ["reserved", "reserved"]
    await demo.act(one, "os-detach", {"attachment_id": first["id"]})
    await demo.act(one, "os-detach", None, 400)
    assert [(await demo.show(v))["status"] for v in (one, two)] == ["available", "reserved"]


async def test_outside_attachers_reserve_attach_and_detach(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-reserve")
    await demo.act(volume, "os-reserve", None, 400)
    await demo.act(volume, "os-unreserve")
    await demo.act(volume, "os-unreserve", None, 400)
    await demo.act(volume, "os-reserve")
    await demo.act(volume, "os-attach", {"instance_uuid": SERVER, "mountpoint": "/dev/sdb"})
    shown = await demo.show(volume)
    assert (shown["status"], shown["attachments"][0]["device"]) == ("in-use", "/dev/sdb")
    assert shown["attachments"][0]["attached_at"] is not None
    await demo.act(volume, "os-attach", {"instance_uuid": SERVER, "mountpoint": "/dev/sdb"}, 400)
    await demo.act(volume, "os-roll_detaching", None, 400)
    await demo.act(volume, "os-begin_detaching")
    assert (await demo.show(volume))["status"] == "detaching"
    await demo.act(volume, "os-roll_detaching")
    await demo.act(volume, "os-begin_detaching")
    await demo.act(volume, "os-detach")
    assert (await demo.show(volume))["attachments"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"mountpoint": "/dev/vdb"},
        {"mountpoint": "", "host_name": "x"},
        {"mountpoint": "/dev/vdb", "instance_uuid": "x"},
        {"mountpoint": "/dev/vdb", "host_name": "x", "mode": "z"},
        {"mountpoint": "/dev/vdb", "host_name": "x", "more": 1},
    ],
)
async def test_an_attacher_must_say_who_and_where(volumes: VolumeCloud, demo: Api, wrong: dict[str, Any]) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-attach", wrong, 400)
    assert (await demo.show(volume))["status"] == "available"


async def test_a_volume_that_is_only_for_reading_is_attached_so(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await demo.act(volume, "os-update_readonly_flag", {"readonly": "true"})
    assert (await demo.show(volume))["metadata"] == {"readonly": "True"}
    await demo.act(volume, "os-attach", {"instance_uuid": SERVER, "mountpoint": "/dev/sdb", "mode": "rw"}, 400)
    assert (await take(demo, volume))["attach_mode"] == "ro"
    await demo.act(volume, "os-detach")
    await demo.act(volume, "os-update_readonly_flag", {"readonly": False})
    assert (await demo.show(volume))["metadata"] == {"readonly": "False"}
    await take(demo, volume)
    await demo.act(volume, "os-update_readonly_flag", {"readonly": False}, 400)


async def test_D23_of_twenty_that_take_one_volume_at_once_one_gets_it(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)

    async def attempt(number: int) -> int:
        body = {"attachment": {"volume_uuid": volume["id"], "instance_uuid": f"00000000-0000-4000-8000-{number:012}"}}
        return (await demo.client.post("/volume/v3/attachments", json=body)).status_code

    outcomes = await asyncio.gather(*(attempt(number) for number in range(20)))
    assert sorted(outcomes) == [200] + [400] * 19
    assert len((await demo.get("/attachments"))["attachments"]) == 1


async def test_K3_a_volume_has_one_attachment_whatever_its_state_says(volumes: VolumeCloud, demo: Api) -> None:
    volume = await volumes.available(demo)
    await attached_by_compute(volumes, demo, volume)
    async with volumes.db.tx() as tx:
        await store.move(tx, volume["id"], "available", ("in-use",))  # as if somebody had written it by hand
    who = Actor(user_id="u", project_id=demo.project_id, roles=frozenset({"member"}))
    with pytest.raises((Problem, Exception), match=r"UNIQUE|already"):
        async with volumes.db.tx() as tx:
            await attachments.reserve(tx, who, volume["id"], MISSING)
    assert len((await demo.get("/attachments"))["attachments"]) == 1


async def test_an_attacher_that_never_comes_back_is_forgotten_by_force(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    volume = await volumes.available(demo)
    taken = await take(demo, volume)
    await admin.act(volume, "os-reset_status", {"status": "error"})
    await demo.act(volume, "os-detach", {}, 400)
    await demo.act(volume, "os-force_detach", {}, 403)
    await admin.act(volume, "os-force_detach", {"attachment_id": taken["id"], "connector": None})
    shown = await demo.show(volume)
    assert (shown["status"], shown["attachments"]) == ("available", [])
