"""Keypairs over HTTP."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from tests.support.servers import DEMO, LATEST, OTHER, PUBLIC_KEY, ComputeCloud, actor

FINGERPRINT = "aa:58:37:e9:60:06:0f:6d:0e:79:c0:91:a6:13:43:fd"
"""What `ssh-keygen -E md5 -l` says of PUBLIC_KEY."""


def at(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


def wanted(name: str = "key", **fields: Any) -> dict[str, Any]:
    return {"keypair": {"name": name, **fields}}


async def test_a_given_key_is_kept_with_its_fingerprint(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    made = await client.post("/os-keypairs", json=wanted("my.key@home", public_key=f"{PUBLIC_KEY}\n"))
    assert made.status_code == 201
    expected = {
        "name": "my.key@home",
        "public_key": PUBLIC_KEY,
        "fingerprint": FINGERPRINT,
        "type": "ssh",
        "user_id": actor().user_id,
    }
    assert made.json() == {"keypair": expected}
    shown = (await client.get("/os-keypairs/my.key@home")).json()["keypair"]
    assert {name: shown[name] for name in expected} == expected
    assert set(shown) - set(expected) == {"id", "created_at", "updated_at", "deleted", "deleted_at"}
    del expected["user_id"]
    assert (await client.get("/os-keypairs")).json() == {"keypairs": [{"keypair": expected}]}


async def test_a_made_private_key_fits_the_public_key_and_is_shown_only_once(cloud: ComputeCloud) -> None:
    client = cloud.client(**at("2.91"))
    made = (await client.post("/os-keypairs", json=wanted())).json()["keypair"]
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert made["public_key"].startswith(public.decode())
    assert "private_key" not in (await client.get("/os-keypairs/key")).json()["keypair"]
    assert "private_key" not in (await client.get("/os-keypairs")).json()["keypairs"][0]["keypair"]


async def test_a_certificate_is_made_for_windows_guests(cloud: ComputeCloud) -> None:
    made = (await cloud.client(**at("2.91")).post("/os-keypairs", json=wanted(type="x509"))).json()["keypair"]
    certificate = x509.load_pem_x509_certificate(made["public_key"].encode())
    private, _, _ = pkcs12.load_key_and_certificates(base64.b64decode(made["private_key"]), None)
    assert private is not None
    assert private.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == f"CN={actor().user_id}"
    assert made["type"] == "x509"
    assert len(made["fingerprint"]) == 59


async def test_new_versions_make_no_keys(cloud: ComputeCloud) -> None:
    answer = await cloud.client(**at("2.92")).post("/os-keypairs", json=wanted())
    assert answer.status_code == 400
    assert "public_key" in answer.json()["badRequest"]["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 256},
        {"name": " padded"},
        {"name": "slash/ed"},
        {"public_key": "ssh-rsa JUNK nova@ubuntu"},
        {"public_key": " "},
        {"public_key": "ssh-rsa " + "A" * 2048 + " openstack@ubuntu"},
        {"type": "gpg"},
        {"type": "x509"},
        {"color": "red"},
    ],
)
async def test_a_wrong_key_is_refused_and_not_kept(cloud: ComputeCloud, wrong: dict[str, str]) -> None:
    client = cloud.client(**LATEST)
    answer = await client.post("/os-keypairs", json=wanted(**{"name": "key", "public_key": PUBLIC_KEY, **wrong}))
    assert answer.status_code == 400
    assert (await client.get("/os-keypairs")).json() == {"keypairs": []}


async def test_old_versions_allow_fewer_characters_in_names_and_know_no_types(cloud: ComputeCloud) -> None:
    old = cloud.client()
    assert (await old.post("/os-keypairs", json=wanted("a.b", public_key=PUBLIC_KEY))).status_code == 400
    assert (await old.post("/os-keypairs", json=wanted("ab", public_key=PUBLIC_KEY, type="ssh"))).status_code == 400
    made = await old.post("/os-keypairs", json=wanted("ab", public_key=PUBLIC_KEY))
    assert (made.status_code, "type" in made.json()["keypair"]) == (200, False)
    [listed] = (await old.get("/os-keypairs")).json()["keypairs"]
    assert set(listed["keypair"]) == {"name", "public_key", "fingerprint"}
    assert (await old.delete("/os-keypairs/ab")).status_code == 202


async def test_names_are_unique_for_each_user(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    assert (await client.post("/os-keypairs", json=wanted(public_key=PUBLIC_KEY))).status_code == 201
    assert (await client.post("/os-keypairs", json=wanted(public_key=PUBLIC_KEY))).status_code == 409
    assert (await cloud.client(OTHER, **LATEST).post("/os-keypairs", json=wanted(public_key=PUBLIC_KEY))).status_code == 201


async def test_keys_are_listed_by_name_page_by_page(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    for name in ("c", "a", "b"):
        await client.post("/os-keypairs", json=wanted(name, public_key=PUBLIC_KEY))
    first = (await client.get("/os-keypairs?limit=2")).json()
    assert [key["keypair"]["name"] for key in first["keypairs"]] == ["a", "b"]
    second = (await client.get(first["keypairs_links"][0]["href"])).json()
    assert [key["keypair"]["name"] for key in second["keypairs"]] == ["c"]
    assert (await client.get("/os-keypairs?marker=nobody")).status_code == 400
    assert (await client.get("/os-keypairs?color=red")).status_code == 400


async def test_a_marker_is_a_key_of_the_same_user(cloud: ComputeCloud) -> None:
    await cloud.client(OTHER, **LATEST).post("/os-keypairs", json=wanted("theirs", public_key=PUBLIC_KEY))
    assert (await cloud.client(**LATEST).get("/os-keypairs?marker=theirs")).status_code == 400


async def test_administrators_look_after_other_peoples_keys_and_nobody_else_does(cloud: ComputeCloud) -> None:
    admin, user_id = cloud.admin(**LATEST), actor().user_id
    made = await admin.post("/os-keypairs", json=wanted(public_key=PUBLIC_KEY, user_id=user_id))
    assert made.json()["keypair"]["user_id"] == user_id
    assert (await cloud.client(**LATEST).get("/os-keypairs/key")).status_code == 200
    assert (await admin.get("/os-keypairs/key")).status_code == 404
    assert (await admin.get(f"/os-keypairs/key?user_id={user_id}")).status_code == 200
    assert len((await admin.get(f"/os-keypairs?user_id={user_id}")).json()["keypairs"]) == 1
    other = cloud.client(OTHER, **LATEST)
    for method, path in (("GET", "/os-keypairs"), ("GET", "/os-keypairs/key"), ("DELETE", "/os-keypairs/key")):
        assert (await other.request(method, f"{path}?user_id={user_id}")).status_code == 403
    assert (await other.post("/os-keypairs", json=wanted("k", public_key=PUBLIC_KEY, user_id=user_id))).status_code == 403
    assert (await admin.delete(f"/os-keypairs/key?user_id={user_id}")).status_code == 204
    assert (await cloud.client(DEMO, **LATEST).get("/os-keypairs/key")).status_code == 404


async def test_a_forgotten_key_cannot_be_forgotten_again(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    await client.post("/os-keypairs", json=wanted(public_key=PUBLIC_KEY))
    assert (await client.delete("/os-keypairs/key")).status_code == 204
    assert (await client.delete("/os-keypairs/key")).status_code == 404


async def test_no_user_has_more_keys_than_the_limit(cloud: ComputeCloud) -> None:
    client = cloud.client(**LATEST)
    statuses = [
        (await client.post("/os-keypairs", json=wanted(f"key{number}", public_key=PUBLIC_KEY))).status_code for number in range(101)
    ]
    assert statuses == [201] * 100 + [403]
