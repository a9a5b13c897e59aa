"""Limits: what is registered for all, and what single projects and domains get instead."""

from __future__ import annotations

import pytest

from support.identity import V3, grant, listed, make, person


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def kind(admin):
    """A resource of a service, registered with a limit of 5."""
    found = {"service_id": (await make(admin, "services", type="database"))["id"], "resource_name": "tables"}
    await register(admin, {**found, "default_limit": 5})
    return found


async def register(client, *limits) -> list[dict]:
    """Register limits."""
    answer = await client.post(f"{V3}/registered_limits", json={"registered_limits": list(limits)})
    assert answer.status_code == 201, answer.text
    return answer.json()["registered_limits"]


async def limit(client, *limits):
    """The answer to setting limits."""
    return await client.post(f"{V3}/limits", json={"limits": list(limits)})


async def test_a_limit_is_set_changed_shown_and_taken_away(admin, kind):
    project = await make(admin, "projects")
    [made] = (await limit(admin, {**kind, "project_id": project["id"], "resource_limit": 7})).json()["limits"]
    assert (made["project_id"], made["domain_id"], made["region_id"], made["resource_limit"]) == (project["id"], None, None, 7)
    changed = await admin.patch(f"{V3}/limits/{made['id']}", json={"limit": {"resource_limit": -1}})
    assert changed.json()["limit"]["resource_limit"] == -1
    assert (await admin.delete(f"{V3}/limits/{made['id']}")).status_code == 204
    assert (await admin.get(f"{V3}/limits/{made['id']}")).status_code == 404


async def test_a_domain_has_limits_too_even_if_it_is_called_a_project(admin, kind):
    domain = await make(admin, "domains")
    [made] = (await limit(admin, {**kind, "project_id": domain["id"], "resource_limit": 7})).json()["limits"]
    assert (made["project_id"], made["domain_id"]) == (None, domain["id"])


@pytest.mark.parametrize(("fields", "status"), [
    ({"service_id": "nothing"}, 400),
    ({"region_id": "nowhere"}, 400),
    ({"project_id": "nothing"}, 400),
    ({"project_id": None}, 400),
    ({"resource_name": "chairs"}, 403),
    ({"resource_limit": -2}, 400),
    ({"resource_limit": "many"}, 400),
    ({"colour": "blue"}, 400),
])  # fmt: skip
async def test_a_limit_that_cannot_be_is_refused_with_all_that_came_with_it(admin, kind, fields, status):
    project, other = await make(admin, "projects"), await make(admin, "projects")
    good = {**kind, "project_id": other["id"], "resource_limit": 1}
    wrong = {**kind, "project_id": project["id"], "resource_limit": 1, **fields}
    assert (await limit(admin, good, wrong)).status_code == status
    assert await listed(admin, "limits") == []


async def test_one_project_has_one_limit_of_a_kind(admin, kind):
    wanted = {**kind, "project_id": (await make(admin, "projects"))["id"], "resource_limit": 1}
    assert (await limit(admin, wanted)).status_code == 201
    assert (await limit(admin, wanted)).status_code == 409


async def test_a_kind_is_registered_once_for_each_region(admin, kind):
    await admin.put(f"{V3}/regions/a", json={"region": {}})
    again = {**kind, "default_limit": 1}
    assert (await admin.post(f"{V3}/registered_limits", json={"registered_limits": [again]})).status_code == 409
    await register(admin, {**again, "region_id": "a"})
    assert {found["region_id"] for found in await listed(admin, "registered_limits", service_id=kind["service_id"])} == {None, "a"}


async def test_what_is_registered_stays_while_there_are_limits_of_its_kind(admin, kind):
    [registered] = await listed(admin, "registered_limits")
    project = await make(admin, "projects")
    [made] = (await limit(admin, {**kind, "project_id": project["id"], "resource_limit": 1})).json()["limits"]
    path = f"{V3}/registered_limits/{registered['id']}"
    assert (await admin.delete(path)).status_code == 403
    assert (await admin.patch(path, json={"registered_limit": {"resource_name": "chairs"}})).status_code == 403
    assert (await admin.patch(path, json={"registered_limit": {"default_limit": 9}})).json()["registered_limit"][
        "default_limit"
    ] == 9
    await admin.delete(f"{V3}/limits/{made['id']}")
    assert (await admin.delete(path)).status_code == 204


async def test_T8_everybody_sees_the_limits_of_their_own_scope(cloud, admin, kind):
    domain, member = await make(admin, "domains"), await cloud.client("one", "member")
    inside, reader = await make(admin, "projects", domain_id=domain["id"]), await person(cloud)
    await grant(admin, f"domains/{domain['id']}/users/{reader.id}", "reader")
    targets = [{"project_id": member.project_id}, {"project_id": inside["id"]}, {"domain_id": domain["id"]}]
    made = (await limit(admin, *({**kind, **target, "resource_limit": 1} for target in targets))).json()["limits"]
    in_domain, unscoped = await reader.in_domain(domain["id"]), await reader.client("unscoped")
    everything, own, domains, nothing = [
        {found["id"] for found in await listed(client, "limits")} for client in (admin, member, in_domain, unscoped)
    ]
    assert everything == {found["id"] for found in made}
    assert own == {made[0]["id"]}
    assert domains == {made[1]["id"], made[2]["id"]}
    assert nothing == set()
    assert await listed(member, "limits", project_id=inside["id"]) == []
    for client, seen in ((member, [200, 403, 403]), (in_domain, [403, 200, 200])):
        assert [(await client.get(f"{V3}/limits/{found['id']}")).status_code for found in made] == seen


async def test_limits_go_with_their_project(admin, kind):
    project = await make(admin, "projects")
    await limit(admin, {**kind, "project_id": project["id"], "resource_limit": 1})
    assert (await admin.delete(f"{V3}/projects/{project['id']}")).status_code == 204
    assert await listed(admin, "limits") == []


async def test_the_model_is_flat(admin):
    assert (await admin.get(f"{V3}/limits/model")).json()["model"]["name"] == "flat"


async def test_what_has_registered_limits_is_not_deleted_and_says_so(cloud):
    admin = await cloud.admin()
    service = await make(admin, "services", type="database")
    await admin.put(f"{V3}/regions/far", json={"region": {}})
    kind = {"service_id": service["id"], "resource_name": "tables", "region_id": "far", "default_limit": 1}
    made = (await admin.post(f"{V3}/registered_limits", json={"registered_limits": [kind]})).json()["registered_limits"][0]["id"]
    for path in (f"services/{service['id']}", "regions/far"):
        refused = await admin.delete(f"{V3}/{path}")
        assert refused.status_code == 403, path
        assert made in refused.json()["error"]["message"]
    assert (await admin.delete(f"{V3}/registered_limits/{made}")).status_code == 204
    for path in (f"services/{service['id']}", "regions/far"):
        assert (await admin.delete(f"{V3}/{path}")).status_code == 204


async def test_a_project_with_others_below_says_which(cloud):
    admin = await cloud.admin()
    project = await make(admin, "projects")
    await make(admin, "projects", name="the one below", parent_id=project["id"])
    refused = await admin.delete(f"{V3}/projects/{project['id']}")
    assert refused.status_code == 403
    assert "the one below" in refused.json()["error"]["message"]
