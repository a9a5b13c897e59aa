"""Users, their passwords, and groups."""

from __future__ import annotations

import pytest

from support.identity import V3, grant, listed, log_in, make, names, password_body, person, role_id


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


async def test_a_user_never_shows_a_password_or_its_hash(cloud, admin):
    user = await person(cloud, password="very secret")
    for answer in (
        await admin.get(f"{V3}/users/{user.id}"),
        await admin.get(f"{V3}/users"),
        await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": "other secret"}}),
    ):
        assert "secret" not in answer.text
        assert "argon2" not in answer.text


async def test_passwords_are_hashed_before_the_transaction_that_others_wait_for(cloud, admin, monkeypatch):
    passwords, during = cloud.cloud.tokens.passwords, []
    work = passwords.hash

    async def hash_while_others_write(password):
        async with cloud.db.tx():  # another one's; within the request's own it would never begin
            during.append(password)
        return await work(password)

    monkeypatch.setattr(passwords, "hash", hash_while_others_write)
    user = await make(admin, "users", password="a secret that is long")
    await admin.patch(f"{V3}/users/{user['id']}", json={"user": {"password": "another secret"}})
    assert during == ["a secret that is long", "another secret"]
    member = await cloud.client("other", "member")
    assert (await member.post(f"{V3}/users", json={"user": {"name": "x", "password": "a secret"}})).status_code == 403
    assert (await member.patch(f"{V3}/users/{user['id']}", json={"user": {"password": "stolen secret"}})).status_code == 403
    assert len(during) == 2, "who may not set it has nothing hashed"


async def test_a_user_in_a_domain_that_does_not_exist_is_refused(admin):
    assert (await admin.post(f"{V3}/users", json={"user": {"name": "lost", "domain_id": "nowhere"}})).status_code == 404


async def test_two_users_of_one_domain_cannot_have_one_name(admin):
    await make(admin, "users", name="ann")
    assert (await admin.post(f"{V3}/users", json={"user": {"name": "ann"}})).status_code == 409


async def test_users_are_filtered_by_name_domain_and_whether_they_are_enabled(admin):
    home = await make(admin, "domains")
    await make(admin, "users", name="on", domain_id=home["id"])
    await make(admin, "users", name="off", domain_id=home["id"], enabled=False)
    assert await names(admin, "users", domain_id=home["id"]) == {"on", "off"}
    assert await names(admin, "users", domain_id=home["id"], enabled="false") == {"off"}
    assert await names(admin, "users", domain_id=home["id"], enabled="0", name="on") == set()
    assert (await admin.get(f"{V3}/users?enabled=perhaps")).status_code == 400


async def test_the_domain_of_a_user_is_fixed(cloud, admin):
    user, home = await person(cloud), await make(admin, "domains")
    assert (await admin.patch(f"{V3}/users/{user.id}", json={"user": {"domain_id": home["id"]}})).status_code == 400


async def test_a_default_project_is_the_scope_of_a_token_without_one_if_the_user_has_a_role_there(cloud, admin):
    project = await make(admin, "projects")
    user = await person(cloud, default_project_id=project["id"])
    assert "project" not in (await user.token()).json()["token"]
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    assert (await user.token()).json()["token"]["project"]["id"] == project["id"]
    assert "project" not in (await user.token("unscoped")).json()["token"]
    assert "project" not in (await user.token({"unscoped": {}})).json()["token"]


async def test_a_deleted_user_is_out_at_once_and_leaves_nothing(cloud, admin):
    user, project, group = await person(cloud), await make(admin, "projects"), await make(admin, "groups")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    await admin.put(f"{V3}/groups/{group['id']}/users/{user.id}")
    client = await user.in_project(project["id"])
    await make(client, "credentials", type="cert", blob="x")
    assert (await admin.delete(f"{V3}/users/{user.id}")).status_code == 204
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401
    assert await listed(admin, f"groups/{group['id']}/users") == []
    assert await listed(admin, "credentials", user_id=user.id) == []


async def test_a_wrong_original_password_changes_nothing(cloud):
    user = await person(cloud)
    change = {"user": {"password": "new", "original_password": "wrong"}}
    assert (await cloud.anonymous().post(f"{V3}/users/{user.id}/password", json=change)).status_code == 401
    assert (await user.token()).status_code == 201


async def test_a_user_that_does_not_exist_cannot_be_told_from_a_wrong_password(cloud):
    user = await person(cloud)
    change = {"user": {"password": "new", "original_password": "wrong"}}
    client = cloud.anonymous()
    known = await client.post(f"{V3}/users/{user.id}/password", json=change)
    unknown = await client.post(f"{V3}/users/nobody/password", json=change)
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())


@pytest.mark.parametrize(
    "options",
    [
        {"colour": True},
        {"lock_password": "yes"},
        {"multi_factor_auth_rules": ["password"]},
        {"multi_factor_auth_rules": [[]]},
        {"multi_factor_auth_rules": [["a", "a"]]},
    ],
)
async def test_wrong_options_of_a_user_are_refused(admin, options):
    answer = await admin.post(f"{V3}/users", json={"user": {"name": "odd", "options": options}})
    assert answer.status_code == 400
    assert next(iter(options)) in answer.json()["error"]["message"]


async def test_an_option_that_is_null_is_taken_away(cloud, admin):
    user = await person(cloud, options={"lock_password": True, "ignore_password_expiry": True})
    changed = await admin.patch(f"{V3}/users/{user.id}", json={"user": {"options": {"lock_password": None}}})
    assert changed.json()["user"]["options"] == {"ignore_password_expiry": True}


async def test_members_come_and_go(cloud, admin):
    group, user = await make(admin, "groups"), await person(cloud)
    path = f"{V3}/groups/{group['id']}/users/{user.id}"
    assert (await admin.head(path)).status_code == 404
    for _ in range(2):
        assert (await admin.put(path)).status_code == 204
    assert (await admin.head(path)).status_code == 204
    assert [entry["id"] for entry in await listed(admin, f"groups/{group['id']}/users")] == [user.id]
    assert [entry["id"] for entry in await listed(admin, f"users/{user.id}/groups")] == [group["id"]]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404


@pytest.mark.parametrize("wrong", ["group", "user"])
async def test_a_membership_of_something_that_does_not_exist_is_refused(cloud, admin, wrong):
    group, user = await make(admin, "groups"), await person(cloud)
    path = f"groups/nothing/users/{user.id}" if wrong == "group" else f"groups/{group['id']}/users/nobody"
    assert (await admin.put(f"{V3}/{path}")).status_code == 404


@pytest.mark.parametrize("place", ["project", "domain", "system"])
async def test_what_a_group_holds_its_members_hold_until_they_leave_it(cloud, admin, place):
    group, user = await make(admin, "groups"), await person(cloud)
    target = "" if place == "system" else f"{place}s/{(await make(admin, f'{place}s'))['id']}"
    role = await role_id(admin, "member")
    path = f"{V3}/{target or 'system'}/groups/{group['id']}/roles"
    assert (await admin.put(f"{path}/{role}")).status_code == 204
    assert [entry["id"] for entry in (await admin.get(path)).json()["roles"]] == [role]
    scope = {"system": {"all": True}} if place == "system" else {place: {"id": target.partition("/")[2]}}
    assert (await user.token(scope)).status_code == 401
    await admin.put(f"{V3}/groups/{group['id']}/users/{user.id}")
    client = await user.client(scope)
    assert (await client.get(f"{V3}/auth/{place if place == 'system' else place + 's'}")).json()[
        place if place == "system" else f"{place}s"
    ]
    await admin.delete(f"{V3}/groups/{group['id']}/users/{user.id}")
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401


async def test_deleting_a_group_takes_its_roles_from_its_members(cloud, admin):
    group, user, project = await make(admin, "groups"), await person(cloud), await make(admin, "projects")
    await admin.put(f"{V3}/groups/{group['id']}/users/{user.id}")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    client = await user.in_project(project["id"])
    assert (await admin.delete(f"{V3}/groups/{group['id']}")).status_code == 204
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401
    assert await listed(admin, "role_assignments", **{"group.id": group["id"]}) == []


async def test_two_groups_of_one_domain_cannot_have_one_name(admin):
    await make(admin, "groups", name="same")
    assert (await admin.post(f"{V3}/groups", json={"group": {"name": "same"}})).status_code == 409


async def test_a_policy_document_is_kept_as_it_was_sent(admin):
    made = await make(admin, "policies", type="application/json", blob={"a": ["role:b"]})
    assert (await admin.get(f"{V3}/policies/{made['id']}")).json()["policy"]["blob"] == {"a": ["role:b"]}
    changed = await admin.patch(f"{V3}/policies/{made['id']}", json={"policy": {"blob": "text"}})
    assert (changed.json()["policy"]["blob"], changed.json()["policy"]["type"]) == ("text", "application/json")
    assert (await admin.delete(f"{V3}/policies/{made['id']}")).status_code == 204
    assert (await admin.get(f"{V3}/policies/{made['id']}")).status_code == 404


async def test_two_methods_that_prove_different_users_make_no_token(cloud):
    ann, ben = await person(cloud), await person(cloud)
    token = (await ann.token()).headers["X-Subject-Token"]
    body = password_body(ben.id, ben.password)
    body["auth"]["identity"]["methods"] = ["password", "token"]
    body["auth"]["identity"]["token"] = {"id": token}
    assert (await log_in(cloud, body)).status_code == 401


@pytest.mark.parametrize(
    "scope", [{"project": {}}, {"project": {"name": "x"}}, {"domain": {}}, {}, {"project": {"id": "x"}, "system": {"all": True}}]
)
async def test_a_scope_that_does_not_say_one_thing_is_refused(cloud, scope):
    user = await person(cloud)
    assert (await user.token(scope)).status_code == 400


async def test_a_system_token_does_not_become_a_projects(cloud, admin):
    user, project = await person(cloud), await make(admin, "projects")
    await grant(admin, f"system/users/{user.id}", "reader")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    token = (await user.token({"system": {"all": True}})).headers["X-Subject-Token"]
    body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}, "scope": {"project": {"id": project["id"]}}}}
    assert (await log_in(cloud, body)).status_code == 403
