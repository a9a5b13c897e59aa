"""Every route of identity, asked by everybody who must not get through. A refusal changes no row of any table."""

from __future__ import annotations

import re

import httpx
import pytest

from cumulet.identity.api.routes import ROUTES
from cumulet.identity.operations.tokens import LIFETIME_SECONDS
from cumulet.kernel.http import PUBLIC
from support.federation import put, register
from support.identity import V3, Rows, grant, make, person
from support.oauth import agreed, consumer, form

GUARDED = [route for route in ROUTES if route.policy != PUBLIC]

OPEN_TO_ALL = {
    "identity:get_auth_catalog",
    "identity:get_auth_projects",
    "identity:get_auth_domains",
    "identity:get_auth_system",
    "identity:get_region",
    "identity:list_regions",
    "identity:get_limit_model",
    "identity:list_limits",
    "identity:get_registered_limit",
    "identity:list_registered_limits",
    "identity:list_credentials",
}
"""Rules that let every token pass; their lists hold what the actor may see, which other tests look at."""

ADMINISTRATORS_ONLY = {
    "identity:list_access_tokens",
    "identity:get_access_token",
    "identity:list_access_token_roles",
    "identity:get_access_token_role",
}
"""What upstream shows to administrators, and not to readers of the system."""

OWN = {
    "identity:get_user",
    "identity:list_user_projects",
    "identity:list_groups_for_user",
    "identity:ec2_list_credentials",
    "identity:list_application_credentials",
    "identity:list_access_rules",
    "identity:get_application_credential",
    "identity:delete_application_credential",
    "identity:get_access_rule",
    "identity:delete_access_rule",
}
"""Rules that let a user pass for things of their own."""


OF_SERVICES = {"GET /v3/auth/tokens (identity:validate_token)", "GET /v3/OS-REVOKE/events (identity:list_revoke_events)"}
"""What services do with the tokens of others."""

OTHERS = {"identity:get_auth_catalog", "identity:get_security_compliance_domain_config", "identity:list_revoke_events"}
"""What readers of the system do not read: they have no catalog, passwords are the default domain's, revocations of services."""


class World:
    """Two projects in two domains, and all that the paths can name, none of it the asking user's."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def path(self, path: str) -> str:
        """A route's path with its parameters filled in."""
        return "/identity" + re.sub(r"{(\w+)}", lambda found: self.values[found.group(1)], path)


@pytest.fixture
async def world(cloud) -> World:
    """Everything belongs to somebody else."""
    admin, made = await cloud.admin(), World()
    domain = await make(admin, "domains")
    project = await make(admin, "projects", domain_id=domain["id"], tags=["green"])
    owner = await person(cloud, domain_id=domain["id"])
    group = await make(admin, "groups", domain_id=domain["id"])
    await admin.put(f"{V3}/domains/{domain['id']}/config", json={"config": {"ldap": {"url": "ldap://private"}}})
    await grant(admin, f"projects/{project['id']}/users/{owner.id}", "member")
    own = await owner.in_project(project["id"])
    credential = await make(own, "credentials", type="cert", blob="x", user_id=owner.id)
    keys = (await own.post(f"{V3}/users/{owner.id}/credentials/OS-EC2", json={"tenant_id": project["id"]})).json()["credential"]
    rules = [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]
    application = await make(own, f"users/{owner.id}/application_credentials", access_rules=rules)
    trustee = await person(cloud, domain_id=domain["id"])
    trust = await make(
        own,
        "OS-TRUST/trusts",
        trustor_user_id=owner.id,
        trustee_user_id=trustee.id,
        impersonation=True,
        project_id=project["id"],
        roles=[{"name": "member"}],
    )
    made.values = {
        "domain_id": domain["id"],
        "project_id": project["id"],
        "user_id": owner.id,
        "group_id": group["id"],
        "tag": "green",
        "group": "ldap",
        "option": "url",
        "credential_id": credential["id"],
        "access": keys["access"],
        "application_credential_id": application["id"],
        "access_rule_id": application["access_rules"][0]["id"],
        "trust_id": trust["id"],
        **await _administered(admin, project["id"]),
        **await _federated(admin),
        **await _delegated_to_a_program(cloud, admin),
    }
    return made


async def _federated(admin: httpx.AsyncClient) -> dict[str, str]:
    rules = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "REMOTE_USER"}]}]
    await register(admin, rules, idp="acme", protocol="saml2")
    await put(admin, "service_providers/sp", auth_url="https://sp.test", sp_url="https://sp.test")
    return {"idp_id": "acme", "protocol_id": "saml2", "mapping_id": "acme-saml2", "sp_id": "sp"}


async def _delegated_to_a_program(cloud, admin: httpx.AsyncClient) -> dict[str, str]:
    program = await consumer(cloud)
    waiting, request = [form(await program.ask(admin.project_id)) for _ in range(2)]
    access = form(await program.exchange(request, await agreed(admin, request, "member")))
    return {"consumer_id": program.id, "request_token_id": waiting["oauth_token"], "access_token_id": access["oauth_token"]}


async def _administered(admin: httpx.AsyncClient, project_id: str) -> dict[str, str]:
    role, implied = await make(admin, "roles"), await make(admin, "roles")
    await admin.put(f"{V3}/roles/{role['id']}/implies/{implied['id']}")
    region = (await admin.put(f"{V3}/regions/elsewhere", json={"region": {}})).json()["region"]
    service = await make(admin, "services", type="database")
    place = {"service_id": service["id"], "region_id": region["id"]}
    endpoint = await make(admin, "endpoints", interface="public", url="http://db.test", **place)
    group = await make(admin, "OS-EP-FILTER/endpoint_groups", filters={"interface": "public"})
    await admin.put(f"{V3}/OS-EP-FILTER/endpoint_groups/{group['id']}/projects/{project_id}")
    kind = {"service_id": service["id"], "resource_name": "tables"}
    registered = (await admin.post(f"{V3}/registered_limits", json={"registered_limits": [{**kind, "default_limit": 1}]})).json()
    limit = (await admin.post(f"{V3}/limits", json={"limits": [{**kind, "project_id": project_id, "resource_limit": 2}]})).json()
    return {
        "role_id": role["id"],
        "implied_id": implied["id"],
        "region_id": region["id"],
        "service_id": service["id"],
        "endpoint_id": endpoint["id"],
        "endpoint_group_id": group["id"],
        "policy_id": (await make(admin, "policies", type="x", blob="y"))["id"],
        "registered_limit_id": registered["registered_limits"][0]["id"],
        "limit_id": limit["limits"][0]["id"],
    }


def bodies(world: World) -> dict[str, dict[str, object]]:
    """A body with which an administrator would get through, per rule that needs one."""
    user, project, service = world.values["user_id"], world.values["project_id"], world.values["service_id"]
    kind = {"service_id": service, "resource_name": "rows"}
    rules = [{"local": [], "remote": [{"type": "REMOTE_USER"}]}]
    trust = {"trustor_user_id": user, "trustee_user_id": user, "impersonation": False, "project_id": project}
    return {
        "ec2tokens_validate": {"credentials": {"access": world.values["access"], "signature": "x"}},
        "s3tokens_validate": {"credentials": {"access": world.values["access"], "signature": "x", "token": "eA=="}},
        "create_domain_config": {"config": {"identity": {"driver": "ldap"}}},
        "update_domain_config": {"config": {"ldap": {"url": "ldap://stolen"}}},
        "create_domain": {"domain": {"name": "a"}},
        "update_domain": {"domain": {"name": "a"}},
        "create_project": {"project": {"name": "a"}},
        "update_project": {"project": {"name": "a"}},
        "update_project_tags": {"tags": ["a"]},
        "create_user": {"user": {"name": "a"}},
        "update_user": {"user": {"password": "stolen"}},
        "create_group": {"group": {"name": "a"}},
        "update_group": {"group": {"name": "a"}},
        "create_policy": {"policy": {"blob": "a", "type": "b"}},
        "update_policy": {"policy": {"blob": "a"}},
        "create_role": {"role": {"name": "a"}},
        "update_role": {"role": {"name": "a"}},
        "create_region": {"region": {}},
        "update_region": {"region": {"description": "a"}},
        "create_service": {"service": {"type": "a"}},
        "update_service": {"service": {"name": "a"}},
        "create_endpoint": {"endpoint": {"service_id": service, "interface": "public", "url": "http://a"}},
        "update_endpoint": {"endpoint": {"url": "http://a"}},
        "create_endpoint_group": {"endpoint_group": {"name": "a", "filters": {"interface": "public"}}},
        "update_endpoint_group": {"endpoint_group": {"name": "a"}},
        "create_credential": {"credential": {"blob": "a", "type": "b", "user_id": user}},
        "update_credential": {"credential": {"blob": "a"}},
        "ec2_create_credential": {"tenant_id": project},
        "create_application_credential": {"application_credential": {"name": "a"}},
        "create_trust": {"trust": {**trust, "roles": [{"name": "member"}]}},
        "create_registered_limits": {"registered_limits": [{**kind, "default_limit": 1}]},
        "update_registered_limit": {"registered_limit": {"default_limit": 9}},
        "create_identity_provider": {"identity_provider": {"enabled": True}},
        "update_identity_provider": {"identity_provider": {"enabled": False}},
        "create_protocol": {"protocol": {"mapping_id": "acme-saml2"}},
        "update_protocol": {"protocol": {"mapping_id": "acme-saml2"}},
        "create_mapping": {"mapping": {"rules": rules}},
        "update_mapping": {"mapping": {"rules": rules}},
        "create_service_provider": {"service_provider": {"auth_url": "https://a.test", "sp_url": "https://a.test"}},
        "update_service_provider": {"service_provider": {"enabled": True}},
        "create_consumer": {"consumer": {"description": "a"}},
        "update_consumer": {"consumer": {"description": "a"}},
        "authorize_request_token": {"roles": [{"name": "member"}]},
        "create_limits": {"limits": [{**kind, "project_id": project, "resource_limit": 1}]},
        "update_limit": {"limit": {"resource_limit": 9}},
    }


async def ask(client: httpx.AsyncClient, world: World, route, subject: str = "") -> int:
    """One request for a route; the answer's status."""
    body = bodies(world).get(route.policy.removeprefix("identity:"))
    headers = {"X-Subject-Token": subject} if route.path == "/v3/auth/tokens" else {}
    answer = await client.request(route.method, world.path(route.path), json=body, headers=headers)
    return answer.status_code


async def _statuses(cloud, client: httpx.AsyncClient, world: World) -> dict[str, int]:
    """What each route answers; none of the refused ones may have changed anything."""
    subject, found = (await cloud.admin()).headers["X-Auth-Token"], {}
    rows = Rows(cloud)
    for route in GUARDED:
        status = await ask(client, world, route, subject)
        found[f"{route.method} {route.path} ({route.policy})"] = status
        assert not rows.changed() or status < 400, f"{route.method} {route.path} answered {status} but changed something"
    return found


def _is_open(name: str) -> bool:
    return any(f"({rule})" in name for rule in OPEN_TO_ALL)


def test_every_route_that_needs_a_body_has_one_here():
    with_bodies = {route.policy.removeprefix("identity:") for route in GUARDED if route.method in ("POST", "PATCH")}
    known = World()
    known.values = dict.fromkeys(("user_id", "project_id", "service_id", "access"), "x")
    assert with_bodies <= set(bodies(known))


@pytest.mark.parametrize("role", ["reader", "member", "manager", "service"])
async def test_T8_nobody_in_another_project_gets_through(cloud, world, role):
    found = await _statuses(cloud, await cloud.client("other", role), world)
    service = (
        {"GET /v3/auth/tokens (identity:validate_token)", "GET /v3/OS-REVOKE/events (identity:list_revoke_events)"}
        if role == "service"
        else set()
    )
    let_in = {name for name, status in found.items() if status < 400 and not _is_open(name) and name not in service}
    assert let_in == set()
    assert {name for name in found if _is_open(name) and found[name] != 200} == set()


@pytest.mark.parametrize("role", ["reader", "member"])
async def test_T8_a_domains_token_does_not_reach_into_another_domain(cloud, world, role):
    admin, stranger = await cloud.admin(), await person(cloud)
    home = await make(admin, "domains")
    await grant(admin, f"domains/{home['id']}/users/{stranger.id}", role)
    found = await _statuses(cloud, await stranger.in_domain(home["id"]), world)
    own_lists = tuple(f":list_{noun})" for noun in ("domains", "projects", "users", "groups", "role_assignments"))
    let_in = {name for name, status in found.items() if status < 400 and not _is_open(name) and not name.endswith(own_lists)}
    assert let_in == set()


async def test_T8_a_manager_of_another_domain_changes_nothing_in_this_one(cloud, world):
    admin, stranger = await cloud.admin(), await person(cloud)
    home = await make(admin, "domains")
    await grant(admin, f"domains/{home['id']}/users/{stranger.id}", "manager")
    client, rows = await stranger.in_domain(home["id"]), Rows(cloud)
    for route in GUARDED:
        if "{" in route.path and route.method != "GET" and route.method != "HEAD":
            assert await ask(client, world, route) >= 400, f"{route.method} {route.path}"
            assert not rows.changed(), f"{route.method} {route.path}"


@pytest.mark.parametrize("kind", ["no token", "forged", "expired", "revoked", "of a disabled user", "of a deleted project"])
async def test_nobody_without_a_valid_token_gets_through(cloud, clock, world, kind):
    client = await _invalid(cloud, clock, kind)
    found = await _statuses(cloud, client, world)
    assert {name for name, status in found.items() if status != 401} == set()


async def _invalid(cloud, clock, kind: str) -> httpx.AsyncClient:
    if kind == "no token":
        return cloud.anonymous()
    client, admin = await cloud.client("other", "admin"), await cloud.admin()
    assert (await client.get(f"{V3}/users")).status_code == 200
    token = client.headers["X-Auth-Token"]
    if kind == "forged":
        client.headers["X-Auth-Token"] = token[:-8] + "AAAAAAAA"
    elif kind == "expired":
        await clock.advance(LIFETIME_SECONDS + 1)
    elif kind == "revoked":
        await admin.delete(f"{V3}/auth/tokens", headers={"X-Subject-Token": token})
    elif kind == "of a disabled user":
        await admin.patch(f"{V3}/users/{client.user_id}", json={"user": {"enabled": False}})
    else:
        await admin.delete(f"{V3}/projects/{client.project_id}")
    return client


async def test_a_user_sees_their_own_things_and_nobody_elses(cloud, world):
    mine = await cloud.client("other", "member")
    for route in GUARDED:
        if route.policy in OWN and route.method == "GET" and set(re.findall(r"{(\w+)}", route.path)) == {"user_id"}:
            own = await mine.get("/identity" + route.path.replace("{user_id}", mine.user_id))
            assert own.status_code == 200, f"{route.path}: {own.text}"
            assert await ask(mine, world, route) == 403, route.path


async def test_naming_another_users_thing_under_ones_own_path_finds_nothing(cloud, world):
    mine = await cloud.client("other", "member")
    for path in (
        f"application_credentials/{world.values['application_credential_id']}",
        f"access_rules/{world.values['access_rule_id']}",
        f"credentials/OS-EC2/{world.values['access']}",
    ):
        for method in ("GET", "DELETE"):
            answer = await mine.request(method, f"{V3}/users/{mine.user_id}/{path}")
            assert answer.status_code in (403, 404), f"{method} {path}"


async def test_a_reader_of_the_system_reads_everything_and_changes_nothing(cloud, world):
    admin, auditor = await cloud.admin(), await person(cloud)
    await grant(admin, f"system/users/{auditor.id}", "reader")
    client = await auditor.client({"system": {"all": True}})
    rows = Rows(cloud)
    for route in GUARDED:
        if route.policy in OTHERS | ADMINISTRATORS_ONLY:
            continue
        status = await ask(client, world, route, admin.headers["X-Auth-Token"])
        if route.method in ("GET", "HEAD"):
            assert status in (200, 204, 404), f"{route.method} {route.path}: {status}"
        else:
            assert status == 403, f"{route.method} {route.path}: {status}"
        assert not rows.changed(), f"{route.method} {route.path}"
