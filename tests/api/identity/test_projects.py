"""Projects, their trees, tags and domains."""

from __future__ import annotations

import pytest

from support.identity import V3, grant, listed, make, names, person


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


async def test_a_project_keeps_fields_of_the_clients_own(admin):
    made = await make(admin, "projects", color="blue")
    changed = await admin.patch(f"{V3}/projects/{made['id']}", json={"project": {"size": 3}})
    assert (changed.json()["project"]["color"], changed.json()["project"]["size"]) == ("blue", 3)


async def test_two_projects_of_one_domain_cannot_have_one_name(admin):
    await make(admin, "projects", name="same")
    assert (await admin.post(f"{V3}/projects", json={"project": {"name": "same"}})).status_code == 409
    await make(admin, "projects", name="same", domain_id=(await make(admin, "domains"))["id"])


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 65}, {"name": 7}, {}, {"name": "x", "enabled": "yes"}, {"name": "x", "tags": ["a,b"]}]
)
async def test_a_wrong_project_is_refused_and_the_field_named(admin, wrong):
    answer = await admin.post(f"{V3}/projects", json={"project": wrong})
    assert answer.status_code == 400
    assert any(field in answer.json()["error"]["message"] for field in ("name", "enabled", "tags"))


@pytest.mark.parametrize("field", ["parent_id", "domain_id"])
async def test_a_parent_or_domain_that_does_not_exist_is_refused(admin, field):
    answer = await admin.post(f"{V3}/projects", json={"project": {"name": "lost", field: "nowhere"}})
    assert answer.status_code == 400
    assert field in answer.json()["error"]["message"]


async def test_a_project_is_in_the_domain_of_its_parent(admin):
    elsewhere = await make(admin, "domains")
    parent = await make(admin, "projects", domain_id=elsewhere["id"])
    assert (await make(admin, "projects", parent_id=parent["id"]))["domain_id"] == elsewhere["id"]
    wrong = {"project": {"name": "torn", "parent_id": parent["id"], "domain_id": "default"}}
    assert (await admin.post(f"{V3}/projects", json=wrong)).status_code == 400


async def tree(admin, depth: int) -> list[dict]:
    """A line of projects, each below the one before."""
    found: list[dict] = []
    for _ in range(depth):
        parent = {"parent_id": found[-1]["id"]} if found else {}
        found.append(await make(admin, "projects", **parent))
    return found


async def test_a_tree_of_projects_is_at_most_five_levels_deep(admin):
    deepest = (await tree(admin, 5))[-1]
    answer = await admin.post(f"{V3}/projects", json={"project": {"name": "too deep", "parent_id": deepest["id"]}})
    assert answer.status_code == 403


async def test_ids_above_and_below_form_trees(admin):
    top, middle, bottom = await tree(admin, 3)
    other = await make(admin, "projects", parent_id=top["id"])
    above = (await admin.get(f"{V3}/projects/{bottom['id']}?parents_as_ids")).json()["project"]["parents"]
    assert above == {middle["id"]: {top["id"]: {"default": None}}}
    below = (await admin.get(f"{V3}/projects/{top['id']}?subtree_as_ids")).json()["project"]["subtree"]
    assert below == {middle["id"]: {bottom["id"]: None}, other["id"]: None}


async def test_lists_of_relatives_hold_what_the_user_has_a_role_in(admin):
    top, middle, bottom = await tree(admin, 3)
    await grant(admin, f"projects/{bottom['id']}/users/{admin.user_id}", "member")
    await grant(admin, f"projects/{top['id']}/users/{admin.user_id}", "member")
    shown = (await admin.get(f"{V3}/projects/{middle['id']}?subtree_as_list&parents_as_list")).json()["project"]
    assert [entry["project"]["id"] for entry in shown["subtree"]] == [bottom["id"]]
    assert [entry["project"]["id"] for entry in shown["parents"]] == [top["id"]]


@pytest.mark.parametrize("key", ["parents", "subtree"])
async def test_relatives_are_shown_in_one_way_at_a_time(admin, key):
    project = await make(admin, "projects")
    assert (await admin.get(f"{V3}/projects/{project['id']}?{key}_as_list&{key}_as_ids")).status_code == 400


async def test_what_has_something_enabled_below_it_cannot_be_disabled(admin):
    top, bottom = await tree(admin, 2)
    assert (await admin.patch(f"{V3}/projects/{top['id']}", json={"project": {"enabled": False}})).status_code == 403
    for project in (bottom, top):
        assert (await admin.patch(f"{V3}/projects/{project['id']}", json={"project": {"enabled": False}})).status_code == 200
    assert (await admin.patch(f"{V3}/projects/{bottom['id']}", json={"project": {"enabled": True}})).status_code == 403
    wrong = {"project": {"name": "late", "parent_id": bottom["id"]}}
    assert (await admin.post(f"{V3}/projects", json=wrong)).status_code == 400


async def test_only_a_leaf_can_be_deleted(admin):
    top, bottom = await tree(admin, 2)
    assert (await admin.delete(f"{V3}/projects/{top['id']}")).status_code == 403
    for project in (bottom, top):
        assert (await admin.delete(f"{V3}/projects/{project['id']}")).status_code == 204


async def test_deleting_a_project_takes_along_what_was_kept_for_it(cloud, admin):
    project, owner = await make(admin, "projects"), await person(cloud)
    await grant(admin, f"projects/{project['id']}/users/{owner.id}", "member")
    own = await owner.in_project(project["id"])
    await make(own, f"users/{owner.id}/application_credentials")
    await make(own, "credentials", type="cert", blob="x", project_id=project["id"])
    assert (await admin.delete(f"{V3}/projects/{project['id']}")).status_code == 204
    assert (await own.get(f"{V3}/auth/projects")).status_code == 401
    assert await listed(admin, "role_assignments", **{"user.id": owner.id}) == []
    assert await listed(admin, "credentials", user_id=owner.id) == []
    assert await listed(admin, f"users/{owner.id}/application_credentials") == []


@pytest.mark.parametrize(("field", "status"), [("parent_id", 403), ("domain_id", 400), ("is_domain", 400)])
async def test_the_place_of_a_project_is_fixed(admin, field, status):
    project = await make(admin, "projects")
    value = True if field == "is_domain" else "elsewhere"
    assert (await admin.patch(f"{V3}/projects/{project['id']}", json={"project": {field: value}})).status_code == status


@pytest.mark.parametrize("collection", ["projects", "domains", "roles"])
async def test_an_immutable_thing_cannot_be_changed_or_deleted_until_it_is_made_mutable(admin, collection):
    key = collection.removesuffix("s")
    made = await make(admin, collection, options={"immutable": True})
    path = f"{V3}/{collection}/{made['id']}"
    assert (await admin.patch(path, json={key: {"name": "other"}})).status_code == 403
    assert (await admin.delete(path)).status_code == 403
    assert (await admin.patch(path, json={key: {"options": {"immutable": None}}})).json()[key]["options"] == {}
    assert (await admin.patch(path, json={key: {"name": "other"}})).status_code == 200


async def test_an_option_that_there_is_not_is_named(admin):
    answer = await admin.post(f"{V3}/projects", json={"project": {"name": "odd", "options": {"colour": True}}})
    assert answer.status_code == 400
    assert "colour" in answer.json()["error"]["message"]


async def test_projects_are_found_by_their_tags(admin):
    await make(admin, "projects", name="ab", tags=["a", "b"])
    await make(admin, "projects", name="a", tags=["a"])
    assert await names(admin, "projects", tags="a,b") == {"ab"}
    assert await names(admin, "projects", **{"tags-any": "a,b"}) == {"ab", "a"}
    assert "ab" not in await names(admin, "projects", **{"not-tags": "a,b"})
    assert not {"ab", "a"} & await names(admin, "projects", **{"not-tags-any": "a"})


async def test_tags_come_and_go_one_by_one_and_all_at_once(admin):
    path = f"{V3}/projects/{(await make(admin, 'projects'))['id']}/tags"
    assert (await admin.put(f"{path}/one")).status_code == 201
    assert (await admin.get(f"{path}/one")).status_code == 204
    assert (await admin.get(f"{path}/two")).status_code == 404
    assert (await admin.put(path, json={"tags": ["x", "y", "x"]})).json()["tags"] == ["x", "y"]
    assert (await admin.delete(f"{path}/x")).status_code == 204
    assert (await admin.get(path)).json()["tags"] == ["y"]
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).json()["tags"] == []


async def test_a_project_has_at_most_80_tags(admin):
    path = f"{V3}/projects/{(await make(admin, 'projects'))['id']}/tags"
    assert (await admin.put(path, json={"tags": [str(n) for n in range(81)]})).status_code == 400
    assert (await admin.put(path, json={"tags": [str(n) for n in range(80)]})).status_code == 200
    assert (await admin.put(f"{path}/more")).status_code == 400


async def test_a_part_of_a_name_finds_projects_and_signs_of_patterns_mean_themselves(admin):
    await make(admin, "projects", name="100%_sure")
    await make(admin, "projects", name="1000 sure")
    assert await names(admin, "projects", name__contains="0%_s") == {"100%_sure"}
    assert await names(admin, "projects", name__startswith="100") == {"100%_sure", "1000 sure"}
    assert await names(admin, "projects", name__iendswith="SURE") == {"100%_sure", "1000 sure"}


async def test_a_domain_is_a_project_too(admin):
    made = await make(admin, "projects", is_domain=True)
    assert (await admin.get(f"{V3}/domains/{made['id']}")).status_code == 200
    assert made["name"] in await names(admin, "projects", is_domain=True)
    assert made["name"] not in await names(admin, "projects")


async def test_a_domain_is_deleted_with_all_that_is_in_it_once_it_is_disabled(cloud, admin):
    domain = await make(admin, "domains")
    inside = {name: await make(admin, name, domain_id=domain["id"]) for name in ("projects", "groups", "roles")}
    below = await make(admin, "projects", parent_id=inside["projects"]["id"])
    user = await person(cloud, domain_id=domain["id"])
    assert (await admin.delete(f"{V3}/domains/{domain['id']}")).status_code == 403
    await admin.patch(f"{V3}/domains/{domain['id']}", json={"domain": {"enabled": False}})
    assert (await admin.delete(f"{V3}/domains/{domain['id']}")).status_code == 204
    for path in (f"projects/{below['id']}", f"users/{user.id}", *(f"{name}/{made['id']}" for name, made in inside.items())):
        assert (await admin.get(f"{V3}/{path}")).status_code == 404, path


async def test_nobody_of_a_disabled_domain_is_let_in(cloud, admin):
    domain = await make(admin, "domains")
    user = await person(cloud, domain_id=domain["id"])
    client = await user.client()
    await admin.patch(f"{V3}/domains/{domain['id']}", json={"domain": {"enabled": False}})
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401
    assert (await user.token()).status_code == 401


async def test_a_domains_id_can_be_chosen_once(admin):
    wanted = {"domain": {"name": "chosen", "explicit_domain_id": "0123456789abcdef0123456789abcdef"}}
    assert (await admin.post(f"{V3}/domains", json=wanted)).json()["domain"]["id"] == "0123456789abcdef0123456789abcdef"
    wanted["domain"]["name"] = "again"
    assert (await admin.post(f"{V3}/domains", json=wanted)).status_code == 409
