"""Tokens, over HTTP."""

from __future__ import annotations

from cumulet.identity.operations.tokens import LIFETIME_SECONDS


def password(name: str, secret: str, **scope: object) -> dict[str, object]:
    """The body of a request for a token."""
    user = {"name": name, "domain": {"id": "default"}, "password": secret}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, **({"scope": scope} if scope else {})}}


ADMIN_PROJECT = {"project": {"name": "admin", "domain": {"id": "default"}}}


def admin_password(cloud) -> str:
    return (cloud.cloud.config.state / "admin-password").read_text()


async def test_a_password_buys_a_project_token_with_catalog_and_roles(cloud):
    answer = await cloud.anonymous().post(
        "/identity/v3/auth/tokens", json=password("admin", admin_password(cloud), **ADMIN_PROJECT)
    )
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert {role["name"] for role in token["roles"]} == {"admin", "manager", "member", "reader"}
    assert token["project"]["name"] == "admin"
    assert {entry["type"] for entry in token["catalog"]} >= {"identity", "compute", "network"}
    assert answer.headers["X-Subject-Token"]


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(cloud):
    client = cloud.anonymous()
    wrong = await client.post("/identity/v3/auth/tokens", json=password("admin", "wrong"))
    unknown = await client.post("/identity/v3/auth/tokens", json=password("nobody", "wrong"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_a_token_without_scope_can_be_turned_into_one_with_scope(cloud):
    client = cloud.anonymous()
    first = await client.post("/identity/v3/auth/tokens", json=password("admin", admin_password(cloud)))
    assert "project" not in first.json()["token"]
    body = {
        "auth": {
            "identity": {"methods": ["token"], "token": {"id": first.headers["X-Subject-Token"]}},
            "scope": {"system": {"all": True}},
        }
    }
    second = await client.post("/identity/v3/auth/tokens", json=body)
    assert second.json()["token"]["system"] == {"all": True}
    assert second.json()["token"]["expires_at"] == first.json()["token"]["expires_at"]


async def test_an_expired_token_is_refused(cloud, clock):
    admin = await cloud.admin()
    assert (await admin.get("/identity/v3/projects")).status_code == 200
    await clock.advance(LIFETIME_SECONDS + 1)
    assert (await admin.get("/identity/v3/projects")).status_code == 401


async def test_a_forged_token_is_refused(cloud):
    admin = await cloud.admin()
    token = admin.headers["X-Auth-Token"]
    forged = cloud.anonymous(**{"X-Auth-Token": token[:-6] + "AAAAAA"})
    assert (await forged.get("/identity/v3/projects")).status_code == 401


async def test_a_revoked_token_is_refused_at_once(cloud):
    admin = await cloud.admin()
    token = admin.headers["X-Auth-Token"]
    assert (await admin.delete("/identity/v3/auth/tokens", headers={"X-Subject-Token": token})).status_code == 204
    assert (await admin.get("/identity/v3/projects")).status_code == 401


async def test_taking_a_role_away_takes_effect_at_once(cloud):
    admin, member = await cloud.admin(), await cloud.client("one", "member")
    assert (await member.get("/identity/v3/auth/projects")).status_code == 200
    roles = (await admin.get("/identity/v3/roles?name=member")).json()["roles"]
    path = f"/identity/v3/projects/{member.project_id}/users/{member.user_id}/roles/{roles[0]['id']}"
    assert (await admin.delete(path)).status_code == 204
    assert (await member.get("/identity/v3/auth/projects")).status_code == 401


async def test_a_disabled_user_is_out_at_once_and_its_tokens_stay_void(cloud):
    admin, member = await cloud.admin(), await cloud.client("one", "member")
    path = f"/identity/v3/users/{member.user_id}"
    await admin.patch(path, json={"user": {"enabled": False}})
    assert (await member.get("/identity/v3/auth/projects")).status_code == 401


async def test_a_new_password_makes_older_tokens_void(cloud, clock):
    admin = await cloud.admin()
    user = (await admin.post("/identity/v3/users", json={"user": {"name": "ann", "password": "first"}})).json()["user"]
    client = cloud.anonymous()
    token = (await client.post("/identity/v3/auth/tokens", json=password("ann", "first"))).headers["X-Subject-Token"]
    await clock.advance(1)
    change = {"user": {"password": "second", "original_password": "first"}}
    assert (await client.post(f"/identity/v3/users/{user['id']}/password", json=change)).status_code == 204
    assert (await client.get("/identity/v3/auth/projects", headers={"X-Auth-Token": token})).status_code == 401
    assert (await client.post("/identity/v3/auth/tokens", json=password("ann", "second"))).status_code == 201


async def test_a_body_that_is_not_json_is_named_as_such(cloud):
    answer = await cloud.anonymous().post(
        "/identity/v3/auth/tokens", content=b"{nonsense", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert "Malformed" in answer.json()["error"]["message"]


async def test_every_answer_has_a_request_id(cloud):
    for path in ("/identity/v3", "/identity/v3/nothing", "/identity/v3/projects"):
        answer = await cloud.anonymous().get(path)
        assert answer.headers["x-openstack-request-id"].startswith("req-"), path


async def test_names_mean_what_they_mean_now(cloud):
    admin, client = await cloud.admin(), cloud.anonymous()
    new = {"name": "ann", "domain_id": "default", "password": "first"}
    user = (await admin.post("/identity/v3/users", json={"user": new})).json()["user"]
    project = (await admin.post("/identity/v3/projects", json={"project": {"name": "old", "domain_id": "default"}})).json()[
        "project"
    ]
    member = next(role for role in (await admin.get("/identity/v3/roles?name=member")).json()["roles"])
    await admin.put(f"/identity/v3/projects/{project['id']}/users/{user['id']}/roles/{member['id']}")

    async def status(name: str, secret: str, in_project: str) -> int:
        body = password(name, secret, project={"name": in_project, "domain": {"id": "default"}})
        return (await client.post("/identity/v3/auth/tokens", json=body)).status_code

    assert [await status("ann", "first", "old") for _ in range(2)] == [201, 201]
    await admin.patch(f"/identity/v3/users/{user['id']}", json={"user": {"password": "second"}})
    assert (await status("ann", "first", "old"), await status("ann", "second", "old")) == (401, 201)
    await admin.patch(f"/identity/v3/users/{user['id']}", json={"user": {"name": "bea"}})
    assert (await status("ann", "second", "old"), await status("bea", "second", "old")) == (401, 201)
    await admin.patch(f"/identity/v3/projects/{project['id']}", json={"project": {"name": "new"}})
    assert (await status("bea", "second", "old"), await status("bea", "second", "new")) == (401, 201)
    await admin.patch(f"/identity/v3/users/{user['id']}", json={"user": {"enabled": False}})
    assert await status("bea", "second", "new") == 401
