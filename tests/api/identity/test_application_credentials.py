"""Application credentials: programs act for users, within what was listed."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from cumulet.kernel.clock import stamp
from support.identity import V3, grant, listed, log_in, make, person, role_id


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def world(cloud, admin):
    """A member of a project, logged in to it."""
    project, owner = await make(admin, "projects"), await person(cloud)
    await grant(admin, f"projects/{project['id']}/users/{owner.id}", "member")
    client = await owner.in_project(project["id"])
    return SimpleNamespace(project=project, owner=owner, client=client, path=f"users/{owner.id}/application_credentials")


def by_id(made, **more):
    """A request for a token by id and secret."""
    method = {"id": made["id"], "secret": made["secret"]}
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": method}, **more}}


def by_name(world, made, user):
    """A request for a token by name and secret."""
    method = {"name": made["name"], "secret": made["secret"], "user": user}
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": method}}}


async def acting(cloud, made) -> httpx.AsyncClient:
    """A client that acts by an application credential."""
    answer = await log_in(cloud, by_id(made))
    assert answer.status_code == 201, answer.text
    return cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})


async def test_a_secret_is_shown_once_and_buys_a_token_for_the_project(cloud, world):
    made = await make(world.client, world.path, description="for tests")
    shown = (await world.client.get(f"{V3}/{world.path}/{made['id']}")).json()["application_credential"]
    assert "secret" not in shown
    assert made["secret"] not in (await world.client.get(f"{V3}/{world.path}")).text
    token = (await log_in(cloud, by_id(made))).json()["token"]
    assert token["project"]["id"] == world.project["id"]
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    assert token["application_credential"] == {"id": made["id"], "name": made["name"], "restricted": True}
    assert token["methods"] == ["application_credential"]


async def test_it_is_found_by_its_name_and_user_too(cloud, world):
    made = await make(world.client, world.path, secret="chosen by the user")
    assert made["secret"] == "chosen by the user"
    for user in ({"id": world.owner.id}, {"name": world.owner.name, "domain": {"id": "default"}}):
        assert (await log_in(cloud, by_name(world, made, user))).status_code == 201


async def test_a_wrong_secret_and_an_unknown_id_get_the_same_answer(cloud, world):
    made = await make(world.client, world.path)
    wrong = await log_in(cloud, by_id({**made, "secret": "wrong"}))
    unknown = await log_in(cloud, by_id({**made, "id": "nothing"}))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_it_chooses_no_scope_and_its_token_becomes_none_with_another(cloud, admin, world):
    other = await make(admin, "projects")
    await grant(admin, f"projects/{other['id']}/users/{world.owner.id}", "member")
    made = await make(world.client, world.path)
    scope = {"scope": {"project": {"id": other["id"]}}}
    assert (await log_in(cloud, by_id(made, **scope))).status_code == 401
    token = (await acting(cloud, made)).headers["X-Auth-Token"]
    method = {"identity": {"methods": ["token"], "token": {"id": token}}}
    assert (await log_in(cloud, {"auth": {**method, **scope}})).status_code == 403
    again = (await log_in(cloud, {"auth": method})).json()["token"]
    assert again["application_credential"]["id"] == made["id"]
    assert again["project"]["id"] == world.project["id"]


async def test_it_has_the_roles_that_were_listed_with_what_they_imply(cloud, world):
    made = await make(world.client, world.path, roles=[{"name": "reader"}])
    assert {role["name"] for role in (await log_in(cloud, by_id(made))).json()["token"]["roles"]} == {"reader"}


@pytest.mark.parametrize(("fields", "status"), [
    ({"roles": [{"name": "admin"}]}, 400),
    ({"roles": [{"id": "nothing"}]}, 404),
    ({"expires_at": "2020-01-01T00:00:00"}, 400),
    ({"expires_at": "soon"}, 400),
    ({"name": ""}, 400),
    ({"colour": "blue"}, 400),
    ({"access_rules": [{"path": "v2", "method": "GET", "service": "compute"}]}, 400),
    ({"access_rules": [{"path": "/v2", "method": "LOOK", "service": "compute"}]}, 400),
    ({"access_rules": [{"path": "/v2", "method": "GET"}]}, 400),
    ({"access_rules": [{"id": "nothing"}]}, 404),
])  # fmt: skip
async def test_one_that_cannot_be_is_refused(world, fields, status):
    body = {"application_credential": {"name": "x", **fields}}
    assert (await world.client.post(f"{V3}/{world.path}", json=body)).status_code == status
    assert await listed(world.client, world.path) == []


async def test_two_of_one_user_cannot_have_one_name(world):
    await make(world.client, world.path, name="same")
    assert (await world.client.post(f"{V3}/{world.path}", json={"application_credential": {"name": "same"}})).status_code == 409


async def test_nobody_makes_one_for_somebody_else(cloud, admin, world):
    body = {"application_credential": {"name": "x"}}
    for client in (admin, await cloud.client("two", "member")):
        assert (await client.post(f"{V3}/{world.path}", json=body)).status_code == 403
    assert (await (await world.owner.client("unscoped")).post(f"{V3}/{world.path}", json=body)).status_code == 403


async def test_a_role_that_the_user_loses_is_lost_to_it_at_once(cloud, admin, world):
    await grant(admin, f"projects/{world.project['id']}/users/{world.owner.id}", "manager")
    made = await make(await world.owner.in_project(world.project["id"]), world.path)
    client = await acting(cloud, made)
    manager, member = await role_id(admin, "manager"), await role_id(admin, "member")
    group = await make(admin, "groups")
    await admin.put(f"{V3}/groups/{group['id']}/users/{world.owner.id}")
    await grant(admin, f"projects/{world.project['id']}/groups/{group['id']}", "member")
    for role in (manager, member):
        await admin.delete(f"{V3}/projects/{world.project['id']}/users/{world.owner.id}/roles/{role}")
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401
    assert await listed(admin, world.path) == []


async def test_what_its_roles_come_to_imply_later_is_not_delegated(cloud, admin, world):
    role, later = await make(admin, "roles"), await make(admin, "roles")
    await grant(admin, f"projects/{world.project['id']}/users/{world.owner.id}", role["name"])
    own = await world.owner.in_project(world.project["id"])
    made = await make(own, world.path, roles=[{"id": role["id"]}])
    await admin.put(f"{V3}/roles/{role['id']}/implies/{later['id']}")
    assert {r["name"] for r in (await log_in(cloud, by_id(made))).json()["token"]["roles"]} == {role["name"]}


async def test_it_ends_when_it_says(cloud, clock, world):
    made = await make(world.client, world.path, expires_at=stamp(clock.now() + 60))
    answer = await log_in(cloud, by_id(made))
    assert answer.json()["token"]["expires_at"] == made["expires_at"] + "Z"
    await clock.advance(61)
    assert (await log_in(cloud, by_id(made))).status_code == 401
    client = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401


async def test_deleting_it_ends_its_tokens_at_once(cloud, world):
    made = await make(world.client, world.path)
    client = await acting(cloud, made)
    assert (await world.client.delete(f"{V3}/{world.path}/{made['id']}")).status_code == 204
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401
    assert (await log_in(cloud, by_id(made))).status_code == 401


@pytest.mark.parametrize("unrestricted", [False, True])
async def test_only_an_unrestricted_one_manages_others(cloud, world, unrestricted):
    other = await make(world.client, world.path)
    client = await acting(cloud, await make(world.client, world.path, unrestricted=unrestricted))
    body = {"application_credential": {"name": "another"}}
    assert (await client.post(f"{V3}/{world.path}", json=body)).status_code == (201 if unrestricted else 403)
    assert (await client.delete(f"{V3}/{world.path}/{other['id']}")).status_code == (204 if unrestricted else 403)
    assert (await client.get(f"{V3}/{world.path}")).status_code == 200


async def test_none_of_them_makes_or_sees_trusts(cloud, world):
    trustee = await person(cloud)
    client = await acting(cloud, await make(world.client, world.path, unrestricted=True))
    wanted = {
        "trustor_user_id": world.owner.id,
        "trustee_user_id": trustee.id,
        "impersonation": True,
        "project_id": world.project["id"],
        "roles": [{"name": "reader"}],
    }
    assert (await client.post(f"{V3}/OS-TRUST/trusts", json={"trust": wanted})).status_code == 403
    assert (await client.get(f"{V3}/OS-TRUST/trusts?trustor_user_id={world.owner.id}")).status_code == 403
    made = await make(world.client, "OS-TRUST/trusts", **wanted)
    assert (await client.get(f"{V3}/OS-TRUST/trusts/{made['id']}")).status_code == 403


async def test_only_the_requests_in_its_access_rules_pass(cloud, world):
    rules = [
        {"service": "compute", "method": "GET", "path": "/v2.1/servers"},
        {"service": "compute", "method": "GET", "path": "/v2.1/servers/*"},
        {"service": "volumev3", "method": "GET", "path": "/v3/{project_id}/volumes/detail"},
        {"service": "image", "method": "GET", "path": "/v2/**"},
    ]
    client = await acting(cloud, await make(world.client, world.path, access_rules=rules))
    for path, status in (
        ("/compute/v2.1/servers", 200),
        ("/compute/v2.1/servers/detail", 200),
        ("/compute/v2.1/flavors", 403),
        ("/compute/v2.1/servers/x/ips", 403),
        (f"/volume/v3/{world.project['id']}/volumes/detail", 200),
        (f"/volume/v3/{world.project['id']}/volumes", 403),
        ("/image/v2/images", 200),
        ("/network/v2.0/networks", 403),
        ("/identity/v3/auth/projects", 403),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, f"{path}: {answer.text}"
    assert (await client.post("/compute/v2.1/servers", json={"server": {}})).status_code == 403
    assert (await client.delete("/compute/v2.1/servers/x")).status_code == 403


async def test_access_rules_are_kept_once_and_only_while_they_are_used_undeletable(world):
    rule = {"service": "compute", "method": "GET", "path": "/v2.1/servers"}
    one, two = [await make(world.client, world.path, access_rules=[rule]) for _ in range(2)]
    assert one["access_rules"] == two["access_rules"]
    rule_id = one["access_rules"][0]["id"]
    three = await make(world.client, world.path, access_rules=[{"id": rule_id}])
    assert three["access_rules"] == one["access_rules"]
    path = f"users/{world.owner.id}/access_rules"
    assert [entry["id"] for entry in await listed(world.client, path)] == [rule_id]
    assert (await world.client.delete(f"{V3}/{path}/{rule_id}")).status_code == 403
    for made in (one, two, three):
        await world.client.delete(f"{V3}/{world.path}/{made['id']}")
    assert (await world.client.delete(f"{V3}/{path}/{rule_id}")).status_code == 204
    assert await listed(world.client, path) == []


async def test_nobody_uses_the_access_rule_of_somebody_else(cloud, world):
    rule = {"service": "compute", "method": "GET", "path": "/v2.1/servers"}
    made = await make(world.client, world.path, access_rules=[rule])
    other = await cloud.client("two", "member")
    body = {"application_credential": {"name": "x", "access_rules": [{"id": made["access_rules"][0]["id"]}]}}
    assert (await other.post(f"{V3}/users/{other.user_id}/application_credentials", json=body)).status_code == 404
