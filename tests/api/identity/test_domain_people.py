"""Readers and managers of a domain: they see and change what is in it, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from support.identity import V3, grant, listed, make, names, person, role_id


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def home(cloud, admin):
    """A domain with a project, a user and a group in it, and clients of its reader and its manager."""
    domain = await make(admin, "domains")
    project, group = await make(admin, "projects", domain_id=domain["id"]), await make(admin, "groups", domain_id=domain["id"])
    user = await person(cloud, domain_id=domain["id"])
    clients = {}
    for role in ("reader", "manager"):
        who = await person(cloud, domain_id=domain["id"])
        await grant(admin, f"domains/{domain['id']}/users/{who.id}", role)
        clients[role] = await who.in_domain(domain["id"])
    return SimpleNamespace(id=domain["id"], project=project, group=group, user=user, **clients)


@pytest.mark.parametrize("collection", ["projects", "users", "groups", "domains"])
async def test_T8_a_domains_reader_lists_what_is_in_the_domain_and_nothing_else(admin, home, collection):
    await make(admin, collection)
    inside = {entry["id"] for entry in await listed(home.reader, collection)}
    everything = await listed(admin, collection)
    assert inside == {e["id"] for e in everything if e["id"] == home.id or e.get("domain_id") == home.id}
    assert 0 < len(inside) < len(everything)


@pytest.mark.parametrize("collection", ["projects", "users", "groups"])
async def test_T8_asking_for_another_domain_finds_nothing(home, collection):
    assert await listed(home.reader, collection, domain_id="default") == []


async def test_T8_a_domains_reader_sees_the_assignments_in_the_domain_only(cloud, admin, home):
    elsewhere = await make(admin, "projects")
    for project in (home.project, elsewhere):
        await grant(admin, f"projects/{project['id']}/users/{home.user.id}", "member")
    found = await listed(home.reader, "role_assignments", **{"user.id": home.user.id})
    assert [entry["scope"]["project"]["id"] for entry in found] == [home.project["id"]]
    assert len(await listed(admin, "role_assignments", **{"user.id": home.user.id})) == 2
    subtree = {"include_subtree": "true", "scope.project.id": elsewhere["id"]}
    assert (await home.reader.get(f"{V3}/role_assignments", params=subtree)).status_code == 403


async def test_T8_members_and_groups_of_other_domains_are_not_shown(cloud, admin, home):
    stranger, other = await person(cloud), await make(admin, "groups")
    await admin.put(f"{V3}/groups/{home.group['id']}/users/{stranger.id}")
    await admin.put(f"{V3}/groups/{other['id']}/users/{home.user.id}")
    await admin.put(f"{V3}/groups/{home.group['id']}/users/{home.user.id}")
    assert await names(home.reader, f"groups/{home.group['id']}/users") == {home.user.name}
    assert await names(home.reader, f"users/{home.user.id}/groups") == {home.group["name"]}


async def test_a_domains_reader_changes_nothing(home):
    assert (await home.reader.get(f"{V3}/users/{home.user.id}")).status_code == 200
    assert (await home.reader.patch(f"{V3}/users/{home.user.id}", json={"user": {"name": "x"}})).status_code == 403
    assert (await home.reader.post(f"{V3}/users", json={"user": {"name": "x"}})).status_code == 403


@pytest.mark.parametrize("key", ["user", "group", "project"])
async def test_a_domains_manager_makes_changes_and_deletes_what_is_in_the_domain(home, key):
    made = (await home.manager.post(f"{V3}/{key}s", json={key: {"name": "new", "domain_id": home.id}})).json()[key]
    assert made["domain_id"] == home.id
    assert (await home.manager.patch(f"{V3}/{key}s/{made['id']}", json={key: {"name": "newer"}})).status_code == 200
    assert (await home.manager.delete(f"{V3}/{key}s/{made['id']}")).status_code == 204


@pytest.mark.parametrize("key", ["user", "group", "project"])
async def test_T8_a_domains_manager_makes_nothing_elsewhere(admin, home, key):
    assert (await home.manager.post(f"{V3}/{key}s", json={key: {"name": "new", "domain_id": "default"}})).status_code == 403


async def test_T8_a_parent_in_another_domain_does_not_lead_a_manager_out_of_theirs(admin, home):
    parent = await make(admin, "projects")
    answer = await home.manager.post(f"{V3}/projects", json={"project": {"name": "out", "parent_id": parent["id"]}})
    assert answer.status_code == 400
    assert "out" not in await names(admin, "projects")


async def test_T8_a_domains_manager_makes_no_domain_by_way_of_a_project(admin, home):
    answer = await home.manager.post(f"{V3}/projects", json={"project": {"name": "realm", "is_domain": True}})
    assert answer.status_code == 403
    assert "realm" not in await names(admin, "domains")


async def test_a_domains_manager_gives_the_ordinary_roles_within_the_domain(admin, home):
    path = f"{V3}/projects/{home.project['id']}/users/{home.user.id}/roles"
    for role in ("reader", "member", "manager"):
        assert (await home.manager.put(f"{path}/{await role_id(admin, role)}")).status_code == 204
        assert (await home.manager.delete(f"{path}/{await role_id(admin, role)}")).status_code == 204
    assert (await home.manager.put(f"{path}/{await role_id(admin, 'admin')}")).status_code == 403
    assert (await home.manager.put(f"{path}/{(await make(admin, 'roles'))['id']}")).status_code == 403


async def test_T8_a_domains_manager_gives_nothing_to_strangers_or_elsewhere(cloud, admin, home):
    stranger, elsewhere, member = await person(cloud), await make(admin, "projects"), await role_id(admin, "member")
    for path in (
        f"projects/{home.project['id']}/users/{stranger.id}",
        f"projects/{elsewhere['id']}/users/{home.user.id}",
        f"domains/default/users/{home.user.id}",
        f"system/users/{home.user.id}",
        f"OS-INHERIT/domains/default/users/{home.user.id}",
    ):
        tail = "/inherited_to_projects" if "INHERIT" in path else ""
        assert (await home.manager.put(f"{V3}/{path}/roles/{member}{tail}")).status_code == 403, path


async def test_T8_a_domains_manager_puts_no_strangers_into_groups(cloud, admin, home):
    stranger, other = await person(cloud), await make(admin, "groups")
    assert (await home.manager.put(f"{V3}/groups/{home.group['id']}/users/{home.user.id}")).status_code == 204
    assert (await home.manager.put(f"{V3}/groups/{home.group['id']}/users/{stranger.id}")).status_code == 403
    assert (await home.manager.put(f"{V3}/groups/{other['id']}/users/{home.user.id}")).status_code == 403


async def test_a_domains_manager_finds_the_roles_to_give(admin, home):
    assert {"reader", "member", "manager"} <= await names(home.manager, "roles")
    assert (await home.manager.get(f"{V3}/roles/{await role_id(admin, 'member')}")).status_code == 200
    assert (await home.manager.get(f"{V3}/roles?domain_id={home.id}")).status_code == 403


async def test_a_manager_of_a_project_is_no_manager_of_its_domain(cloud, admin, home):
    who = await person(cloud, domain_id=home.id)
    await grant(admin, f"projects/{home.project['id']}/users/{who.id}", "manager")
    client = await who.in_project(home.project["id"])
    assert (await client.patch(f"{V3}/users/{home.user.id}", json={"user": {"name": "x"}})).status_code == 403
    assert (await client.get(f"{V3}/users")).status_code == 403


async def test_everybody_sees_their_own_domain_and_project(cloud, admin, home):
    await grant(admin, f"projects/{home.project['id']}/users/{home.user.id}", "reader")
    client = await home.user.in_project(home.project["id"])
    assert (await client.get(f"{V3}/domains/{home.id}")).status_code == 200
    assert (await client.get(f"{V3}/projects/{home.project['id']}")).status_code == 200
    assert (await client.get(f"{V3}/domains/default")).status_code == 403
    unscoped = await home.user.client("unscoped")
    assert (await unscoped.get(f"{V3}/domains/default")).status_code == 403
