"""Host aggregates and availability zones over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.servers import LATEST, ComputeCloud, body

from cumulet.placement.operations import aggregates as memberships


async def made(admin: httpx.AsyncClient, name: str = "rack", **fields: Any) -> dict[str, Any]:
    answer = await admin.post("/os-aggregates", json={"aggregate": {"name": name, **fields}})
    assert answer.status_code == 200, answer.text
    aggregate: dict[str, Any] = answer.json()["aggregate"]
    return aggregate


async def act(admin: httpx.AsyncClient, aggregate: dict[str, Any], name: str, value: dict[str, Any]) -> httpx.Response:
    return await admin.post(f"/os-aggregates/{aggregate['id']}/action", json={name: value})


async def zones(client: httpx.AsyncClient) -> dict[str, bool]:
    found = (await client.get("/os-availability-zone")).json()["availabilityZoneInfo"]
    return {zone["zoneName"]: zone["zoneState"]["available"] for zone in found}


async def test_a_new_aggregate_has_neither_hosts_nor_metadata(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    aggregate = await made(admin)
    assert set(aggregate) == {
        *("availability_zone", "created_at", "deleted", "deleted_at", "id", "name", "updated_at", "uuid"),
    }
    shown = (await admin.get(f"/os-aggregates/{aggregate['id']}")).json()
    assert shown == {"aggregate": {**aggregate, "hosts": [], "metadata": {}}}
    assert (await admin.get("/os-aggregates")).json() == {"aggregates": [shown["aggregate"]]}
    assert "uuid" not in (await cloud.admin().get(f"/os-aggregates/{aggregate['id']}")).json()["aggregate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 256},
        {"name": " padded"},
        {"availability_zone": ""},
        {"availability_zone": "a:b"},
        {"availability_zone": " a"},
        {"metadata": {}},
    ],
)
async def test_a_wrong_aggregate_is_refused_and_not_made(cloud: ComputeCloud, wrong: dict[str, Any]) -> None:
    admin = cloud.admin(**LATEST)
    assert (await admin.post("/os-aggregates", json={"aggregate": {"name": "rack", **wrong}})).status_code == 400
    assert (await admin.get("/os-aggregates")).json() == {"aggregates": []}


async def test_aggregates_have_different_names(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    await made(admin, "one")
    two = await made(admin, "two")
    assert (await admin.post("/os-aggregates", json={"aggregate": {"name": "one"}})).status_code == 409
    assert (await admin.put(f"/os-aggregates/{two['id']}", json={"aggregate": {"name": "one"}})).status_code == 409
    renamed = await admin.put(f"/os-aggregates/{two['id']}", json={"aggregate": {"name": "three"}})
    assert renamed.json()["aggregate"]["name"] == "three"
    assert renamed.json()["aggregate"]["updated_at"] is not None


async def test_members_of_projects_know_nothing_of_aggregates(cloud: ComputeCloud) -> None:
    aggregate = await made(cloud.admin())
    member = cloud.client()
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{aggregate['id']}"), ("DELETE", f"/{aggregate['id']}")):
        assert (await member.request(method, f"/os-aggregates{path}", json={"aggregate": {"name": "x"}})).status_code == 403
    assert (await act(member, aggregate, "add_host", {"host": "fake1"})).status_code == 403


async def test_metadata_is_set_key_by_key_and_null_takes_a_key_away(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    aggregate = await made(admin)
    await act(admin, aggregate, "set_metadata", {"metadata": {"a": "1", "b": "2"}})
    changed = await act(admin, aggregate, "set_metadata", {"metadata": {"a": None, "c": "3"}})
    assert changed.json()["aggregate"]["metadata"] == {"b": "2", "c": "3"}
    assert (await act(admin, aggregate, "set_metadata", {"metadata": {"x": "y" * 256}})).status_code == 400
    assert (await act(admin, aggregate, "set_metadata", {"metadata": {"a/b": "1"}})).status_code == 400


async def test_a_host_of_an_aggregate_with_a_zone_is_in_that_zone(cloud: ComputeCloud) -> None:
    admin, member = cloud.admin(**LATEST), cloud.client()
    assert await zones(member) == {"nova": True}
    aggregate = await made(admin, availability_zone="cellar")
    assert await zones(member) == {"nova": True}
    joined = await act(admin, aggregate, "add_host", {"host": "fake1"})
    assert joined.json()["aggregate"]["hosts"] == ["fake1"]
    assert joined.json()["aggregate"]["metadata"] == {"availability_zone": "cellar"}
    assert await zones(member) == {"cellar": True, "nova": True}
    moved = await act(admin, aggregate, "set_metadata", {"metadata": {"availability_zone": "attic"}})
    assert moved.json()["aggregate"]["availability_zone"] == "attic"
    assert await zones(member) == {"attic": True, "nova": True}
    assert (await act(admin, aggregate, "remove_host", {"host": "fake1"})).json()["aggregate"]["hosts"] == []
    assert await zones(member) == {"nova": True}


async def test_an_aggregate_can_become_a_zone_and_never_stop_being_one(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    aggregate = await made(admin)
    await act(admin, aggregate, "add_host", {"host": "fake1"})
    path = f"/os-aggregates/{aggregate['id']}"
    await admin.put(path, json={"aggregate": {"availability_zone": "cellar"}})
    assert await zones(admin) == {"cellar": True, "nova": True}
    assert (await admin.put(path, json={"aggregate": {"availability_zone": None}})).status_code == 400
    assert (await act(admin, aggregate, "set_metadata", {"metadata": {"availability_zone": None}})).status_code == 400
    assert await zones(admin) == {"cellar": True, "nova": True}


async def test_a_host_is_in_one_zone_only(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    cellar, attic = await made(admin, "a", availability_zone="cellar"), await made(admin, "b", availability_zone="attic")
    await act(admin, cellar, "add_host", {"host": "fake1"})
    assert (await act(admin, attic, "add_host", {"host": "fake1"})).status_code == 409
    fast = await made(admin, "c")
    assert (await act(admin, fast, "add_host", {"host": "fake1"})).status_code == 200
    assert (await act(admin, fast, "set_metadata", {"metadata": {"availability_zone": "attic"}})).status_code == 400
    assert (await act(admin, fast, "set_metadata", {"metadata": {"availability_zone": "cellar"}})).status_code == 200


async def test_servers_are_placed_in_the_zone_that_was_asked_for(cloud: ComputeCloud) -> None:
    aggregate = await made(cloud.admin(), availability_zone="cellar")
    await act(cloud.admin(), aggregate, "add_host", {"host": "fake2"})
    client = cloud.client(**LATEST)
    asked = await client.post("/servers", json=body(cloud, availability_zone="cellar", networks="auto"))
    await cloud.settle()
    server = await cloud.look(asked.json()["server"]["id"])
    assert (server.state, server.host_name, server.zone) == ("active", "fake2", "cellar")


@pytest.mark.parametrize("name", ["fake1", "fake2"])
async def test_new_volumes_are_made_in_the_zone_of_the_server_that_boots_from_them(cloud: ComputeCloud, name: str) -> None:
    aggregate = await made(cloud.admin(), availability_zone="cellar")
    await act(cloud.admin(), aggregate, "add_host", {"host": name})
    root = {"boot_index": 0, "uuid": cloud.image.id, "source_type": "image", "destination_type": "volume", "volume_size": 1}
    wanted = body(cloud, availability_zone="cellar", networks="none", block_device_mapping_v2=[root])
    del wanted["server"]["imageRef"]
    asked = await cloud.client(**LATEST).post("/servers", json=wanted)
    assert asked.status_code == 202, asked.text
    await cloud.settle()
    await cloud.clock.advance(5)
    await cloud.settle()
    server = await cloud.look(asked.json()["server"]["id"])
    assert (server.state, server.host_name, server.zone) == ("active", name, "cellar")


async def test_a_host_with_servers_stays_in_its_zone(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    server = await cloud.server()
    cellar, plain = await made(admin, "a", availability_zone="cellar"), await made(admin, "b")
    host = {"host": server.host_name}
    assert (await act(admin, cellar, "add_host", host)).status_code == 409
    assert (await act(admin, plain, "add_host", host)).status_code == 200
    assert (await act(admin, plain, "set_metadata", {"metadata": {"availability_zone": "cellar"}})).status_code == 400
    assert await zones(admin) == {"nova": True}


async def test_a_host_with_servers_does_not_leave_its_zone(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    cellar = await made(admin, "a", availability_zone="cellar")
    for name in ("fake1", "fake2"):
        await act(admin, cellar, "add_host", {"host": name})
    server = await cloud.server()
    assert (await act(admin, cellar, "remove_host", {"host": server.host_name})).status_code == 409
    assert (await cloud.look(server.id)).zone == "cellar"


async def test_hosts_that_are_not_there_can_neither_come_nor_go(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    aggregate = await made(admin)
    assert (await act(admin, aggregate, "add_host", {"host": "nobody"})).status_code == 404
    assert (await act(admin, aggregate, "add_host", {"host": "not a name"})).status_code == 400
    assert (await act(admin, aggregate, "remove_host", {"host": "fake1"})).status_code == 404
    await act(admin, aggregate, "add_host", {"host": "fake1"})
    assert (await act(admin, aggregate, "add_host", {"host": "fake1"})).status_code == 409
    assert (await act(admin, {"id": -1}, "add_host", {"host": "fake1"})).status_code == 404


async def test_placement_knows_who_is_in_which_aggregate(cloud: ComputeCloud) -> None:
    admin, host_id = cloud.admin(**LATEST), cloud.worlds[0].host_id
    async with cloud.db.tx() as tx:
        await memberships.put(tx, host_id, ["of-somebody-else"])
    aggregate = await made(admin)
    await act(admin, aggregate, "add_host", {"host": "fake1"})
    async with cloud.db.read() as tx:
        assert await memberships.of_provider(tx, host_id) == sorted([aggregate["uuid"], "of-somebody-else"])
    await act(admin, aggregate, "remove_host", {"host": "fake1"})
    async with cloud.db.read() as tx:
        assert await memberships.of_provider(tx, host_id) == ["of-somebody-else"]


async def test_only_an_empty_aggregate_is_deleted(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    aggregate = await made(admin)
    path = f"/os-aggregates/{aggregate['id']}"
    await act(admin, aggregate, "add_host", {"host": "fake1"})
    assert (await admin.delete(path)).status_code == 400
    await act(admin, aggregate, "remove_host", {"host": "fake1"})
    assert (await admin.delete(path)).status_code == 200
    assert (await admin.delete(path)).status_code == 404
    assert (await admin.get("/os-aggregates/abc")).status_code == 400
    assert (await made(admin))["id"] != aggregate["id"]


async def test_zones_in_detail_tell_of_hosts_and_only_administrators_see_that(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    [zone] = (await admin.get("/os-availability-zone/detail")).json()["availabilityZoneInfo"]
    assert set(zone["hosts"]) == {"fake1", "fake2"}
    service = zone["hosts"]["fake1"]["nova-compute"]
    assert (service["available"], service["active"]) == (True, True)
    assert (await cloud.client().get("/os-availability-zone/detail")).status_code == 403


async def test_a_zone_without_an_enabled_host_is_not_available(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    aggregate = await made(admin, availability_zone="cellar")
    await act(admin, aggregate, "add_host", {"host": "fake1"})
    await admin.put("/os-services/disable", json={"host": "fake1", "binary": "nova-compute"})
    assert await zones(cloud.client()) == {"nova": True, "cellar": False}
    shown = (await admin.get("/os-availability-zone/detail")).json()["availabilityZoneInfo"]
    assert shown[1] == {"zoneName": "cellar", "zoneState": {"available": False}, "hosts": None}
