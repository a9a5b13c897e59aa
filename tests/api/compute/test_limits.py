"""Limits and usage over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.projects import add_project
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud, actor, body

from cumulet.kernel.clock import stamp

NETWORK = {"fixed_ips", "floating_ips", "security_groups", "security_group_rules"}
INJECTED = {"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"}
REST = {"instances", "cores", "ram", "metadata_items", "key_pairs", "server_groups", "server_group_members"}


def at(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


@pytest.fixture(autouse=True)
async def known_projects(cloud: ComputeCloud) -> None:
    await add_project(cloud.db, DEMO, OTHER)


async def quota(client: httpx.AsyncClient, path: str = f"/os-quota-sets/{DEMO}") -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["quota_set"]
    return found


async def limit(admin: httpx.AsyncClient, query: str = "", **limits: Any) -> httpx.Response:
    return await admin.put(f"/os-quota-sets/{DEMO}{query}", json={"quota_set": limits})


async def ask(cloud: ComputeCloud, **fields: Any) -> int:
    return (await cloud.client(**LATEST).post("/servers", json=body(cloud, networks="none", **fields))).status_code


@pytest.mark.parametrize(
    ("version", "expected"), [("2.35", REST | INJECTED | NETWORK), ("2.36", REST | INJECTED), ("2.57", REST), ("2.96", REST)]
)
async def test_each_version_shows_the_limits_it_knows(cloud: ComputeCloud, version: str, expected: set[str]) -> None:
    client = cloud.client(**at(version))
    shown = await quota(client)
    assert shown == await quota(client, f"/os-quota-sets/{DEMO}/defaults")
    assert set(shown) == expected | {"id"}
    assert (shown["instances"], shown["ram"], shown["id"]) == (10, 51200, DEMO)


async def test_detail_tells_what_is_used(cloud: ComputeCloud) -> None:
    await cloud.server()
    await cloud.client(**LATEST).post("/os-server-groups", json={"server_group": {"name": "g", "policy": "affinity"}})
    shown = await quota(cloud.client(**LATEST), f"/os-quota-sets/{DEMO}/detail")
    assert shown["instances"] == {"limit": 10, "in_use": 1, "reserved": 0}
    assert (shown["cores"]["in_use"], shown["ram"]["in_use"], shown["server_groups"]["in_use"]) == (1, 512, 1)


async def test_a_changed_limit_is_shown_and_in_force(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    changed = await limit(admin, instances=1, cores="-1")
    shown = await quota(cloud.client(**LATEST))
    assert {"id": DEMO, **changed.json()["quota_set"]} == shown
    assert "id" not in changed.json()["quota_set"]
    assert (shown["instances"], shown["cores"]) == (1, -1)
    assert await ask(cloud) == 202
    assert await ask(cloud) == 403
    assert (await quota(cloud.admin(**LATEST), f"/os-quota-sets/{OTHER}"))["instances"] == 10


async def test_deleted_limits_are_the_default_ones_again(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    await limit(admin, instances=1)
    await limit(admin, "?user_id=u", instances=1)
    assert (await admin.delete(f"/os-quota-sets/{DEMO}")).status_code == 202
    assert (await quota(admin))["instances"] == (await quota(admin, f"/os-quota-sets/{DEMO}?user_id=u"))["instances"] == 10


@pytest.mark.parametrize(
    "wrong",
    [
        *({"instances": value} for value in (-2, "many", None, True, 2**31)),
        *({"color": 1}, {"force": "perhaps"}, {"injected_files": 1}, {"floating_ips": 1}),
    ],
)
async def test_a_wrong_limit_is_refused_and_nothing_changes(cloud: ComputeCloud, wrong: dict[str, Any]) -> None:
    admin = cloud.admin(**LATEST)
    before = await quota(admin)
    assert (await limit(admin, **{"cores": 5, **wrong})).status_code == 400
    assert await quota(admin) == before


async def test_a_limit_below_what_is_used_needs_force(cloud: ComputeCloud) -> None:
    await cloud.server()
    admin = cloud.admin(**LATEST)
    assert (await limit(admin, instances=0)).status_code == 400
    assert (await limit(admin, instances=0, force=True)).status_code == 200
    assert (await quota(admin))["instances"] == 0
    assert await ask(cloud) == 403


async def test_a_user_has_limits_of_their_own_within_the_projects(cloud: ComputeCloud) -> None:
    admin, user_id = cloud.admin(**LATEST), actor().user_id
    query = f"?user_id={user_id}"
    assert (await limit(admin, query, instances=11)).status_code == 400
    assert (await limit(admin, query, instances=-1)).status_code == 400
    assert (await limit(admin, query, instances=1)).json()["quota_set"]["instances"] == 1
    assert (await quota(admin, f"/os-quota-sets/{DEMO}{query}"))["instances"] == 1
    assert (await quota(admin))["instances"] == 10
    assert (await limit(admin, "?user_id=another", instances=10)).status_code == 400
    assert (await limit(admin, instances=0)).status_code == 400
    assert await ask(cloud) == 202
    assert await ask(cloud) == 403
    shown = await quota(admin, f"/os-quota-sets/{DEMO}/detail{query}")
    assert shown["instances"] == {"limit": 1, "in_use": 1, "reserved": 0}
    assert (await admin.delete(f"/os-quota-sets/{DEMO}{query}")).status_code == 202
    assert await ask(cloud) == 202


async def test_what_others_in_the_project_use_does_not_count_for_a_users_own_limit(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    await limit(admin, f"?user_id={actor().user_id}", instances=1)
    stranger = actor()
    for name in ("a", "b"):
        await cloud.ask(name=name, who=type(stranger)(user_id="x", project_id=DEMO, roles=stranger.roles), networks="none")
    assert await ask(cloud) == 202
    assert await ask(cloud) == 403


async def test_projects_that_do_not_exist_have_no_limits(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    path = f"/os-quota-sets/{'0' * 32}"
    for method, tail in (("GET", ""), ("GET", "/detail"), ("GET", "/defaults"), ("PUT", "")):
        assert (await admin.request(method, path + tail, json={"quota_set": {"cores": 1}})).status_code == 400


async def test_only_administrators_change_limits_and_see_those_of_others(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    assert (await limit(client, instances=100)).status_code == 403
    assert (await client.delete(f"/os-quota-sets/{DEMO}")).status_code == 403
    assert (await client.get(f"/os-quota-sets/{OTHER}")).status_code == 403
    assert (await client.get(f"/os-quota-sets/{OTHER}/detail")).status_code == 403
    assert (await client.get(f"/os-quota-sets/{OTHER}/defaults")).status_code == 200
    assert (await client.get(f"/os-quota-sets/{DEMO}?color=red")).status_code == 400


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.49", (REST | INJECTED | NETWORK) - {"server_groups", "server_group_members"}),
        ("2.50", REST | INJECTED),
        ("2.57", REST),
    ],
)
async def test_each_version_shows_the_default_limits_it_knows(cloud: ComputeCloud, version: str, expected: set[str]) -> None:
    shown = (await cloud.admin(**at(version)).get("/os-quota-class-sets/default")).json()["quota_class_set"]
    assert shown.pop("id") == "default"
    assert set(shown) == expected
    updated = await cloud.admin(**at(version)).put("/os-quota-class-sets/default", json={"quota_class_set": shown})
    assert updated.json() == {"quota_class_set": shown}


async def test_changed_default_limits_are_in_force_for_everybody_of_whom_nothing_else_was_said(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    await limit(admin, instances=3)
    changed = await admin.put("/os-quota-class-sets/default", json={"quota_class_set": {"instances": 2, "cores": 7}})
    assert (changed.json()["quota_class_set"]["instances"], "id" in changed.json()["quota_class_set"]) == (2, False)
    assert [(await quota(admin))[name] for name in ("instances", "cores")] == [3, 7]
    assert (await quota(admin, f"/os-quota-sets/{OTHER}"))["instances"] == 2
    assert (await quota(admin, f"/os-quota-sets/{OTHER}/defaults"))["instances"] == 2


async def test_other_classes_are_kept_and_are_in_force_for_nobody(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    await admin.put("/os-quota-class-sets/gold", json={"quota_class_set": {"instances": 99}})
    assert (await admin.get("/os-quota-class-sets/gold")).json()["quota_class_set"]["instances"] == 99
    assert (await quota(admin))["instances"] == 10
    assert (await cloud.client().get("/os-quota-class-sets/default")).status_code == 403


@pytest.mark.parametrize("wrong", [{"instances": -2}, {"color": 1}, {"force": True}, {"floating_ips": 1}])
async def test_wrong_default_limits_are_refused(cloud: ComputeCloud, wrong: dict[str, Any]) -> None:
    admin = cloud.admin(**LATEST)
    answer = await admin.put("/os-quota-class-sets/default", json={"quota_class_set": {"cores": 1, **wrong}})
    assert answer.status_code == 400
    assert (await quota(admin))["cores"] == 20


async def absolute(client: httpx.AsyncClient, query: str = "") -> dict[str, int]:
    answer = await client.get(f"/limits{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["limits"]["rate"] == []
    found: dict[str, int] = answer.json()["limits"]["absolute"]
    return found


async def test_limits_show_what_may_be_used_and_what_is(cloud: ComputeCloud) -> None:
    await cloud.server()
    assert await absolute(cloud.client(**LATEST)) == {
        "maxServerMeta": 128,
        "maxTotalCores": 20,
        "maxTotalInstances": 10,
        "maxTotalKeypairs": 100,
        "maxTotalRAMSize": 51200,
        "maxServerGroups": 10,
        "maxServerGroupMembers": 10,
        "totalCoresUsed": 1,
        "totalInstancesUsed": 1,
        "totalRAMUsed": 512,
        "totalServerGroupsUsed": 0,
    }


async def test_old_versions_show_more_limits(cloud: ComputeCloud) -> None:
    by_version = {version: set(await absolute(cloud.client(**at(version)))) for version in ("2.35", "2.36", "2.39", "2.57")}
    floating = {
        "maxTotalFloatingIps",
        "maxSecurityGroups",
        "maxSecurityGroupRules",
        "totalFloatingIpsUsed",
        "totalSecurityGroupsUsed",
    }
    assert by_version["2.35"] - by_version["2.36"] == floating
    assert by_version["2.36"] - by_version["2.39"] == {"maxImageMeta"}
    assert by_version["2.39"] - by_version["2.57"] == {"maxPersonality", "maxPersonalitySize"}


async def test_limits_of_other_projects_are_for_administrators(cloud: ComputeCloud) -> None:
    await cloud.server()
    assert (await absolute(cloud.admin(**LATEST), f"?tenant_id={DEMO}"))["totalInstancesUsed"] == 1
    assert (await absolute(cloud.admin(**LATEST)))["totalInstancesUsed"] == 0
    assert (await cloud.client(OTHER, **LATEST).get(f"/limits?tenant_id={DEMO}")).status_code == 403
    assert (await cloud.client(**LATEST).get("/limits?color=red")).status_code == 400


async def usage(cloud: ComputeCloud, client: httpx.AsyncClient, path: str = f"/{DEMO}", **query: str) -> Any:
    day = {"start": stamp(cloud.clock.now() - 86400), "end": stamp(cloud.clock.now() + 86400), **query}
    answer = await client.get(f"/os-simple-tenant-usage{path}", params=day)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_usage_is_counted_in_hours_also_of_deleted_servers(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    server, other = await cloud.server(), await cloud.server(name="other")
    await cloud.clock.advance(360)
    await client.delete(f"/servers/{server.id}")
    await cloud.settle()
    await cloud.clock.advance(360)
    found = (await usage(cloud, client))["tenant_usage"]
    hours = {one["name"]: round(one["hours"], 2) for one in found["server_usages"]}
    assert hours == {"web": 0.1, "other": 0.2}
    states = {one["name"]: one["state"] for one in found["server_usages"]}
    assert states == {"web": "terminated", "other": (await cloud.look(other.id)).state}
    assert round(found["total_hours"], 2) == 0.3
    assert round(found["total_memory_mb_usage"], 1) == round(0.3 * 512, 1)
    assert round(found["total_vcpus_usage"], 2) == round(found["total_local_gb_usage"], 2) == 0.3


async def test_usage_outside_of_the_period_does_not_count(cloud: ComputeCloud) -> None:
    await cloud.server()
    await cloud.clock.advance(720)
    now = cloud.clock.now()
    client = cloud.client(**LATEST)
    part = await usage(cloud, client, start=stamp(now - 540).replace("T", " "), end=stamp(now - 360)[:19])
    assert round(part["tenant_usage"]["total_hours"], 2) == 0.05
    assert await usage(cloud, client, start=stamp(now - 900), end=stamp(now - 800)) == {"tenant_usage": {}}


async def test_usage_of_all_projects_is_for_administrators(cloud: ComputeCloud) -> None:
    await cloud.server()
    await cloud.clock.advance(60)
    admin = cloud.admin(**LATEST)
    [plain] = (await usage(cloud, admin, ""))["tenant_usages"]
    assert (plain["tenant_id"], "server_usages" in plain) == (DEMO, False)
    [detailed] = (await usage(cloud, admin, "", detailed="1"))["tenant_usages"]
    assert len(detailed["server_usages"]) == 1
    assert (await cloud.client(**LATEST).get("/os-simple-tenant-usage")).status_code == 403
    assert (await cloud.client(OTHER, **LATEST).get(f"/os-simple-tenant-usage/{DEMO}")).status_code == 403


async def test_usage_is_paged_by_servers(cloud: ComputeCloud) -> None:
    for name in ("a", "b"):
        await cloud.server(name=name)
    await cloud.clock.advance(60)
    client = cloud.client(**LATEST)
    first = await usage(cloud, client, limit="1")
    assert len(first["tenant_usage"]["server_usages"]) == 1
    second = (await client.get(first["tenant_usage_links"][0]["href"])).json()
    names = {page["tenant_usage"]["server_usages"][0]["name"] for page in (first, second)}
    assert names == {"a", "b"}
    assert len((await usage(cloud, cloud.client(**at("2.39")), limit="1"))["tenant_usage"]["server_usages"]) == 2


async def test_usage_until_now_since_now_is_none(cloud: ComputeCloud) -> None:
    answer = await cloud.client(**LATEST).get(f"/os-simple-tenant-usage/{DEMO}")
    assert (answer.status_code, answer.json()) == (200, {"tenant_usage": {}})


@pytest.mark.parametrize("query", ["start=soon", "start=2026-01-02T00:00:00&end=2026-01-01T00:00:00", "color=red"])
async def test_a_wrong_period_is_refused(cloud: ComputeCloud, query: str) -> None:
    assert (await cloud.client(**LATEST).get(f"/os-simple-tenant-usage/{DEMO}?{query}")).status_code == 400
