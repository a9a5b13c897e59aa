"""Logging in by a proxy that vouches: what mappings make of it, and what is kept of users who live elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx
import pytest

from cumulet.identity.operations.federation import memberships
from cumulet.kernel import audit
from cumulet.kernel.clock import stamp
from support.cloud import running_cloud
from support.federation import GROUPS_BY_NAME, PROXIED, SECRET, auth_url, register
from support.identity import V3, Rows, grant, listed, make, person, token_client

NAME = [{"local": [{"user": {"name": "{0}", "email": "{1}"}}], "remote": [{"type": "MELLON_NAME_ID"}, {"type": "MELLON_EMAIL"}]}]
ANN = {**PROXIED, "Mellon-Name-Id": "ann", "Mellon-Email": "ann@idp.test", "Mellon-Groups": "devs;ops"}


@pytest.fixture
async def cloud(tmp_path, clock):
    options = {"federation": {"proxy_secret": SECRET}}
    async with running_cloud(tmp_path, clock, **options) as made:
        yield made


async def log_in(cloud, headers=ANN, idp="acme", protocol="saml2") -> httpx.Response:
    return await cloud.anonymous().post(auth_url(idp, protocol), headers=headers)


async def scoped(cloud, answer: httpx.Response, scope) -> httpx.AsyncClient:
    assert answer.status_code == 201, answer.text
    identity = {"methods": ["token"], "token": {"id": answer.headers["X-Subject-Token"]}}
    return await token_client(cloud, {"auth": {"identity": identity, "scope": scope}})


async def test_a_user_whom_the_proxy_vouches_for_gets_an_unscoped_token(cloud):
    provider = await register(await cloud.admin(), NAME)
    answer = await log_in(cloud)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    known = hashlib.sha256(f"{provider['domain_id']}userann".encode()).hexdigest()
    assert token["methods"] == ["saml2"]
    assert token["user"] == {
        "id": known,
        "name": "ann",
        "domain": {"id": provider["domain_id"], "name": provider["domain_id"]},
        "OS-FEDERATION": {"identity_provider": {"id": "acme"}, "protocol": {"id": "saml2"}, "groups": []},
    }
    assert not {"project", "roles", "catalog"} & set(token)


async def test_the_same_user_has_the_same_id_at_every_log_in_and_is_shown_with_where_it_is_from(cloud):
    admin = await cloud.admin()
    await register(admin, NAME)
    first = (await log_in(cloud)).json()["token"]["user"]["id"]
    assert (await log_in(cloud, {**ANN, "Mellon-Email": "new@idp.test"})).json()["token"]["user"]["id"] == first
    shown = (await admin.get(f"{V3}/users/{first}")).json()["user"]
    assert (shown["name"], shown["email"]) == ("ann", "new@idp.test")
    assert shown["federated"] == [{"idp_id": "acme", "protocols": [{"protocol_id": "saml2", "unique_id": "ann"}]}]
    for filters in ({"unique_id": "ann"}, {"idp_id": "acme"}, {"protocol_id": "saml2"}, {"name": "ann"}):
        assert [user["id"] for user in await listed(admin, "users", **filters)] == [first]
    assert await listed(admin, "users", idp_id="other") == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Cumulet-Proxy-Secret": "wrong"},
        {"X-Cumulet-Proxy-Secret": ""},
        {"X-Cumulet-Proxy-Secret": SECRET[:-1]},
        {"X-Cumulet-Proxy-Secret": "ü"},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
)
async def test_headers_are_nothing_without_the_proxys_secret(cloud, headers):
    await register(await cloud.admin(), NAME)
    rows = Rows(cloud)
    spoofed = {name: value for name, value in ANN.items() if name != "X-Cumulet-Proxy-Secret"} | headers
    raw = [(name.encode(), value.encode()) for name, value in spoofed.items()]
    answer = await cloud.anonymous().post(auth_url(), headers=raw)
    assert answer.status_code == 401
    assert "X-Subject-Token" not in answer.headers
    assert not rows.changed()


async def test_headers_are_nothing_when_no_secret_is_configured(tmp_path, clock):
    async with running_cloud(tmp_path / "other", clock) as plain:
        await register(await plain.admin(), NAME)
        for headers in (ANN, {**ANN, "X-Cumulet-Proxy-Secret": ""}):
            assert (await log_in(plain, headers)).status_code == 401


async def test_the_secret_is_worth_nothing_from_another_address(tmp_path, clock):
    federation = {"proxy_secret": SECRET, "proxies": ["192.0.2.0/24"]}
    async with running_cloud(tmp_path / "other", clock, federation=federation) as far:
        await register(await far.admin(), NAME)
        assert (await log_in(far)).status_code == 401
    async with running_cloud(tmp_path / "near", clock, federation={**federation, "proxies": ["127.0.0.1"]}) as near:
        await register(await near.admin(), NAME)
        assert (await log_in(near)).status_code == 201


async def test_a_name_beyond_all_measure_is_refused(cloud):
    await register(await cloud.admin(), NAME)
    assert (await log_in(cloud, {**ANN, "Mellon-Name-Id": "a" * 256})).status_code == 401
    assert (await log_in(cloud, {**ANN, "Mellon-Name-Id": "a" * 255})).status_code == 201


async def test_only_headers_that_are_meant_for_it_are_attributes(cloud):
    rules = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "HTTP_USER_AGENT"}]}]
    await register(await cloud.admin(), rules)
    assert (await log_in(cloud, {**ANN, "User-Agent": "admin"})).status_code == 401


async def test_groups_that_the_provider_gives_give_roles_and_a_scope(cloud):
    admin = await cloud.admin()
    await register(admin, GROUPS_BY_NAME)
    group, project = await make(admin, "groups", name="devs"), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    answer = await log_in(cloud)
    assert answer.json()["token"]["user"]["OS-FEDERATION"]["groups"] == [{"id": group["id"]}]
    unscoped = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    for path in ("auth/projects", "OS-FEDERATION/projects"):
        assert [found["id"] for found in await listed(unscoped, path)] == [project["id"]]
    client = await scoped(cloud, answer, {"project": {"id": project["id"]}})
    token = (await client.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": client.headers["X-Auth-Token"]})).json()["token"]
    assert sorted(role["name"] for role in token["roles"]) == ["member", "reader"]
    assert token["methods"] == ["saml2", "token"]
    assert token["user"]["OS-FEDERATION"]["identity_provider"] == {"id": "acme"}


async def test_leaving_a_group_elsewhere_ends_its_roles_here_at_the_next_log_in(cloud):
    admin = await cloud.admin()
    await register(admin, GROUPS_BY_NAME)
    group, project = await make(admin, "groups", name="devs"), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    client = await scoped(cloud, await log_in(cloud), {"project": {"id": project["id"]}})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    await log_in(cloud, {**ANN, "Mellon-Groups": "ops"})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401


async def delegated(cloud) -> tuple[httpx.AsyncClient, dict[str, Any]]:
    """A client of a federated user whose group is believed for ten minutes, and how an application credential of theirs logs in."""
    admin = await cloud.admin()
    await register(admin, GROUPS_BY_NAME, authorization_ttl=10)
    group, project = await make(admin, "groups", name="devs"), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    answer = await log_in(cloud)
    client = await scoped(cloud, answer, {"project": {"id": project["id"]}})
    mine = await make(client, f"users/{answer.json()['token']['user']['id']}/application_credentials")
    shown = {"methods": ["application_credential"], "application_credential": {"id": mine["id"], "secret": mine["secret"]}}
    return client, {"auth": {"identity": shown}}


async def test_what_a_federated_user_delegates_lives_as_long_as_the_groups_are_believed(cloud, clock):
    client, body = await delegated(cloud)
    assert (await cloud.anonymous().post(f"{V3}/auth/tokens", json=body)).status_code == 201
    await clock.advance(601)
    assert (await cloud.anonymous().post(f"{V3}/auth/tokens", json=body)).status_code == 401
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    await log_in(cloud)
    assert (await cloud.anonymous().post(f"{V3}/auth/tokens", json=body)).status_code == 201


async def test_what_is_remembered_of_a_membership_ends_with_it(cloud, clock):
    _, body = await delegated(cloud)
    program = await token_client(cloud, body)
    await clock.advance(590)
    await memberships.end(cloud.db)
    assert (await program.get(f"{V3}/auth/catalog")).status_code == 200
    await clock.advance(20)
    await memberships.end(cloud.db)
    assert (await program.get(f"{V3}/auth/catalog")).status_code == 401


async def test_a_users_groups_are_listed_with_their_end_while_they_count(cloud, clock):
    admin = await cloud.admin()
    await register(admin, GROUPS_BY_NAME, authorization_ttl=10)
    given, lasting = await make(admin, "groups", name="devs"), await make(admin, "groups", name="lasting")
    user_id = (await log_in(cloud)).json()["token"]["user"]["id"]
    await admin.put(f"{V3}/groups/{lasting['id']}/users/{user_id}")
    ends = {g["name"]: g["membership_expires_at"] for g in await listed(admin, f"users/{user_id}/groups")}
    assert ends == {"lasting": None, "devs": stamp(clock.now() + 600)}
    assert [g["name"] for g in await listed(admin, f"users/{user_id}/groups", name="devs")] == ["devs"]
    assert (await admin.head(f"{V3}/groups/{given['id']}/users/{user_id}")).status_code == 204
    await clock.advance(601)
    assert [g["name"] for g in await listed(admin, f"users/{user_id}/groups")] == ["lasting"]
    assert (await admin.head(f"{V3}/groups/{given['id']}/users/{user_id}")).status_code == 404


async def test_without_a_time_groups_count_only_in_the_tokens_of_the_log_in(cloud):
    admin = await cloud.admin()
    await register(admin, GROUPS_BY_NAME)
    group, project = await make(admin, "groups", name="devs"), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/groups/{group['id']}", "member")
    answer = await log_in(cloud)
    client = await scoped(cloud, answer, {"project": {"id": project["id"]}})
    mine = await make(client, f"users/{answer.json()['token']['user']['id']}/application_credentials")
    shown = {"methods": ["application_credential"], "application_credential": {"id": mine["id"], "secret": mine["secret"]}}
    assert (await cloud.anonymous().post(f"{V3}/auth/tokens", json={"auth": {"identity": shown}})).status_code == 401


async def test_projects_and_roles_are_made_as_the_mapping_says(cloud):
    admin = await cloud.admin()
    projects = [{"name": "Sandbox of {0}", "roles": [{"name": "member"}]}]
    rules = [{"local": [{"user": {"name": "{0}"}}, {"projects": projects}], "remote": [{"type": "MELLON_NAME_ID"}]}]
    provider = await register(admin, rules)
    answer = await log_in(cloud)
    [made] = await listed(admin, "projects", name="Sandbox of ann")
    assert made["domain_id"] == provider["domain_id"]
    client = await scoped(cloud, answer, {"project": {"id": made["id"]}})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    async with cloud.db.read() as tx:
        events = [event.action for event in await audit.page(tx, audit.Sought()) if event.details == {"by": "federation"}]
    assert sorted(events) == ["created.grant", "created.project", "created.user"]
    before = [await listed(admin, noun) for noun in ("role_assignments", "projects")]
    await log_in(cloud)
    assert [await listed(admin, noun) for noun in ("role_assignments", "projects")] == before


async def test_since_version_3_roles_that_are_not_given_any_more_are_taken_away(cloud):
    admin = await cloud.admin()
    rules = [
        {
            "local": [{"user": {"name": "{0}"}}, {"projects_json": "{1}", "domain": {"id": "default"}}],
            "remote": [{"type": "MELLON_NAME_ID"}, {"type": "MELLON_PROJECTS"}],
        }
    ]
    await register(admin, rules, schema_version="3.0")
    one, two = ({"Mellon-Projects": f'[{{"name": "{name}", "roles": [{{"name": "reader"}}]}}]'} for name in ("one", "two"))
    user_id = (await log_in(cloud, {**ANN, **one})).json()["token"]["user"]["id"]
    assert [p["name"] for p in await listed(admin, f"users/{user_id}/projects")] == ["one"]
    await log_in(cloud, {**ANN, **two})
    assert [p["name"] for p in await listed(admin, f"users/{user_id}/projects")] == ["two"]


async def test_an_unknown_role_in_the_mapping_makes_nothing(cloud):
    rules = [
        {
            "local": [{"user": {"name": "{0}"}, "projects": [{"name": "new", "roles": [{"name": "king"}]}]}],
            "remote": [{"type": "MELLON_NAME_ID"}],
        }
    ]
    await register(await cloud.admin(), rules)
    rows = Rows(cloud)
    assert (await log_in(cloud)).status_code == 401
    assert not rows.changed()


async def test_a_local_user_logs_in_as_themselves(cloud):
    admin = await cloud.admin()
    user, project = await person(cloud, name="ann"), await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    local = {"user": {"name": "{0}", "type": "local", "domain": {"id": "default"}}}
    await register(admin, [{"local": [local], "remote": [{"type": "MELLON_NAME_ID"}]}])
    answer = await log_in(cloud)
    assert answer.json()["token"]["user"]["id"] == user.id
    assert "OS-FEDERATION" not in answer.json()["token"]["user"]
    await scoped(cloud, answer, {"project": {"id": project["id"]}})
    assert (await log_in(cloud, {**ANN, "Mellon-Name-Id": "nobody"})).status_code == 401


async def test_a_federated_user_does_not_become_a_local_one_of_the_same_name(cloud):
    admin = await cloud.admin()
    home = await make(admin, "domains")
    local = await person(cloud, name="ann", domain_id=home["id"])
    await register(admin, NAME, domain_id=home["id"])
    user = (await log_in(cloud)).json()["token"]["user"]
    assert user["id"] != local.id
    assert user["name"] == user["id"]


async def test_many_first_log_ins_at_once_make_one_user(cloud):
    admin = await cloud.admin()
    projects = [{"name": "p", "roles": [{"name": "member"}]}]
    rules = [{"local": [{"user": {"name": "{0}"}, "projects": projects}], "remote": [{"type": "MELLON_NAME_ID"}]}]
    await register(admin, rules)
    answers = await asyncio.gather(*(log_in(cloud) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json()["token"]["user"]["id"] for answer in answers}) == 1
    assert len(await listed(admin, "projects", name="p")) == 1


async def test_two_providers_of_one_domain_cannot_pass_for_each_other(cloud):
    admin = await cloud.admin()
    home = await make(admin, "domains")
    await register(admin, NAME, domain_id=home["id"])
    await register(admin, NAME, idp="evil", domain_id=home["id"])
    assert (await log_in(cloud)).status_code == 201
    assert (await log_in(cloud, idp="evil")).status_code == 403


async def test_the_provider_must_call_itself_as_is_registered(cloud):
    await register(await cloud.admin(), NAME, remote_ids=["https://idp.test"])
    assert (await log_in(cloud)).status_code == 401
    assert (await log_in(cloud, {**ANN, "Mellon-Idp": "https://evil.test"})).status_code == 403
    assert (await log_in(cloud, {**ANN, "Mellon-Idp": "https://idp.test"})).status_code == 201


async def test_disabling_or_deleting_the_provider_ends_its_users_tokens(cloud):
    admin = await cloud.admin()
    await register(admin, NAME)
    answer = await log_in(cloud)
    user_id, token = answer.json()["token"]["user"]["id"], answer.headers["X-Subject-Token"]
    client = cloud.anonymous(**{"X-Auth-Token": token})
    path = f"{V3}/OS-FEDERATION/identity_providers/acme"
    assert (await client.get(f"{V3}/auth/projects")).status_code == 200
    await admin.patch(path, json={"identity_provider": {"enabled": False}})
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401
    assert (await log_in(cloud)).status_code == 403
    await admin.patch(path, json={"identity_provider": {"enabled": True}})
    assert (await client.get(f"{V3}/auth/projects")).status_code == 200
    assert (await admin.delete(path)).status_code == 204
    assert (await client.get(f"{V3}/auth/projects")).status_code == 401
    assert (await admin.get(f"{V3}/users/{user_id}")).status_code == 404
    assert (await log_in(cloud)).status_code == 404


async def test_an_administrator_links_a_user_to_who_they_are_elsewhere(cloud):
    admin = await cloud.admin()
    await register(admin, NAME)
    elsewhere = [{"idp_id": "acme", "protocols": [{"protocol_id": "saml2", "unique_id": "ann"}]}]
    user = await make(admin, "users", name="Anna", federated=elsewhere)
    assert user["federated"] == elsewhere
    assert (await log_in(cloud)).json()["token"]["user"]["id"] == user["id"]
    other = [{"idp_id": "acme", "protocols": [{"protocol_id": "saml2", "unique_id": "anna"}]}]
    changed = await admin.patch(f"{V3}/users/{user['id']}", json={"user": {"federated": other}})
    assert changed.json()["user"]["federated"] == other
    assert (await log_in(cloud)).json()["token"]["user"]["id"] != user["id"]
    for wrong in ({"idp_id": "none"}, {"idp_id": "acme", "protocols": [{"protocol_id": "none", "unique_id": "x"}]}):
        wrong = {"protocols": [{"protocol_id": "saml2", "unique_id": "x"}], **wrong}
        assert (await admin.patch(f"{V3}/users/{user['id']}", json={"user": {"federated": [wrong]}})).status_code == 400


async def test_a_mapping_may_put_users_into_a_domain_by_name(cloud):
    admin = await cloud.admin()
    home = await make(admin, "domains", name="Elsewhere")
    rules = [{"local": [{"user": {"name": "{0}", "domain": {"name": "Elsewhere"}}}], "remote": [{"type": "REMOTE_USER"}]}]
    await register(admin, rules)
    headers = [(name.encode(), value.encode()) for name, value in {**PROXIED, "Remote-User": "bo b/ü"}.items()]
    user = (await log_in(cloud, headers)).json()["token"]["user"]
    assert user["domain"]["id"] == home["id"]
    assert user["name"] == "bo b/ü"
