"""OAuth 1.0: a consumer gets some of a user's roles in one project, and no more. oauthlib's client signs."""

from __future__ import annotations

import pytest

from support.identity import V3, Rows, listed, make, person, role_id, rows_of
from support.oauth import BASE, agreed, consumer, form

REQUEST = f"{V3}/OS-OAUTH1/request_token"


@pytest.fixture
async def world(cloud):
    """A consumer, an administrator who agrees, and the access token for `member` in the administrator's project."""
    made, admin = await consumer(cloud), await cloud.admin()
    request = form(await made.ask(admin.project_id))
    access = form(await made.exchange(request, await agreed(admin, request, "member")))
    return made, admin, access


async def test_a_consumer_acts_with_the_roles_that_a_user_gave_it(cloud, world):
    made, admin, access = world
    answer = await made.log_in(access)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert token["methods"] == ["oauth1"]
    assert (token["user"]["id"], token["project"]["id"]) == (admin.user_id, admin.project_id)
    assert sorted(role["name"] for role in token["roles"]) == ["member", "reader"]
    assert token["OS-OAUTH1"] == {"access_token_id": access["oauth_token"], "consumer_id": made.id}
    client = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    assert (await client.get(f"{V3}/users")).status_code == 403


async def test_its_token_becomes_nothing_else(cloud, world):
    made, admin, access = world
    token = (await made.log_in(access)).headers["X-Subject-Token"]
    for scope in ({"project": {"id": admin.project_id}}, {"system": {"all": True}}, "unscoped"):
        identity = {"methods": ["token"], "token": {"id": token}}
        answer = await cloud.anonymous().post(f"{V3}/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})
        assert answer.status_code == 403, scope
        assert (await made.log_in(access, scope=scope)).status_code == 401
    client = cloud.anonymous(**{"X-Auth-Token": token})
    path = f"{V3}/users/{admin.user_id}/application_credentials"
    assert (await client.post(path, json={"application_credential": {"name": "a"}})).status_code == 403
    trust = {"trustor_user_id": admin.user_id, "trustee_user_id": admin.user_id, "project_id": admin.project_id}
    for kind in ("ec2", "totp"):
        credential = {"type": kind, "blob": '{"access": "a", "secret": "b"}', "project_id": admin.project_id}
        assert (await client.post(f"{V3}/credentials", json={"credential": credential})).status_code == 403
    body = {"trust": {**trust, "impersonation": True, "roles": [{"name": "member"}]}}
    assert (await client.post(f"{V3}/OS-TRUST/trusts", json=body)).status_code == 403


async def test_the_token_ends_with_the_access_token(cloud, world, clock):
    made, _, access = world
    await clock.advance(24 * 3600 - 60)
    answer = await made.log_in(access)
    assert answer.json()["token"]["expires_at"] == access["oauth_expires_at"]
    await clock.advance(61)
    assert (await made.log_in(access)).status_code == 401


@pytest.mark.parametrize("how", ["the access token", "the consumer", "the role"])
async def test_taking_it_back_ends_it_at_once(cloud, world, how):
    made, admin, access = world
    token = (await made.log_in(access)).headers["X-Subject-Token"]
    client = cloud.anonymous(**{"X-Auth-Token": token})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    if how == "the access token":
        path = f"users/{admin.user_id}/OS-OAUTH1/access_tokens/{access['oauth_token']}"
        assert (await admin.delete(f"{V3}/{path}")).status_code == 204
    elif how == "the consumer":
        assert (await admin.delete(f"{V3}/OS-OAUTH1/consumers/{made.id}")).status_code == 204
    else:
        path = f"projects/{admin.project_id}/users/{admin.user_id}/roles/{await role_id(admin, 'admin')}"
        assert (await admin.delete(f"{V3}/{path}")).status_code == 204
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401
    assert (await made.log_in(access)).status_code == 401


async def test_a_user_sees_what_was_given(cloud, world):
    made, admin, access = world
    path = f"users/{admin.user_id}/OS-OAUTH1/access_tokens"
    [shown] = await listed(admin, path)
    one = (await admin.get(f"{V3}/{path}/{access['oauth_token']}")).json()["access_token"]
    assert one == shown
    assert {k: one[k] for k in ("consumer_id", "project_id", "authorizing_user_id", "expires_at")} == {
        "consumer_id": made.id,
        "project_id": admin.project_id,
        "authorizing_user_id": admin.user_id,
        "expires_at": access["oauth_expires_at"],
    }
    assert one["links"]["roles"] == f"{BASE}{V3}/{path}/{access['oauth_token']}/roles"
    [role] = await listed(admin, f"{path}/{access['oauth_token']}/roles")
    assert (await admin.get(f"{V3}/{path}/{access['oauth_token']}/roles/{role['id']}")).json()["role"]["name"] == "member"
    assert (await admin.get(f"{V3}/{path}/{access['oauth_token']}/roles/none")).status_code == 404
    other = await person(cloud)
    assert (await admin.get(f"{V3}/users/{other.id}/OS-OAUTH1/access_tokens/{access['oauth_token']}")).status_code == 404


async def test_consumers_are_kept_and_their_secret_is_shown_once(cloud):
    made, admin = await consumer(cloud, description="A tool", colour="red"), await cloud.admin()
    assert len(made.secret) == 32
    path = f"{V3}/OS-OAUTH1/consumers/{made.id}"
    shown = (await admin.get(path)).json()["consumer"]
    assert shown == {"id": made.id, "description": "A tool", "colour": "red", "links": {"self": f"{BASE}{path}"}}
    assert await listed(admin, "OS-OAUTH1/consumers") == [shown]
    changed = await admin.patch(path, json={"consumer": {"description": None}})
    assert changed.json()["consumer"] == {**shown, "description": None}
    assert (await admin.patch(path, json={"consumer": {"secret": "mine"}})).status_code == 400
    assert made.secret not in repr(rows_of(cloud))
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


@pytest.mark.parametrize(
    "tokens",
    [
        {"client_secret": "wrong"},
        {"signature_method": "PLAINTEXT"},
        {"timestamp": "1"},
        {"timestamp": "soon"},
        {"resource_owner_key": "x", "resource_owner_secret": "y"},
    ],
    ids=str,
)
async def test_a_request_that_is_not_well_signed_is_refused(cloud, tokens):
    made, admin = await consumer(cloud), await cloud.admin()
    rows = Rows(cloud)
    assert (await made.ask(admin.project_id, **tokens)).status_code in (400, 401)
    assert not rows.changed()


async def test_a_signature_is_for_its_own_request_and_for_once(cloud):
    made, admin = await consumer(cloud), await cloud.admin()
    headers = {**made.signed(REQUEST, callback_uri="oob"), "Requested-Project-Id": admin.project_id}
    ask = cloud.anonymous()
    assert (await ask.post(f"{REQUEST}?more=1", headers=headers)).status_code == 401
    assert (await ask.post(REQUEST, headers={**headers, "Host": "other.test"})).status_code == 401
    assert (await ask.post(REQUEST, headers=headers)).status_code == 201
    again = await ask.post(REQUEST, headers=headers)
    assert (again.status_code, "before" in again.json()["error"]["message"]) == (401, True)


@pytest.mark.parametrize("url", [f"{REQUEST}?b=2&a=1&a=%20x%2B&c=", f"{REQUEST}?%C3%BC=%26"])
async def test_the_query_is_part_of_what_is_signed(cloud, url):
    made, admin = await consumer(cloud), await cloud.admin()
    headers = {**made.signed(url, callback_uri="oob"), "Requested-Project-Id": admin.project_id}
    assert (await cloud.anonymous().post(url, headers=headers)).status_code == 201


@pytest.mark.parametrize("header", ["", "Bearer x", "OAuth", 'OAuth oauth_token="a", oauth_token="b"', "OAuth x", 'OAuth a="b'])
async def test_a_header_that_is_not_oauths_is_refused(cloud, header):
    admin = await cloud.admin()
    headers = {"Requested-Project-Id": admin.project_id, "Authorization": header}
    assert (await cloud.anonymous().post(REQUEST, headers=headers)).status_code == 400
    body = {"auth": {"identity": {"methods": ["oauth1"], "oauth1": {}}}}
    answer = await cloud.anonymous().post(f"{V3}/auth/tokens", json=body, headers={"Authorization": header})
    assert answer.status_code == 400


async def test_only_roles_that_the_user_holds_in_the_project_can_be_given(cloud):
    made, admin = await consumer(cloud), await cloud.admin()
    elsewhere = await make(admin, "projects")
    request = form(await made.ask(elsewhere["id"]))
    path = f"{V3}/OS-OAUTH1/authorize/{request['oauth_token']}"
    refused = await admin.put(path, json={"roles": [{"name": "member"}]})
    assert (refused.status_code, "role" in refused.json()["error"]["message"]) == (401, True)
    assert (await admin.put(path, json={"roles": []})).status_code == 400
    assert (await admin.put(path, json={"roles": [{"name": "king"}]})).status_code == 404
    assert (await admin.put(f"{path}x", json={"roles": [{"name": "member"}]})).status_code == 404


async def test_who_acts_by_delegation_cannot_let_others_act(cloud, world):
    made, admin, _ = world
    mine = await make(admin, f"users/{admin.user_id}/application_credentials", unrestricted=True)
    shown = {"methods": ["application_credential"], "application_credential": {"id": mine["id"], "secret": mine["secret"]}}
    answer = await cloud.anonymous().post(f"{V3}/auth/tokens", json={"auth": {"identity": shown}})
    client = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    request = form(await made.ask(admin.project_id))
    path = f"{V3}/OS-OAUTH1/authorize/{request['oauth_token']}"
    assert (await client.put(path, json={"roles": [{"name": "member"}]})).status_code == 403
    assert (await client.get(f"{V3}/users/{admin.user_id}/OS-OAUTH1/access_tokens")).status_code == 403


async def test_a_request_token_needs_its_verifier_its_consumer_and_is_used_once(cloud, clock):
    made, other, admin = await consumer(cloud), await consumer(cloud), await cloud.admin()
    request = form(await made.ask(admin.project_id))
    assert (await made.exchange(request, "guessed")).status_code == 401
    verifier = await agreed(admin, request, "member")
    assert (await made.exchange(request, "guessed")).status_code == 401
    assert (await other.exchange(request, verifier)).status_code == 401
    assert (await made.exchange({**request, "oauth_token_secret": "wrong"}, verifier)).status_code == 401
    access = form(await made.exchange(request, verifier))
    assert (await made.exchange(request, verifier)).status_code == 401
    assert (await other.log_in(access)).status_code == 401
    late = form(await made.ask(admin.project_id))
    verifier = await agreed(admin, late, "member")
    await clock.advance(8 * 3600 + 1)
    assert (await made.exchange(late, verifier)).status_code == 401


async def test_secrets_survive_the_rotation_of_the_keys_that_seal_them(cloud, world, clock):
    from cumulet.identity.operations import key_rings

    made, _, access = world
    vault = cloud.cloud.parts.vault
    for _ in range(4):
        await clock.advance(120)
        await key_rings.rotate_credentials(cloud.db, vault)
    assert (await made.log_in(access)).status_code == 201


def test_the_base_string_is_that_of_the_rfc():
    """RFC 5849, section 3.4.1.1, without its body."""
    from cumulet.identity.operations.oauth import signing

    given = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    said = signing.base_string(signing.Signed(signing.Request("post", url, ""), given))
    assert said == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26oauth_consumer_key%3D"
        "9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token"
        "%3Dkkk9d7dh3k39sjv7"
    )
