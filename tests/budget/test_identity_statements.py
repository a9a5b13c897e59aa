"""How many statements logging in and validating take."""

from __future__ import annotations

import pytest

from support.cloud import running_cloud
from support.federation import PROXIED, SECRET, auth_url, register
from support.identity import V3, grant, make, password_body, person


@pytest.fixture
async def member(cloud):
    """A member of a project, whose token has been asked for once."""
    admin, user = await cloud.admin(), await person(cloud)
    user.project = await make(admin, "projects")
    await grant(admin, f"projects/{user.project['id']}/users/{user.id}", "member")
    await user.in_project(user.project["id"])
    return user


async def cost(cloud, request) -> int:
    """The statements that a request took."""
    before = cloud.db.statements
    answer = await request
    assert answer.status_code in (200, 201), answer.text
    return cloud.db.statements - before


async def test_a_projects_token_for_a_known_password_takes_at_most_7_statements(cloud, member):
    body = password_body(member.id, member.password, {"project": {"id": member.project["id"]}})
    assert await cost(cloud, cloud.anonymous().post(f"{V3}/auth/tokens", json=body)) <= 7


async def test_a_token_without_scope_takes_at_most_2_statements(cloud, member):
    body = password_body(member.id, member.password, "unscoped")
    assert await cost(cloud, cloud.anonymous().post(f"{V3}/auth/tokens", json=body)) <= 2


async def test_validating_a_known_token_takes_no_statement(cloud, member):
    admin, client = await cloud.admin(), await member.in_project(member.project["id"])
    subject = {"X-Subject-Token": client.headers["X-Auth-Token"]}
    assert await cost(cloud, admin.get(f"{V3}/auth/tokens", headers=subject)) == 0


async def test_validating_a_token_that_another_process_issued_takes_at_most_7_statements(cloud, member):
    client = await member.in_project(member.project["id"])
    cloud.cloud.tokens._forget("")
    assert await cost(cloud, client.get(f"{V3}/auth/catalog")) <= 7


async def test_ones_own_requests_cost_nothing_for_authentication(cloud, member):
    client = await member.in_project(member.project["id"])
    await client.get(f"{V3}/auth/catalog")
    assert await cost(cloud, client.get(f"{V3}/auth/catalog")) == 0


async def test_a_members_groups_add_no_statement(cloud, member):
    admin = await cloud.admin()
    body = password_body(member.id, member.password, {"project": {"id": member.project["id"]}})
    client = cloud.anonymous()
    alone = await cost(cloud, client.post(f"{V3}/auth/tokens", json=body))
    for _ in range(5):
        group = await make(admin, "groups")
        await admin.put(f"{V3}/groups/{group['id']}/users/{member.id}")
        await grant(admin, f"projects/{member.project['id']}/groups/{group['id']}", "reader")
    await member.in_project(member.project["id"])
    assert await cost(cloud, client.post(f"{V3}/auth/tokens", json=body)) == alone


@pytest.mark.parametrize("path", ["users", "projects", "groups", "role_assignments", "role_assignments?effective&include_names"])
async def test_a_list_takes_as_many_statements_for_many_as_for_few(cloud, member, path):
    admin = await cloud.admin()
    await admin.get(f"{V3}/auth/catalog")
    few = await cost(cloud, admin.get(f"{V3}/{path}"))
    for _ in range(5):
        user, project = await person(cloud), await make(admin, "projects")
        await make(admin, "groups")
        await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    await admin.get(f"{V3}/auth/catalog")
    assert await cost(cloud, admin.get(f"{V3}/{path}")) == few


@pytest.fixture
async def proxied(tmp_path, clock):
    """A cloud with an identity provider that has two groups for its users, and the answer to a first log-in by it."""
    rules = [
        {
            "local": [{"user": {"name": "{0}"}}, {"groups": "{1}", "domain": {"id": "default"}}],
            "remote": [{"type": "REMOTE_USER"}, {"type": "MELLON_GROUPS"}],
        }
    ]
    async with running_cloud(tmp_path, clock, federation={"proxy_secret": SECRET}) as made:
        admin = await made.admin()
        await register(admin, rules)
        for name in ("devs", "ops"):
            await make(admin, "groups", name=name)
        await federated(made)
        yield made


async def federated(cloud):
    """A log-in by a proxy."""
    headers = {**PROXIED, "Remote-User": "ann", "Mellon-Groups": "devs;ops"}
    return await cloud.anonymous().post(auth_url(), headers=headers)


async def test_a_federated_log_in_takes_at_most_17_statements(proxied):
    assert await cost(proxied, federated(proxied)) <= 17


async def test_validating_a_known_federated_token_takes_no_statement(proxied):
    admin, token = await proxied.admin(), (await federated(proxied)).headers["X-Subject-Token"]
    subject = {"X-Subject-Token": token}
    await admin.get(f"{V3}/auth/tokens", headers=subject)
    assert await cost(proxied, admin.get(f"{V3}/auth/tokens", headers=subject)) == 0
