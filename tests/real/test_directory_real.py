"""Domains whose people are in a directory: OpenLDAP's own server, with a small company in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket

import pytest

from cumulet.identity.directory.client import Client
from cumulet.identity.directory.settings import Directory
from support.cloud import running_cloud
from support.identity import V3, grant, listed, log_in, make, names, password_body, person, token_client
from support.slapd import MANY, PASSWORD, READER, READER_PASSWORD, SUFFIX, Slapd, dn, slapd
from support.slapd import person as entry

pytestmark = pytest.mark.real

BASE = {
    "user": READER,
    "password": READER_PASSWORD,
    "user_tree_dn": f"ou=people,{SUFFIX}",
    "group_tree_dn": f"ou=teams,{SUFFIX}",
    "user_id_attribute": "uid",
    "user_name_attribute": "cn",
    "page_size": 10,
}
ANN = "Ann (the first) *"


@pytest.fixture
def server(tmp_path):
    with slapd(tmp_path / "slapd") as made:
        yield made


@pytest.fixture
async def cloud(tmp_path, clock, server):
    """A cloud whose domain Acme is in the directory; `cloud.acme` is its id."""
    async with running_cloud(tmp_path, clock, directories={"Acme": Directory(url=server.url, **BASE)}) as made:
        made.acme = (await make(await made.admin(), "domains", name="Acme"))["id"]
        yield made


def client(server: Slapd, **settings) -> Client:
    return Client("Acme", Directory(**({"url": server.url, **BASE} | settings)))


def by_name(name: str, password: str, scope=None, domain: str = "Acme"):
    body = password_body("", password, scope)
    body["auth"]["identity"]["password"]["user"] = {"name": name, "password": password, "domain": {"name": domain}}
    return body


async def logged_in(cloud, name: str = ANN, scope=None):
    return await token_client(cloud, by_name(name, PASSWORD, scope))


async def user_id(cloud, name: str = ANN) -> str:
    [found] = await listed(await cloud.admin(), "users", domain_id=cloud.acme, name=name)
    return found["id"]


async def test_somebody_logs_in_with_the_directorys_password_and_the_id_that_keystone_would_give(cloud):
    answer = await log_in(cloud, by_name(ANN, PASSWORD))
    assert answer.status_code == 201, answer.text
    user = answer.json()["token"]["user"]
    assert user["name"] == ANN
    assert user["id"] == hashlib.sha256(f"{cloud.acme}userann".encode()).hexdigest()
    assert (await log_in(cloud, password_body(user["id"], PASSWORD))).status_code == 201


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (ANN, "wrong"),
        (ANN, ""),
        ("nobody", PASSWORD),
        ("*", PASSWORD),
        ("ann)(uid=*", PASSWORD),
        ("Ann*", PASSWORD),
        ("reader", READER_PASSWORD),
        ("\\2a", PASSWORD),
    ],
)
async def test_whoever_is_not_there_or_does_not_know_the_password_gets_the_same_refusal(cloud, name, password):
    answer = await log_in(cloud, by_name(name, password))
    known = await log_in(cloud, by_name("admin", "wrong", domain="Default"))
    assert (answer.status_code, answer.json()) == (401, known.json())


async def test_lists_come_page_by_page_beyond_what_the_server_gives_at_once(cloud):
    found = await listed(await cloud.admin(), "users", domain_id=cloud.acme)
    assert len(found) == MANY + 4
    assert [user["name"] for user in found] == sorted(user["name"] for user in found)
    assert (await names(await cloud.admin(), "groups", domain_id=cloud.acme)) == {
        f"team {name}" for name in ("inner", "outer", "loop", "enabled_users")
    }


async def test_a_directory_that_gives_no_more_than_a_part_is_unavailable_not_cut_short(tmp_path, clock, server):
    settings = Directory(**{"url": server.url, **BASE, "page_size": 0})
    async with running_cloud(tmp_path, clock, directories={"Acme": settings}) as cloud:
        admin = await cloud.admin()
        acme = await make(admin, "domains", name="Acme")
        assert (await admin.get(f"{V3}/users", params={"domain_id": acme["id"]})).status_code == 503


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": ANN}, {ANN}),
        ({"name": "*"}, set()),
        ({"name__contains": "(the"}, {ANN}),
        ({"name__startswith": "person 0"}, {f"person {number:02}" for number in range(10)}),
        ({"name__endswith": "*"}, {ANN}),
        ({"enabled": "false"}, set()),
        ({"password_expires_at": "lt:2030-01-01T00:00:00Z"}, set()),
    ],
)
async def test_lists_are_narrowed_as_those_of_other_domains(cloud, filters, expected):
    assert await names(await cloud.admin(), "users", domain_id=cloud.acme, **filters) == expected


async def test_roles_of_people_and_of_their_groups_are_in_their_tokens(cloud):
    admin = await cloud.admin()
    project = await make(admin, "projects", domain_id=cloud.acme)
    [inner] = await listed(admin, "groups", domain_id=cloud.acme, name="team inner")
    await grant(admin, f"projects/{project['id']}/groups/{inner['id']}", "reader")
    await grant(admin, f"projects/{project['id']}/users/{await user_id(cloud)}", "member")
    scope = {"project": {"id": project["id"]}}
    ann = await logged_in(cloud, scope=scope)
    seen = (await ann.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": ann.headers["X-Auth-Token"]})).json()["token"]
    assert {role["name"] for role in seen["roles"]} == {"member", "reader"}
    assert (await log_in(cloud, by_name("bob", PASSWORD, scope))).status_code == 401


async def test_who_leaves_a_group_loses_its_roles_at_the_next_look(cloud, server):
    admin = await cloud.admin()
    project = await make(admin, "projects", domain_id=cloud.acme)
    [inner] = await listed(admin, "groups", domain_id=cloud.acme, name="team inner")
    await grant(admin, f"projects/{project['id']}/groups/{inner['id']}", "member")
    ann = await logged_in(cloud, scope={"project": {"id": project["id"]}})
    server.change(f"dn: cn=inner,ou=teams,{SUFFIX}\nchangetype: modify\ndelete: member\nmember: {dn('ann')}\n")
    assert (await ann.get(f"{V3}/auth/catalog")).status_code == 200
    await cloud.cloud.tokens.directories.keep_up(3600.0)
    assert (await ann.get(f"{V3}/auth/catalog")).status_code == 401


@pytest.mark.parametrize("gone", [True, False])
async def test_who_is_removed_or_disabled_there_cannot_go_on_here(tmp_path, clock, server, gone):
    settings = Directory(**{"url": server.url, **BASE}, user_enabled_attribute="title")
    async with running_cloud(tmp_path, clock, directories={"Acme": settings}) as cloud:
        cloud.acme = (await make(await cloud.admin(), "domains", name="Acme"))["id"]
        eve = await logged_in(cloud, "eve")
        eve_id = await user_id(cloud, "eve")
        change = "changetype: delete\n" if gone else "changetype: modify\nreplace: title\ntitle: FALSE\n"
        server.change(f"dn: {dn('eve')}\n{change}")
        await cloud.cloud.tokens.directories.keep_up(3600.0)
        assert (await eve.get(f"{V3}/auth/projects")).status_code == 401
        assert (await log_in(cloud, by_name("eve", PASSWORD))).status_code == 401
        shown = await (await cloud.admin()).get(f"{V3}/users/{eve_id}")
        assert shown.status_code == (404 if gone else 200)


def signed_for_s3(access: str, secret: str, **_: str) -> dict[str, str]:
    """What a service shows of a request to S3 that the keys' owner signed."""
    text = b"GET\n\n\n\n/bucket/key"
    signature = base64.b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()
    return {"access": access, "signature": signature, "token": base64.urlsafe_b64encode(text).decode()}


async def test_a_program_of_somebody_who_was_removed_cannot_log_in(cloud, server):
    admin = await cloud.admin()
    project = await make(admin, "projects", domain_id=cloud.acme)
    await grant(admin, f"projects/{project['id']}/users/{await user_id(cloud, 'eve')}", "member")
    eve = await logged_in(cloud, "eve", {"project": {"id": project["id"]}})
    made = await make(eve, f"users/{await user_id(cloud, 'eve')}/application_credentials")
    shown = {"id": made["id"], "secret": made["secret"]}
    body = {"auth": {"identity": {"methods": ["application_credential"], "application_credential": shown}}}
    keys = await eve.post(f"{V3}/users/{await user_id(cloud, 'eve')}/credentials/OS-EC2", json={"tenant_id": project["id"]})
    assert keys.status_code == 201, keys.text
    signed = {"credentials": signed_for_s3(**keys.json()["credential"])}
    service = await cloud.client("service", "service", "s3")
    assert (await log_in(cloud, body)).status_code == 201
    assert (await service.post(f"{V3}/s3tokens", json=signed)).status_code == 200
    server.change(f"dn: {dn('eve')}\nchangetype: delete\n")
    assert (await log_in(cloud, body)).status_code == 401
    assert (await service.post(f"{V3}/s3tokens", json=signed)).status_code == 401


async def test_groups_within_groups_are_followed_if_that_is_asked_for(server):
    plain, nested = client(server), client(server, group_nesting=True)
    ann = await nested.person("uid", "ann")
    assert {group.local_id for group in await plain.groups_of(ann)} == {"inner", "enabled_users"}
    assert {group.local_id for group in await nested.groups_of(ann)} == {"inner", "outer", "loop", "enabled_users"}
    [loop] = await nested.groups("(cn=loop)")
    assert {one.local_id for one in await nested.members_of(loop)} == {"ann", "bob"}
    assert await plain.members_of(loop) == []


async def test_posix_groups_name_their_members_by_id(server):
    unix = {"group_tree_dn": f"ou=posix,{SUFFIX}", "group_objectclass": "posixGroup", "group_name_attribute": "cn"}
    posix = client(server, **unix, group_member_attribute="memberUid", group_members_are_ids=True)
    [group] = await posix.groups()
    assert {one.local_id for one in await posix.members_of(group)} == {"ann", "eve"}
    assert [g.name for g in await posix.groups_of(await posix.person("uid", "eve"))] == ["unix"]
    assert await posix.groups_of(await posix.person("uid", "bob")) == []


@pytest.mark.parametrize(
    ("settings", "disabled"),
    [
        ({"user_enabled_attribute": "employeeType", "user_enabled_mask": 2, "user_enabled_default": "512"}, {"bob"}),
        ({"user_enabled_attribute": "title"}, {"bob"}),
        ({"user_enabled_attribute": "title", "user_enabled_invert": True, "user_enabled_default": "False"}, {"eve"}),
        ({"user_enabled_attribute": "title", "user_attribute_ignore": ("enabled",)}, set()),
    ],
)
async def test_who_is_enabled_is_read_as_the_settings_say(server, settings, disabled):
    found = await client(server, **settings).people("(!(uid=p*))")
    assert {one.local_id for one in found if not one.enabled} == disabled
    assert len(found) == 4


async def test_a_group_can_say_who_is_enabled(server):
    emulated = {"user_enabled_emulation": True, "user_enabled_emulation_dn": f"CN=enabled_users, ou=teams,{SUFFIX}"}
    found = await client(server, **emulated).people()
    assert {one.local_id for one in found if one.enabled} == {"ann"}
    missing = client(server, user_enabled_emulation=True)
    assert not any(one.enabled for one in await missing.people())


async def test_filters_and_further_attributes_of_the_settings_are_used(server):
    chosen = client(server, user_filter="(mail=*)", user_additional_attribute_mapping=("employeeType:number",))
    [ann] = await chosen.people()
    assert (ann.description, ann.extra) == ("runs it", {"email": "ann@acme.example", "number": "0"})
    fewer = client(server, group_filter="(description=*)")
    assert [(group.local_id, group.description) for group in await fewer.groups()] == [("inner", "a team within one")]


async def test_tls_is_spoken_from_the_start_or_begun(server):
    trusted = {"tls_cacertfile": str(server.folder / "ca.pem")}
    for how in ({"url": server.secure_url}, {"use_tls": True}):
        assert len(await client(server, **trusted, **how).people()) == MANY + 4


@pytest.mark.parametrize("how", ["ldaps", "starttls"])
async def test_a_certificate_of_somebody_else_is_not_trusted(cloud, server, how):
    trusted = {"tls_cacertfile": str(server.folder / "other.pem")}
    asked = client(server, **trusted, **({"url": server.secure_url} if how == "ldaps" else {"use_tls": True}))
    with pytest.raises(Exception, match="does not answer") as refused:
        await asked.people()
    assert "CERTIFICATE_VERIFY_FAILED" in refused.value.internal


async def test_the_second_of_several_servers_is_asked_if_the_first_is_away(server):
    assert len(await client(server, url=f"ldap://127.0.0.1:1, {server.url}").people()) == MANY + 4


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_asked(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = client(server, url=f"ldap://127.0.0.1:{silent.getsockname()[1]}", connection_timeout=1)
        with pytest.raises(Exception, match="does not answer"):
            await mute.people()


async def test_while_the_server_is_down_its_domain_is_unavailable_and_others_go_on(cloud, server):
    admin, ann = await cloud.admin(), await logged_in(cloud)
    ann_id = await user_id(cloud)
    server.stop()
    assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 503
    for path in (f"users?domain_id={cloud.acme}", f"groups?domain_id={cloud.acme}", f"users/{ann_id}", f"users/{ann_id}/groups"):
        answer = await admin.get(f"{V3}/{path}")
        assert answer.status_code == 503, path
        assert "directory of domain Acme" in answer.json()["error"]["message"]
        assert READER_PASSWORD not in answer.text
    assert (await admin.get(f"{V3}/users")).status_code == 200
    other = await person(cloud)
    assert (await other.token()).status_code == 201
    await cloud.cloud.tokens.directories.keep_up(3600.0)
    assert (await ann.get(f"{V3}/auth/projects")).status_code == 200
    server.start()
    assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 201


async def test_nothing_in_a_directory_can_be_changed_here(cloud):
    admin, ann_id = await cloud.admin(), await user_id(cloud)
    [inner] = await listed(admin, "groups", domain_id=cloud.acme, name="team inner")
    refused = [
        await admin.post(f"{V3}/users", json={"user": {"name": "new", "domain_id": cloud.acme}}),
        await admin.post(f"{V3}/groups", json={"group": {"name": "new", "domain_id": cloud.acme}}),
        await admin.patch(f"{V3}/users/{ann_id}", json={"user": {"enabled": False}}),
        await admin.patch(f"{V3}/groups/{inner['id']}", json={"group": {"name": "other"}}),
        await admin.delete(f"{V3}/users/{ann_id}"),
        await admin.delete(f"{V3}/groups/{inner['id']}"),
        await admin.put(f"{V3}/groups/{inner['id']}/users/{ann_id}"),
        await admin.delete(f"{V3}/groups/{inner['id']}/users/{ann_id}"),
        await admin.post(f"{V3}/users/{ann_id}/password", json={"user": {"password": "new", "original_password": PASSWORD}}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert "LDAP does not support write operations" in refused[0].json()["error"]["message"]


async def test_members_and_groups_are_those_of_the_directory(cloud):
    admin, ann_id = await cloud.admin(), await user_id(cloud)
    [inner] = await listed(admin, "groups", domain_id=cloud.acme, name="team inner")
    assert await names(admin, f"groups/{inner['id']}/users") == {ANN}
    assert await names(admin, f"users/{ann_id}/groups") == {"team inner", "team enabled_users"}
    assert (await admin.head(f"{V3}/groups/{inner['id']}/users/{ann_id}")).status_code == 204
    bob = await user_id(cloud, "bob")
    assert (await admin.head(f"{V3}/groups/{inner['id']}/users/{bob}")).status_code == 404
    shown = (await admin.get(f"{V3}/users/{ann_id}")).json()["user"]
    assert (shown["email"], shown["description"], shown["domain_id"]) == ("ann@acme.example", "runs it", cloud.acme)


async def test_a_name_that_goes_to_somebody_else_is_theirs(cloud, server):
    old = await user_id(cloud, "bob")
    server.change(f"dn: {dn('bob')}\nchangetype: modify\nreplace: cn\ncn: Robert\n")
    server.add(entry("bob2", "bob"))
    new = await user_id(cloud, "bob")
    assert new != old
    assert (await user_id(cloud, "Robert")) == old


async def test_without_the_library_the_message_says_what_to_install(cloud, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ldap3.core.exceptions", None)
    answer = await log_in(cloud, by_name(ANN, PASSWORD))
    assert answer.status_code == 503
    assert "cumulet[ldap]" in answer.text


async def test_a_domain_can_be_given_a_directory_by_the_api_and_lose_it_again(tmp_path, clock, server):
    async with running_cloud(tmp_path, clock) as cloud:
        admin = await cloud.admin()
        acme = (await make(admin, "domains", name="Acme"))["id"]
        assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 401
        settings = {**BASE, "url": server.url, "user_attribute_ignore": "default_project_id, description"}
        config = {"identity": {"driver": "ldap"}, "ldap": settings}
        answer = await admin.put(f"{V3}/domains/{acme}/config", json={"config": config})
        assert answer.status_code == 201, answer.text
        assert READER_PASSWORD not in answer.text
        assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 201
        [found] = await listed(admin, "users", domain_id=acme, name=ANN)
        assert "description" not in found
        changed = await admin.patch(f"{V3}/domains/{acme}/config/ldap/url", json={"config": {"url": "ldap://127.0.0.1:1"}})
        assert changed.status_code == 200, changed.text
        assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 503
        assert (await admin.delete(f"{V3}/domains/{acme}/config")).status_code == 204
        assert (await log_in(cloud, by_name(ANN, PASSWORD))).status_code == 401


async def test_options_of_a_domain_that_cannot_be_meant_make_it_unavailable_and_nothing_else(tmp_path, clock):
    async with running_cloud(tmp_path, clock) as cloud:
        admin = await cloud.admin()
        acme = (await make(admin, "domains", name="Acme"))["id"]
        config = {"identity": {"driver": "ldap"}, "ldap": {"url": "http://nonsense", "suffix": "dc=x"}}
        assert (await admin.put(f"{V3}/domains/{acme}/config", json={"config": config})).status_code == 201
        answer = await log_in(cloud, by_name(ANN, PASSWORD))
        assert answer.status_code == 503
        assert "domain Acme is not configured in a way" in answer.text
        assert (await (await person(cloud)).token()).status_code == 201
