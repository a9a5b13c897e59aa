"""Credentials and EC2 keys: kept sealed, shown to whom they belong."""

from __future__ import annotations

import json

import msgspec
import pytest

from cumulet.identity.store.delegation import credentials as store
from support.identity import V3, grant, listed, make, person, rows_of


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def owner(cloud, admin):
    """A member of a project, logged in to it."""
    return await cloud.client("one", "member")


async def test_a_blob_is_nowhere_in_the_database(cloud, owner):
    made = await make(owner, "credentials", type="cert", blob="the-very-secret-text")
    assert (await owner.get(f"{V3}/credentials/{made['id']}")).json()["credential"]["blob"] == "the-very-secret-text"
    stored = repr(rows_of(cloud))
    assert made["id"] in stored
    assert "the-very-secret-text" not in stored


async def test_a_blob_moved_to_another_row_is_not_opened(cloud, owner, admin):
    one, two = [await make(owner, "credentials", type="cert", blob=text) for text in ("first", "second")]
    async with cloud.db.tx() as tx:
        moved = await store.find(tx, one["id"])
        await store.save(tx, msgspec.structs.replace(await store.find(tx, two["id"]), blob=moved.blob))
    answer = await owner.get(f"{V3}/credentials/{two['id']}")
    assert answer.status_code == 503
    assert "first" not in answer.text


async def test_T8_lists_hold_ones_own_and_for_administrators_everybodys(cloud, admin, owner):
    other = await cloud.client("two", "member")
    mine, theirs = await make(owner, "credentials", type="cert", blob="x"), await make(other, "credentials", type="totp", blob="y")
    assert [c["id"] for c in await listed(owner, "credentials")] == [mine["id"]]
    assert await listed(owner, "credentials", user_id=other.user_id) == []
    assert {c["id"] for c in await listed(admin, "credentials")} == {mine["id"], theirs["id"]}
    assert [c["id"] for c in await listed(admin, "credentials", type="totp")] == [theirs["id"]]


async def test_nobody_makes_a_credential_for_somebody_else(cloud, owner, admin):
    other = await cloud.client("two", "member")
    body = {"credential": {"type": "cert", "blob": "x", "user_id": other.user_id}}
    assert (await owner.post(f"{V3}/credentials", json=body)).status_code == 403
    assert (await admin.post(f"{V3}/credentials", json=body)).status_code == 201


@pytest.mark.parametrize("field", ["user_id", "project_id", "type"])
async def test_only_the_blob_of_a_credential_changes(owner, field):
    made = await make(owner, "credentials", type="cert", blob="x")
    path = f"{V3}/credentials/{made['id']}"
    assert (await owner.patch(path, json={"credential": {field: "other"}})).status_code == 400
    assert (await owner.patch(path, json={"credential": {"blob": "y", field: made[field]}})).json()["credential"]["blob"] == "y"


@pytest.mark.parametrize("blob", ["no json", "[]", "{}", '{"access": 7}'])
async def test_a_credential_of_type_ec2_needs_an_access_key(owner, blob):
    body = {"credential": {"type": "ec2", "blob": blob, "project_id": owner.project_id}}
    assert (await owner.post(f"{V3}/credentials", json=body)).status_code == 400


async def test_a_credential_of_type_ec2_needs_a_project_and_a_new_access_key(owner):
    blob = json.dumps({"access": "a", "secret": "b"})
    assert (await owner.post(f"{V3}/credentials", json={"credential": {"type": "ec2", "blob": blob}})).status_code == 400
    made = await make(owner, "credentials", type="ec2", blob=blob, project_id=owner.project_id)
    assert made["id"] == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    body = {"credential": {"type": "ec2", "blob": blob, "project_id": owner.project_id}}
    assert (await owner.post(f"{V3}/credentials", json=body)).status_code == 409


async def test_ec2_keys_are_made_listed_shown_and_deleted(owner):
    path = f"{V3}/users/{owner.user_id}/credentials/OS-EC2"
    made = (await owner.post(path, json={"tenant_id": owner.project_id})).json()["credential"]
    assert (made["user_id"], made["tenant_id"], made["trust_id"]) == (owner.user_id, owner.project_id, None)
    assert (await owner.get(f"{path}/{made['access']}")).json()["credential"]["secret"] == made["secret"]
    assert [keys["access"] for keys in (await owner.get(path)).json()["credentials"]] == [made["access"]]
    assert (await owner.delete(f"{path}/{made['access']}")).status_code == 204
    assert (await owner.get(f"{path}/{made['access']}")).status_code == 404


async def test_keys_for_a_project_that_does_not_exist_are_refused(owner):
    path = f"{V3}/users/{owner.user_id}/credentials/OS-EC2"
    assert (await owner.post(path, json={"tenant_id": "nowhere"})).status_code == 404


async def delegated(cloud, admin, **fields):
    """A user, and a client that acts for them in one of their two projects by an application credential."""
    user, one, two = await person(cloud), await make(admin, "projects"), await make(admin, "projects")
    for project in (one, two):
        await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    own = await user.in_project(one["id"])
    made = await make(own, f"users/{user.id}/application_credentials", **fields)
    method = {"methods": ["application_credential"], "application_credential": {"id": made["id"], "secret": made["secret"]}}
    answer = await cloud.anonymous().post(f"{V3}/auth/tokens", json={"auth": {"identity": method}})
    return user, one, two, own, cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})


async def test_T8_who_acts_by_delegation_meets_only_credentials_of_the_delegated_project(cloud, admin):
    user, one, two, own, client = await delegated(cloud, admin, unrestricted=True)
    made = {
        project: await make(own, "credentials", type="cert", blob="x", project_id=project)
        for project in (one["id"], two["id"], None)
    }
    assert [c["id"] for c in await listed(client, "credentials")] == [made[one["id"]]["id"]]
    for project in (two["id"], None):
        path = f"{V3}/credentials/{made[project]['id']}"
        assert (await client.get(path)).status_code == 403
        assert (await client.patch(path, json={"credential": {"blob": "y"}})).status_code == 403
        assert (await client.delete(path)).status_code == 403
    body = {"credential": {"type": "cert", "blob": "x", "user_id": user.id, "project_id": two["id"]}}
    assert (await client.post(f"{V3}/credentials", json=body)).status_code == 403


async def test_keys_remember_the_delegation_they_were_made_by(cloud, admin):
    user, one, _, own, client = await delegated(cloud, admin, unrestricted=True)
    keys = (await client.post(f"{V3}/users/{user.id}/credentials/OS-EC2", json={"tenant_id": one["id"]})).json()["credential"]
    [found] = await listed(own, "credentials", type="ec2")
    blob = json.loads(found["blob"])
    assert blob["access"] == keys["access"]
    assert blob["app_cred_id"]
    del blob["app_cred_id"]
    changed = await own.patch(f"{V3}/credentials/{found['id']}", json={"credential": {"blob": json.dumps(blob)}})
    assert changed.status_code == 400


async def test_a_restricted_application_credential_makes_no_keys(cloud, admin):
    user, one, *_, client = await delegated(cloud, admin)
    path = f"{V3}/users/{user.id}/credentials/OS-EC2"
    assert (await client.post(path, json={"tenant_id": one["id"]})).status_code == 403
