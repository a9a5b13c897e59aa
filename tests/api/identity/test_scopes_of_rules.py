"""Rules that are for tokens of some scopes only, and what is told of things that are not there."""

from __future__ import annotations

import pytest

from support.identity import V3, grant, make, person


@pytest.fixture
async def admin(cloud):
    return await cloud.admin()


@pytest.fixture
async def home(cloud, admin):
    """An administrator of a domain: `home.client` has a token of it, `home.id` is the domain."""
    domain = await make(admin, "domains")
    who = await person(cloud, domain_id=domain["id"])
    await grant(admin, f"domains/{domain['id']}/users/{who.id}", "admin")
    who.domain, who.browser = domain["id"], await who.in_domain(domain["id"])
    return who


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("services", {"service": {"type": "x"}}),
        ("regions", {"region": {"id": "R"}}),
        ("policies", {"policy": {"type": "x", "blob": "x"}}),
        ("roles", {"role": {"name": "x"}}),
        ("domains", {"domain": {"name": "x"}}),
    ],
)
async def test_a_domains_administrator_makes_nothing_that_is_in_no_domain(home, path, body):
    answer = await home.browser.post(f"{V3}/{path}", json=body)
    assert answer.status_code == 403
    assert "requires a scope of project or system; the token's is domain" in answer.json()["error"]["message"]


async def test_a_domains_administrator_changes_what_is_in_the_domain(home):
    made = await make(home.browser, "users", domain_id=home.domain)
    assert (await home.browser.delete(f"{V3}/users/{made['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "roles/gone", None),
        ("PATCH", "roles/gone", {"role": {"name": "x"}}),
        ("DELETE", "roles/gone", None),
        ("PATCH", "domains/gone", {"domain": {"name": "x"}}),
        ("DELETE", "groups/gone", None),
    ],
)
async def test_some_things_that_are_not_there_are_missing_even_to_who_could_not_see_them(cloud, method, path, body):
    member = await cloud.client("demo", "member")
    assert (await member.request(method, f"{V3}/{path}", json=body)).status_code == 404


async def test_another_users_application_credential_is_refused_under_ones_own_path_too(cloud):
    victim, thief = await cloud.client("demo", "member", "victim"), await cloud.client("demo", "member", "thief")
    made = await make(victim, f"users/{victim.user_id}/application_credentials")
    for user_id in (victim.user_id, thief.user_id):
        path = f"{V3}/users/{user_id}/application_credentials/{made['id']}"
        assert (await thief.get(path)).status_code == 403
        assert (await thief.delete(path)).status_code == 403
    assert (await thief.get(f"{V3}/users/{thief.user_id}/application_credentials/none")).status_code == 404


async def test_a_role_of_a_domain_can_be_held_on_another_domain_but_not_on_its_projects(admin):
    one, other = await make(admin, "domains"), await make(admin, "domains")
    role, user = await make(admin, "roles", domain_id=one["id"]), await make(admin, "users")
    project = await make(admin, "projects", domain_id=other["id"])
    assert (await admin.put(f"{V3}/domains/{other['id']}/users/{user['id']}/roles/{role['id']}")).status_code == 204
    assert (await admin.put(f"{V3}/projects/{project['id']}/users/{user['id']}/roles/{role['id']}")).status_code == 403
