"""The catalog: regions, services, endpoints, and endpoints for single projects."""

from __future__ import annotations

import pytest

from support.identity import V3, listed, make


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def service(admin):
    """A service with one public endpoint."""
    made = await make(admin, "services", type="database")
    made["endpoint"] = await make(
        admin, "endpoints", service_id=made["id"], interface="public", url="http://db.test/$(project_id)s"
    )
    return made


async def urls(client, kind: str) -> list[str]:
    """The URLs that a token's catalog has for a type of service."""
    entries = (await client.get(f"{V3}/auth/catalog")).json()["catalog"]
    return sorted(endpoint["url"] for entry in entries if entry["type"] == kind for endpoint in entry["endpoints"])


async def test_a_new_endpoint_is_in_the_catalog_at_once_with_the_project_in_its_url(cloud, service):
    client = await cloud.client("one", "member")
    assert await urls(client, "database") == [f"http://db.test/{client.project_id}"]


async def test_what_is_disabled_or_deleted_leaves_the_catalog_at_once(cloud, admin, service):
    client = await cloud.client("one", "member")
    endpoint = f"{V3}/endpoints/{service['endpoint']['id']}"
    for path, key in ((endpoint, "endpoint"), (f"{V3}/services/{service['id']}", "service")):
        for enabled in (False, True):
            await admin.patch(path, json={key: {"enabled": enabled}})
            assert len(await urls(client, "database")) == enabled
    assert (await admin.delete(endpoint)).status_code == 204
    assert await urls(client, "database") == []


async def test_deleting_a_service_deletes_its_endpoints(admin, service):
    assert (await admin.delete(f"{V3}/services/{service['id']}")).status_code == 204
    assert (await admin.get(f"{V3}/endpoints/{service['endpoint']['id']}")).status_code == 404


@pytest.mark.parametrize("wrong", [{"service_id": "nothing"}, {"region_id": "nowhere"}, {"interface": "secret"}, {"url": "no url"}])
async def test_a_wrong_endpoint_is_refused_and_the_field_named(admin, service, wrong):
    fields = {"service_id": service["id"], "interface": "public", "url": "http://a", **wrong}
    answer = await admin.post(f"{V3}/endpoints", json={"endpoint": fields})
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]["message"]


async def test_the_old_word_for_a_region_makes_it(admin, service):
    made = await make(admin, "endpoints", service_id=service["id"], interface="admin", url="http://a", region="old")
    assert (made["region_id"], made["region"]) == ("old", "old")
    assert (await admin.get(f"{V3}/regions/old")).status_code == 200


async def test_endpoints_are_filtered_by_service_interface_and_region(admin, service):
    assert [e["id"] for e in await listed(admin, "endpoints", service_id=service["id"])] == [service["endpoint"]["id"]]
    assert await listed(admin, "endpoints", service_id=service["id"], interface="admin") == []
    assert {e["interface"] for e in await listed(admin, "endpoints", interface="internal")} == {"internal"}


async def test_regions_lie_in_each_other_but_not_in_a_circle(admin):
    for region, parent in (("a", None), ("b", "a")):
        assert (await admin.put(f"{V3}/regions/{region}", json={"region": {"parent_region_id": parent}})).status_code == 201
    assert (await admin.patch(f"{V3}/regions/a", json={"region": {"parent_region_id": "b"}})).status_code == 400
    assert (await admin.put(f"{V3}/regions/a", json={"region": {}})).status_code == 409
    assert [r["id"] for r in await listed(admin, "regions", parent_region_id="a")] == ["b"]


async def test_a_region_goes_with_those_in_it_unless_one_has_endpoints(admin, service):
    for region, parent in (("a", None), ("b", "a")):
        await admin.put(f"{V3}/regions/{region}", json={"region": {"parent_region_id": parent}})
    endpoint = await make(admin, "endpoints", service_id=service["id"], interface="admin", url="http://a", region_id="b")
    assert (await admin.delete(f"{V3}/regions/a")).status_code == 403
    await admin.delete(f"{V3}/endpoints/{endpoint['id']}")
    assert (await admin.delete(f"{V3}/regions/a")).status_code == 204
    assert (await admin.get(f"{V3}/regions/b")).status_code == 404


async def test_a_project_with_endpoints_of_its_own_sees_only_those(cloud, admin, service):
    client, other = await cloud.client("one", "member"), await cloud.client("two", "member")
    path = f"{V3}/OS-EP-FILTER/projects/{client.project_id}/endpoints"
    assert (await admin.put(f"{path}/{service['endpoint']['id']}")).status_code == 204
    kinds = {entry["type"] for entry in (await client.get(f"{V3}/auth/catalog")).json()["catalog"]}
    assert kinds == {"database"}
    assert "compute" in {entry["type"] for entry in (await other.get(f"{V3}/auth/catalog")).json()["catalog"]}
    assert (await admin.head(f"{path}/{service['endpoint']['id']}")).status_code == 204
    assert [e["id"] for e in (await admin.get(path)).json()["endpoints"]] == [service["endpoint"]["id"]]
    found = (await admin.get(f"{V3}/OS-EP-FILTER/endpoints/{service['endpoint']['id']}/projects")).json()["projects"]
    assert [p["id"] for p in found] == [client.project_id]
    assert (await admin.delete(f"{path}/{service['endpoint']['id']}")).status_code == 204
    assert (await admin.delete(f"{path}/{service['endpoint']['id']}")).status_code == 404
    assert "compute" in {entry["type"] for entry in (await client.get(f"{V3}/auth/catalog")).json()["catalog"]}


async def test_a_group_of_endpoints_is_for_a_project_as_its_endpoints_come_and_go(cloud, admin, service):
    client = await cloud.client("one", "member")
    group = await make(admin, "OS-EP-FILTER/endpoint_groups", filters={"service_id": service["id"]}, description="d")
    path = f"{V3}/OS-EP-FILTER/endpoint_groups/{group['id']}"
    assert (await admin.put(f"{path}/projects/{client.project_id}")).status_code == 204
    assert (await admin.put(f"{path}/projects/{client.project_id}")).status_code == 409
    assert len(await urls(client, "database")) == 1
    await make(admin, "endpoints", service_id=service["id"], interface="admin", url="http://more.test")
    assert len(await urls(client, "database")) == 2
    assert await urls(client, "compute") == []
    assert len((await admin.get(f"{path}/endpoints")).json()["endpoints"]) == 2
    assert [p["id"] for p in (await admin.get(f"{path}/projects")).json()["projects"]] == [client.project_id]
    mine = (await admin.get(f"{V3}/OS-EP-FILTER/projects/{client.project_id}/endpoint_groups")).json()["endpoint_groups"]
    assert [g["id"] for g in mine] == [group["id"]]
    changed = (await admin.patch(path, json={"endpoint_group": {"filters": {"interface": "admin"}}})).json()["endpoint_group"]
    assert changed["filters"] == {"service_id": service["id"], "interface": "admin"}
    assert await urls(client, "database") == ["http://more.test"]
    assert (await admin.delete(f"{path}/projects/{client.project_id}")).status_code == 204
    assert (await admin.get(f"{path}/projects/{client.project_id}")).status_code == 404
    assert await urls(client, "compute") != []


@pytest.mark.parametrize("filters", [{}, {"name": "x"}, {"interface": "public", "name": "x"}])
async def test_endpoints_are_grouped_by_service_region_and_interface_only(admin, filters):
    answer = await admin.post(f"{V3}/OS-EP-FILTER/endpoint_groups", json={"endpoint_group": {"name": "x", "filters": filters}})
    assert answer.status_code == 400
