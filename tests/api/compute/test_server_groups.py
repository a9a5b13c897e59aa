"""Server groups over HTTP, and where their members are placed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud, actor, body


def at(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


async def made(client: httpx.AsyncClient, policy: str = "anti-affinity", **fields: Any) -> dict[str, Any]:
    answer = await client.post("/os-server-groups", json={"server_group": {"name": "group", "policy": policy, **fields}})
    assert answer.status_code == 200, answer.text
    group: dict[str, Any] = answer.json()["server_group"]
    return group


async def members(cloud: ComputeCloud, group: dict[str, Any], count: int) -> list[Any]:
    """Ask for `count` servers in a group, one by one, and return them as they are then."""
    found = []
    for number in range(count):
        asked = {**body(cloud, name=f"s{number}", networks="auto"), "os:scheduler_hints": {"group": group["id"]}}
        answer = await cloud.client(**LATEST).post("/servers", json=asked)
        assert answer.status_code == 202, answer.text
        found.append(answer.json()["server"]["id"])
    await cloud.settle()
    return [await cloud.look(server_id) for server_id in found]


async def test_a_group_is_shown_as_it_was_made(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    group = await made(client, rules={"max_server_per_host": "3"})
    assert group == {
        "id": group["id"],
        "name": "group",
        "policy": "anti-affinity",
        "rules": {"max_server_per_host": 3},
        "members": [],
        "project_id": DEMO,
        "user_id": actor().user_id,
    }
    assert (await client.get(f"/os-server-groups/{group['id']}")).json() == {"server_group": group}
    assert (await client.get("/os-server-groups")).json() == {"server_groups": [group]}


async def test_old_versions_have_a_list_of_policies_and_metadata(cloud: ComputeCloud) -> None:
    answer = await cloud.client().post("/os-server-groups", json={"server_group": {"name": "group", "policies": ["affinity"]}})
    group = answer.json()["server_group"]
    assert group == {"id": group["id"], "name": "group", "policies": ["affinity"], "metadata": {}, "members": []}
    newer = (await cloud.client(**at("2.13")).get(f"/os-server-groups/{group['id']}")).json()["server_group"]
    assert (newer["project_id"], newer["user_id"]) == (DEMO, actor().user_id)


@pytest.mark.parametrize(
    ("version", "wrong"),
    [
        ("2.1", {"policies": []}),
        ("2.1", {"policies": ["affinity", "anti-affinity"]}),
        ("2.1", {"policies": ["soft-affinity"]}),
        ("2.1", {}),
        ("2.1", {"policy": "affinity"}),
        ("2.64", {"policies": ["affinity"]}),
        ("2.64", {}),
        ("2.64", {"policy": "love"}),
        ("2.64", {"policy": "affinity", "rules": {"max_server_per_host": 2}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"max_server_per_host": 0}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"max_server_per_host": "x"}}),
        ("2.64", {"policy": "anti-affinity", "rules": {"color": 1}}),
        ("2.64", {"policy": "affinity", "name": ""}),
        ("2.64", {"policy": "affinity", "name": " x"}),
        ("2.64", {"policy": "affinity", "metadata": {}}),
    ],
)
async def test_a_wrong_group_is_refused_and_not_made(cloud: ComputeCloud, version: str, wrong: dict[str, Any]) -> None:
    client = cloud.client(**at(version))
    assert (await client.post("/os-server-groups", json={"server_group": {"name": "group", **wrong}})).status_code == 400
    assert (await client.get("/os-server-groups")).json() == {"server_groups": []}


async def test_soft_policies_are_known_from_2_15_on(cloud: ComputeCloud) -> None:
    wanted = {"server_group": {"name": "group", "policies": ["soft-anti-affinity"]}}
    assert (await cloud.client(**at("2.14")).post("/os-server-groups", json=wanted)).status_code == 400
    assert (await cloud.client(**at("2.15")).post("/os-server-groups", json=wanted)).status_code == 200


async def test_a_group_of_another_project_is_not_there(cloud: ComputeCloud) -> None:
    group = await made(cloud.client(**LATEST))
    other = cloud.client(OTHER, **LATEST)
    assert (await other.get(f"/os-server-groups/{group['id']}")).status_code == 404
    assert (await other.delete(f"/os-server-groups/{group['id']}")).status_code == 404
    assert (await other.get("/os-server-groups")).json() == {"server_groups": []}
    assert (await other.get("/os-server-groups?all_projects=1")).json() == {"server_groups": []}
    admin = cloud.admin(**LATEST)
    assert (await admin.get("/os-server-groups")).json() == {"server_groups": []}
    assert (await admin.get("/os-server-groups?all_projects=1")).json() == {"server_groups": [group]}
    assert (await admin.get(f"/os-server-groups/{group['id']}")).json() == {"server_group": group}


async def test_readers_make_no_groups(cloud: ComputeCloud) -> None:
    answer = await cloud.client(role="reader", **LATEST).post(
        "/os-server-groups", json={"server_group": {"name": "g", "policy": "affinity"}}
    )
    assert answer.status_code == 403


async def test_groups_are_paged_by_offset_and_limit(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    groups = [await made(client, name=f"g{number}") for number in range(3)]
    assert (await client.get("/os-server-groups?offset=1&limit=1")).json() == {"server_groups": [groups[1]]}
    assert (await client.get("/os-server-groups?offset=5")).json() == {"server_groups": []}
    assert (await client.get("/os-server-groups?offset=-1")).status_code == 400
    assert (await client.get("/os-server-groups?limit=-1")).status_code == 400
    assert (await client.get("/os-server-groups?color=red")).status_code == 400


async def test_a_deleted_group_is_gone_and_its_servers_stay(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    group = await made(client)
    [server] = await members(cloud, group, 1)
    assert (await client.delete(f"/os-server-groups/{group['id']}")).status_code == 204
    assert (await client.delete(f"/os-server-groups/{group['id']}")).status_code == 404
    shown = (await client.get(f"/servers/{server.id}")).json()["server"]
    assert (shown["status"], shown["server_groups"]) == ("ACTIVE", [])


async def test_a_project_has_at_most_ten_groups(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    wanted = {"server_group": {"name": "g", "policy": "affinity"}}
    statuses = [(await client.post("/os-server-groups", json=wanted)).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [403]
    assert len((await client.get("/os-server-groups")).json()["server_groups"]) == 10


async def test_members_come_with_their_servers_and_go_with_them(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    group = await made(client, "soft-affinity")
    first, second = await members(cloud, group, 2)
    assert (await client.get(f"/servers/{first.id}")).json()["server"]["server_groups"] == [group["id"]]
    shown = (await client.get(f"/os-server-groups/{group['id']}")).json()["server_group"]
    assert sorted(shown["members"]) == sorted([first.id, second.id])
    await client.delete(f"/servers/{first.id}")
    await cloud.settle()
    shown = (await client.get(f"/os-server-groups/{group['id']}")).json()["server_group"]
    assert shown["members"] == [second.id]


async def test_a_group_that_is_not_the_projects_takes_no_servers(cloud: ComputeCloud) -> None:
    theirs = await made(cloud.client(OTHER, **LATEST))
    for group_id in (theirs["id"], "6a2ce8ab-5a1d-4f05-95b1-d9d9a2a0d0c5", 7):
        asked = {**body(cloud, networks="auto"), "os:scheduler_hints": {"group": group_id}}
        assert (await cloud.client(**LATEST).post("/servers", json=asked)).status_code == 400
    assert (await cloud.client().get("/servers")).json() == {"servers": []}


async def test_a_user_has_at_most_ten_servers_in_a_group(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    group = await made(client, "soft-affinity")
    await members(cloud, group, 9)
    asked = {**body(cloud, networks="auto", max_count=2, min_count=2), "os:scheduler_hints": {"group": group["id"]}}
    await client.delete(f"/servers/{(await client.get('/servers')).json()['servers'][0]['id']}")
    await cloud.settle()
    assert (await client.post("/servers", json=asked)).status_code == 202
    one_more = {**asked, "server": {**asked["server"], "max_count": 1, "min_count": 1}}
    assert (await client.post("/servers", json=one_more)).status_code == 403


async def test_anti_affinity_puts_members_on_different_hosts_and_the_last_one_nowhere(cloud: ComputeCloud) -> None:
    found = await members(cloud, await made(cloud.client(**LATEST)), 3)
    assert {server.host_name for server in found if server.state == "active"} == {"fake1", "fake2"}
    [failed] = [server for server in found if server.state == "error"]
    assert failed.fault is not None
    assert "anti-affinity" in failed.fault["message"]


async def test_anti_affinity_allows_as_many_members_on_a_host_as_its_rule_says(cloud: ComputeCloud) -> None:
    found = await members(cloud, await made(cloud.client(**LATEST), rules={"max_server_per_host": 2}), 5)
    hosts = [server.host_name for server in found if server.state == "active"]
    assert sorted(hosts) == ["fake1", "fake1", "fake2", "fake2"]


async def test_affinity_puts_members_on_one_host_and_nowhere_if_that_is_gone(cloud: ComputeCloud) -> None:
    group = await made(cloud.client(**LATEST), "affinity")
    found = await members(cloud, group, 3)
    assert len({server.host_name for server in found}) == 1
    await cloud.admin().put("/os-services/disable", json={"host": found[0].host_name, "binary": "nova-compute"})
    [late] = await members(cloud, group, 1)
    assert late.state == "error"


@pytest.mark.parametrize(("policy", "hosts"), [("soft-affinity", 1), ("soft-anti-affinity", 2)])
async def test_soft_policies_prefer_hosts_and_never_refuse(cloud: ComputeCloud, policy: str, hosts: int) -> None:
    found = await members(cloud, await made(cloud.client(**LATEST), policy), 4)
    assert {server.state for server in found} == {"active"}
    assert len({server.host_name for server in found}) == hosts


async def test_several_servers_of_one_request_respect_each_other(cloud: ComputeCloud) -> None:
    group = await made(cloud.client(**LATEST))
    asked = {**body(cloud, networks="auto", min_count=2), "os:scheduler_hints": {"group": group["id"]}}
    assert (await cloud.client(**LATEST).post("/servers", json=asked)).status_code == 202
    await cloud.settle()
    listed = (await cloud.admin(**LATEST).get("/servers/detail?all_tenants=1")).json()["servers"]
    assert {server["OS-EXT-SRV-ATTR:host"] for server in listed} == {"fake1", "fake2"}
