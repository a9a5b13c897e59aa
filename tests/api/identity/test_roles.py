"""Roles, what they imply, who was given them, and what that comes to."""

from __future__ import annotations

import pytest

from support.identity import V3, grant, listed, make, person, role_id


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


async def token_roles(user, project_id: str) -> set[str]:
    """The names of the roles in a token for a project; none if there is no token."""
    answer = await user.token({"project": {"id": project_id}})
    return {role["name"] for role in answer.json()["token"]["roles"]} if answer.status_code == 201 else set()


async def test_a_role_implies_others_however_indirectly(cloud, admin):
    one, two, three = [await make(admin, "roles") for _ in range(3)]
    for prior, implied in ((one, two), (two, three)):
        assert (await admin.put(f"{V3}/roles/{prior['id']}/implies/{implied['id']}")).status_code == 201
    user, project = await person(cloud), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", one["name"])
    assert await token_roles(user, project["id"]) == {one["name"], two["name"], three["name"]}
    shown = (await admin.get(f"{V3}/roles/{one['id']}/implies")).json()["role_inference"]
    assert [role["id"] for role in shown["implies"]] == [two["id"]]
    assert (await admin.head(f"{V3}/roles/{one['id']}/implies/{two['id']}")).status_code == 204
    assert (await admin.head(f"{V3}/roles/{one['id']}/implies/{three['id']}")).status_code == 404
    assert (await admin.delete(f"{V3}/roles/{one['id']}/implies/{two['id']}")).status_code == 204
    assert await token_roles(user, project["id"]) == {one["name"]}


async def test_roles_do_not_imply_each_other_in_a_circle(admin):
    one, two = await make(admin, "roles"), await make(admin, "roles")
    await admin.put(f"{V3}/roles/{one['id']}/implies/{two['id']}")
    assert (await admin.put(f"{V3}/roles/{two['id']}/implies/{one['id']}")).status_code == 403
    assert (await admin.put(f"{V3}/roles/{one['id']}/implies/{one['id']}")).status_code == 403


async def test_a_domains_role_is_in_no_token_but_implies_what_is(cloud, admin):
    domain = await make(admin, "domains")
    inner, outer = await make(admin, "roles", domain_id=domain["id"]), await make(admin, "roles")
    project, user = await make(admin, "projects", domain_id=domain["id"]), await person(cloud)
    path = f"{V3}/projects/{project['id']}/users/{user.id}/roles/{inner['id']}"
    assert (await admin.put(path)).status_code == 204
    assert await token_roles(user, project["id"]) == set()
    assert await listed(admin, f"users/{user.id}/projects") == []
    assert await listed(admin, "role_assignments", effective=True, **{"user.id": user.id}) == []
    await admin.put(f"{V3}/roles/{inner['id']}/implies/{outer['id']}")
    assert await token_roles(user, project["id"]) == {outer["name"]}


async def test_a_domains_role_is_held_in_that_domain_only(cloud, admin):
    domain, user = await make(admin, "domains"), await person(cloud)
    inner, elsewhere = await make(admin, "roles", domain_id=domain["id"]), await make(admin, "projects")
    for place in (f"projects/{elsewhere['id']}", "system"):
        assert (await admin.put(f"{V3}/{place}/users/{user.id}/roles/{inner['id']}")).status_code == 403


async def test_a_global_role_does_not_imply_a_domains(admin):
    inner, outer = await make(admin, "roles", domain_id=(await make(admin, "domains"))["id"]), await make(admin, "roles")
    assert (await admin.put(f"{V3}/roles/{outer['id']}/implies/{inner['id']}")).status_code == 403


async def test_roles_of_a_domain_are_listed_only_if_it_is_asked_for(admin):
    domain = await make(admin, "domains")
    inner = await make(admin, "roles", domain_id=domain["id"])
    assert inner["id"] not in {role["id"] for role in await listed(admin, "roles")}
    assert [role["id"] for role in await listed(admin, "roles", domain_id=domain["id"])] == [inner["id"]]


async def test_deleting_a_role_takes_it_from_everybody(cloud, admin):
    role, user, project = await make(admin, "roles"), await person(cloud), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", role["name"])
    assert (await admin.delete(f"{V3}/roles/{role['id']}")).status_code == 204
    assert await token_roles(user, project["id"]) == set()
    assert await listed(admin, "role_assignments", **{"user.id": user.id}) == []


@pytest.mark.parametrize("holder", ["users", "groups"])
@pytest.mark.parametrize("place", ["projects", "domains", "system"])
async def test_every_kind_of_grant_is_given_checked_listed_and_taken(cloud, admin, holder, place):
    who = (await person(cloud)).id if holder == "users" else (await make(admin, "groups"))["id"]
    target = place if place == "system" else f"{place}/{(await make(admin, place))['id']}"
    role = await role_id(admin, "member")
    path = f"{V3}/{target}/{holder}/{who}/roles"
    assert (await admin.head(f"{path}/{role}")).status_code == 404
    for _ in range(2):
        assert (await admin.put(f"{path}/{role}")).status_code == 204
    assert (await admin.head(f"{path}/{role}")).status_code == 204
    assert [entry["id"] for entry in (await admin.get(path)).json()["roles"]] == [role]
    assert (await admin.delete(f"{path}/{role}")).status_code == 204
    assert (await admin.delete(f"{path}/{role}")).status_code == 404


@pytest.mark.parametrize("place", ["projects", "domains"])
@pytest.mark.parametrize("holder", ["users", "groups"])
async def test_an_inherited_role_is_held_below_and_not_at_its_place(cloud, admin, place, holder):
    domain, user = await make(admin, "domains"), await person(cloud)
    top = await make(admin, "projects", domain_id=domain["id"])
    below = await make(admin, "projects", parent_id=top["id"])
    who = user.id
    if holder == "groups":
        who = (await make(admin, "groups"))["id"]
        await admin.put(f"{V3}/groups/{who}/users/{user.id}")
    target = top if place == "projects" else domain
    path = f"{V3}/OS-INHERIT/{place}/{target['id']}/{holder}/{who}/roles"
    role = await role_id(admin, "reader")
    assert (await admin.put(f"{path}/{role}/inherited_to_projects")).status_code == 204
    assert (await admin.head(f"{path}/{role}/inherited_to_projects")).status_code == 204
    assert [entry["id"] for entry in (await admin.get(f"{path}/inherited_to_projects")).json()["roles"]] == [role]
    assert (await admin.get(f"{V3}/{place}/{target['id']}/{holder}/{who}/roles")).json()["roles"] == []
    assert await token_roles(user, below["id"]) == {"reader"}
    assert await token_roles(user, top["id"]) == ({"reader"} if place == "domains" else set())
    assert (await user.token({"domain": {"id": domain["id"]}})).status_code == 401
    inside = {below["id"], top["id"]} if place == "domains" else {below["id"]}
    assert {p["id"] for p in await listed(admin, f"users/{user.id}/projects")} == inside
    found = await listed(admin, "role_assignments", effective=True, **{"user.id": user.id})
    assert {entry["scope"]["project"]["id"] for entry in found} == inside
    assert all(entry["scope"]["OS-INHERIT:inherited_to"] == "projects" for entry in found)
    assert all(f"/OS-INHERIT/{place}/{target['id']}/{holder}/{who}/" in entry["links"]["assignment"] for entry in found)
    assert (await admin.delete(f"{path}/{role}/inherited_to_projects")).status_code == 204
    assert await token_roles(user, below["id"]) == set()


async def test_effective_assignments_name_members_instead_of_groups_and_say_where_they_come_from(cloud, admin):
    group, project = await make(admin, "groups"), await make(admin, "projects")
    ann, ben = await person(cloud), await person(cloud)
    for user in (ann, ben):
        await admin.put(f"{V3}/groups/{group['id']}/users/{user.id}")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    found = await listed(admin, "role_assignments", effective=True, **{"scope.project.id": project["id"]})
    assert {(entry["user"]["id"], entry["role"]["id"]) for entry in found} == {
        (user.id, await role_id(admin, role)) for user in (ann, ben) for role in ("member", "reader")
    }
    assert all(entry["links"]["membership"].endswith(f"/groups/{group['id']}/users/{entry['user']['id']}") for entry in found)
    implied = [entry for entry in found if entry["role"]["id"] == await role_id(admin, "reader")]
    assert all("prior_role" in entry["links"] for entry in implied)
    made = await listed(admin, "role_assignments", **{"scope.project.id": project["id"]})
    assert [entry["group"]["id"] for entry in made] == [group["id"]]


async def test_names_are_added_if_they_are_asked_for(cloud, admin):
    user, project = await person(cloud), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    [entry] = await listed(admin, "role_assignments", include_names=True, **{"user.id": user.id})
    home = {"id": "default", "name": "Default"}
    assert entry["user"] == {"id": user.id, "name": user.name, "domain": home}
    assert entry["scope"]["project"] == {"id": project["id"], "name": project["name"], "domain": home}
    assert entry["role"] == {"id": await role_id(admin, "member"), "name": "member"}


async def test_assignments_are_filtered_by_every_part(cloud, admin):
    user, project, domain = await person(cloud), await make(admin, "projects"), await make(admin, "domains")
    for place in (f"projects/{project['id']}", f"domains/{domain['id']}", "system"):
        await grant(admin, f"{place}/users/{user.id}", "member")

    async def count(**filters: str) -> int:
        return len(await listed(admin, "role_assignments", **{"user.id": user.id, **filters}))

    assert await count() == 3
    assert await count(**{"scope.project.id": project["id"]}) == 1
    assert await count(**{"scope.domain.id": domain["id"]}) == 1
    assert await count(**{"scope.system": "all"}) == 1
    assert await count(**{"role.id": await role_id(admin, "reader")}) == 0
    assert await count(**{"role.id": await role_id(admin, "reader"), "effective": "true"}) == 3
    assert await count(**{"scope.OS-INHERIT:inherited_to": "projects"}) == 0


async def test_a_subtree_has_the_assignments_of_all_projects_in_it(cloud, admin):
    user, top = await person(cloud), await make(admin, "projects")
    below, other = await make(admin, "projects", parent_id=top["id"]), await make(admin, "projects")
    for project in (top, below, other):
        await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    found = await listed(admin, "role_assignments", include_subtree=True, **{"scope.project.id": top["id"]})
    assert {entry["scope"]["project"]["id"] for entry in found} == {top["id"], below["id"]}
    assert (await admin.get(f"{V3}/role_assignments?include_subtree")).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "effective&group.id=x",
        "user.id=x&group.id=y",
        "scope.project.id=x&scope.domain.id=y",
        "scope.system=all&scope.project.id=y",
        "effective&scope.domain.id=x&scope.OS-INHERIT:inherited_to=projects",
    ],
)
async def test_filters_that_contradict_each_other_are_refused(admin, query):
    assert (await admin.get(f"{V3}/role_assignments?{query}")).status_code == 400


@pytest.mark.parametrize(
    "path", ["projects/x/users/{u}", "domains/x/users/{u}", "projects/{p}/users/x", "projects/{p}/groups/x", "system/users/x"]
)
async def test_a_grant_to_or_on_something_that_does_not_exist_is_refused(cloud, admin, path):
    user, project = await person(cloud), await make(admin, "projects")
    filled = path.format(u=user.id, p=project["id"])
    assert (await admin.put(f"{V3}/{filled}/roles/{await role_id(admin, 'member')}")).status_code == 404
    assert (await admin.put(f"{V3}/projects/{project['id']}/users/{user.id}/roles/nothing")).status_code == 404
