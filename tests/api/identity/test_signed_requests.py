"""Tokens for requests that were signed with EC2 credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import httpx
import msgspec
import pytest

from cumulet.identity.signatures import SIGNED_SECONDS
from cumulet.kernel.clock import stamp
from support.identity import V3, grant, make, person

HOST, PATH = "cloud.test", "/services/Cloud"


@pytest.fixture
async def service(cloud) -> httpx.AsyncClient:
    """The service that got the signed request."""
    return await cloud.client("service", "service", "ec2-api")


async def new_keys(client: httpx.AsyncClient, user_id: str, project_id: str) -> dict[str, Any]:
    """EC2 keys, made by whoever the client is."""
    answer = await client.post(f"{V3}/users/{user_id}/credentials/OS-EC2", json={"tenant_id": project_id})
    assert answer.status_code == 201, answer.text
    return answer.json()["credential"]


def request_to_ec2(keys: dict[str, Any], now: float) -> dict[str, Any]:
    """A request of version 2 that their owner signed."""
    params = {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": stamp(now)[:19] + "Z"}
    query = "&".join(f"{name}={params[name].replace(':', '%3A')}" for name in sorted(params))
    text = f"GET\n{HOST}\n{PATH}\n{query}"
    signature = base64.b64encode(hmac.digest(keys["secret"].encode(), text.encode(), hashlib.sha256)).decode()
    asked = {"host": HOST, "verb": "GET", "path": PATH, "params": params, "headers": {}, "body_hash": ""}
    return {"access": keys["access"], "signature": signature, **asked}


def request_to_s3(keys: dict[str, Any]) -> dict[str, Any]:
    """A request of version 2 to S3 that their owner signed."""
    text = b"GET\n\n\n\n/bucket/key"
    signature = base64.b64encode(hmac.digest(keys["secret"].encode(), text, hashlib.sha1)).decode()
    return {"access": keys["access"], "signature": signature, "token": base64.urlsafe_b64encode(text).decode()}


@pytest.fixture
async def own(cloud) -> httpx.AsyncClient:
    """A member of a project, who has keys in it."""
    return await cloud.client("one", "member")


@pytest.fixture
async def keys(own) -> dict[str, Any]:
    """Their keys."""
    return await new_keys(own, own.user_id, own.project_id)


@pytest.mark.parametrize("name", ["credentials", "credential", "ec2Credentials"])
async def test_a_signed_request_to_ec2_buys_its_users_token(cloud, service, own, keys, clock, name):
    answer = await service.post(f"{V3}/ec2tokens", json={name: request_to_ec2(keys, clock.now())})
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    assert (token["user"]["id"], token["project"]["id"]) == (own.user_id, own.project_id)
    assert token["methods"] == ["ec2credential"]
    assert {role["name"] for role in token["roles"]} == {"member", "reader"}
    issued = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    assert (await issued.get(f"{V3}/auth/projects")).status_code == 200


async def test_a_signed_request_to_s3_tells_its_user_and_no_token(service, own, keys):
    answer = await service.post(f"{V3}/s3tokens", json={"credentials": request_to_s3(keys)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["token"]["user"]["id"] == own.user_id
    assert "X-Subject-Token" not in answer.headers


@pytest.mark.parametrize("path", ["ec2tokens", "s3tokens"])
async def test_only_services_and_administrators_ask(cloud, own, keys, clock, path):
    asked = request_to_s3(keys) if path == "s3tokens" else request_to_ec2(keys, clock.now())
    assert (await (await cloud.admin()).post(f"{V3}/{path}", json={"credentials": asked})).status_code == 200
    assert (await own.post(f"{V3}/{path}", json={"credentials": asked})).status_code == 403
    assert (await cloud.anonymous().post(f"{V3}/{path}", json={"credentials": asked})).status_code == 401


@pytest.mark.parametrize("path", ["ec2tokens", "s3tokens"])
async def test_an_altered_signature_is_refused(service, keys, clock, path):
    asked = request_to_s3(keys) if path == "s3tokens" else request_to_ec2(keys, clock.now())
    wrong = await service.post(f"{V3}/{path}", json={"credentials": {**asked, "signature": "x" + asked["signature"][1:]}})
    assert wrong.status_code == 401
    unknown = await service.post(f"{V3}/{path}", json={"credentials": {**asked, "access": "unknown"}})
    assert unknown.status_code == 404
    nothing = await service.post(f"{V3}/{path}", json={})
    assert nothing.status_code == 401


async def test_an_old_signature_is_refused(service, keys, clock):
    asked = {"credentials": request_to_ec2(keys, clock.now())}
    await clock.advance(SIGNED_SECONDS + 1)
    assert (await service.post(f"{V3}/ec2tokens", json=asked)).status_code == 401


@pytest.mark.parametrize("gone", ["user disabled", "project disabled", "role taken away", "keys deleted"])
async def test_keys_are_worth_no_more_than_their_user(cloud, service, own, keys, clock, gone):
    admin = await cloud.admin()
    if gone == "user disabled":
        await admin.patch(f"{V3}/users/{own.user_id}", json={"user": {"enabled": False}})
    elif gone == "project disabled":
        await admin.patch(f"{V3}/projects/{own.project_id}", json={"project": {"enabled": False}})
    elif gone == "keys deleted":
        await admin.delete(f"{V3}/users/{own.user_id}/credentials/OS-EC2/{keys['access']}")
    else:
        for role in (await admin.get(f"{V3}/projects/{own.project_id}/users/{own.user_id}/roles")).json()["roles"]:
            await admin.delete(f"{V3}/projects/{own.project_id}/users/{own.user_id}/roles/{role['id']}")
    answer = await service.post(f"{V3}/ec2tokens", json={"credentials": request_to_ec2(keys, clock.now())})
    assert answer.status_code == (404 if gone == "keys deleted" else 401)


async def test_keys_made_by_an_application_credential_give_no_more_than_it(cloud, service, own, clock):
    admin = await cloud.admin()
    await grant(admin, f"projects/{own.project_id}/users/{own.user_id}", "manager")
    collection = f"users/{own.user_id}/application_credentials"
    made = await make(own, collection, roles=[{"name": "member"}], unrestricted=True)
    identity = {"methods": ["application_credential"], "application_credential": {"id": made["id"], "secret": made["secret"]}}
    answer = await cloud.anonymous().post(f"{V3}/auth/tokens", json={"auth": {"identity": identity}})
    program = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    keys = await new_keys(program, own.user_id, own.project_id)
    asked = {"credentials": request_to_ec2(keys, clock.now())}
    answer = await service.post(f"{V3}/ec2tokens", json=asked)
    assert answer.status_code == 200, answer.text
    assert {role["name"] for role in answer.json()["token"]["roles"]} == {"member", "reader"}
    assert answer.json()["token"]["application_credential"]["id"] == made["id"]
    await own.delete(f"{V3}/{collection}/{made['id']}")
    assert (await service.post(f"{V3}/ec2tokens", json=asked)).status_code == 401


@pytest.mark.parametrize("impersonation", [True, False])
async def test_keys_made_by_a_trust_give_no_more_than_it(cloud, service, own, clock, impersonation):
    admin, trustee = await cloud.admin(), await person(cloud)
    trust = await make(
        own,
        "OS-TRUST/trusts",
        trustor_user_id=own.user_id,
        trustee_user_id=trustee.id,
        impersonation=impersonation,
        project_id=own.project_id,
        roles=[{"name": "member"}],
    )
    acting = await trustee.client({"OS-TRUST:trust": {"id": trust["id"]}})
    owner = own.user_id if impersonation else trustee.id
    keys = await new_keys(acting, owner, own.project_id)
    blob = (await admin.get(f"{V3}/credentials", params={"user_id": owner})).json()["credentials"][0]["blob"]
    assert msgspec.json.decode(blob)["trust_id"] == trust["id"]
    asked = {"credentials": request_to_ec2(keys, clock.now())}
    answer = await service.post(f"{V3}/ec2tokens", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token"]["OS-TRUST:trust"]["id"] == trust["id"]
    assert answer.json()["token"]["user"]["id"] == owner
    await own.delete(f"{V3}/OS-TRUST/trusts/{trust['id']}")
    assert (await service.post(f"{V3}/ec2tokens", json=asked)).status_code == 401
