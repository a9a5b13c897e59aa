"""Trusts: who acts with whose rights, how often, how long, and how far they are passed on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cumulet.kernel.clock import stamp
from support.identity import V3, grant, listed, log_in, make, person, role_id


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def world(cloud, admin):
    """A trustor who is a member of a project, and two others who hold nothing."""
    project, trustor = await make(admin, "projects"), await person(cloud)
    await grant(admin, f"projects/{project['id']}/users/{trustor.id}", "member")
    client = await trustor.in_project(project["id"])
    return SimpleNamespace(project=project, trustor=trustor, client=client, trustee=await person(cloud), third=await person(cloud))


def wanted(world, **fields):
    """What a trustor sends."""
    return {
        "trustor_user_id": world.trustor.id,
        "trustee_user_id": world.trustee.id,
        "impersonation": True,
        "project_id": world.project["id"],
        "roles": [{"name": "reader"}],
        **fields,
    }


async def trust(world, client=None, **fields):
    """A new trust."""
    return await make(client or world.client, "OS-TRUST/trusts", **wanted(world, **fields))


async def refused(world, client=None, **fields) -> int:
    """The status with which a trust is refused."""
    return (await (client or world.client).post(f"{V3}/OS-TRUST/trusts", json={"trust": wanted(world, **fields)})).status_code


async def use(user, made):
    """The answer to a request for a trust's token."""
    return await user.token({"OS-TRUST:trust": {"id": made["id"]}})


async def acting(user, made):
    """A client that acts by a trust."""
    return await user.client({"OS-TRUST:trust": {"id": made["id"]}})


async def test_a_trustee_acts_as_the_trustor_with_the_delegated_roles_only(cloud, world):
    made = await trust(world)
    token = (await use(world.trustee, made)).json()["token"]
    assert token["user"]["id"] == world.trustor.id
    assert token["project"]["id"] == world.project["id"]
    assert {role["name"] for role in token["roles"]} == {"reader"}
    assert token["OS-TRUST:trust"] == {
        "id": made["id"],
        "impersonation": True,
        "trustor_user": {"id": world.trustor.id},
        "trustee_user": {"id": world.trustee.id},
    }


async def test_without_impersonation_the_trustee_stays_who_they_are(cloud, world):
    token = (await use(world.trustee, await trust(world, impersonation=False))).json()["token"]
    assert token["user"]["id"] == world.trustee.id
    assert {role["name"] for role in token["roles"]} == {"reader"}


async def test_a_trust_is_of_use_to_its_trustee_only(cloud, world):
    made = await trust(world)
    assert (await use(world.third, made)).status_code == 403
    assert (await use(world.trustor, made)).status_code == 403
    assert (await use(world.trustee, {"id": "nothing"})).status_code == 401


async def test_a_role_that_the_trustor_loses_ends_the_trusts_tokens_at_once(cloud, admin, world):
    client = await acting(world.trustee, await trust(world))
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200
    member = await role_id(admin, "member")
    await admin.delete(f"{V3}/projects/{world.project['id']}/users/{world.trustor.id}/roles/{member}")
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401


@pytest.mark.parametrize("who", ["trustor", "trustee"])
async def test_nobody_acts_by_the_trust_of_a_disabled_user(cloud, admin, world, who):
    made = await trust(world)
    client = await acting(world.trustee, made)
    await admin.patch(f"{V3}/users/{getattr(world, who).id}", json={"user": {"enabled": False}})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401
    assert (await use(world.trustee, made)).status_code == 401


async def test_a_deleted_trust_ends_its_tokens_at_once(cloud, world):
    made = await trust(world)
    client = await acting(world.trustee, made)
    assert (await world.client.delete(f"{V3}/OS-TRUST/trusts/{made['id']}")).status_code == 204
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401
    assert (await world.client.get(f"{V3}/OS-TRUST/trusts/{made['id']}")).status_code == 404


async def test_an_expired_trust_is_gone_and_its_tokens_ended_with_it(cloud, clock, world):
    made = await trust(world, expires_at=stamp(clock.now() + 60) + "Z")
    answer = await use(world.trustee, made)
    assert answer.json()["token"]["expires_at"] == made["expires_at"]
    await clock.advance(61)
    assert (await use(world.trustee, made)).status_code == 401
    assert (await world.client.get(f"{V3}/OS-TRUST/trusts/{made['id']}")).status_code == 404
    client = cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 401


async def test_a_trust_is_used_as_often_as_it_says_and_the_last_token_lives_on(cloud, world):
    made = await trust(world, remaining_uses=2)
    answers = [await use(world.trustee, made) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 401]
    assert (await world.client.get(f"{V3}/OS-TRUST/trusts/{made['id']}")).status_code == 404
    client = cloud.anonymous(**{"X-Auth-Token": answers[1].headers["X-Subject-Token"]})
    assert (await client.get(f"{V3}/auth/catalog")).status_code == 200


async def test_a_use_that_gives_no_token_is_not_counted(cloud, admin, world):
    made = await trust(world, remaining_uses=1)
    await admin.patch(f"{V3}/projects/{world.project['id']}", json={"project": {"enabled": False}})
    assert (await use(world.trustee, made)).status_code == 401
    await admin.patch(f"{V3}/projects/{world.project['id']}", json={"project": {"enabled": True}})
    assert (await use(world.trustee, made)).status_code == 201


@pytest.mark.parametrize(("fields", "status"), [
    ({"trustee_user_id": "nobody"}, 404),
    ({"project_id": "nowhere"}, 404),
    ({"roles": []}, 403),
    ({"roles": [{"name": "admin"}]}, 404),
    ({"roles": [{"name": "no such role"}]}, 404),
    ({"remaining_uses": 0}, 400),
    ({"expires_at": "bad.123Z"}, 400),
    ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
    ({"impersonation": "yes"}, 400),
    ({"allow_redelegation": True, "remaining_uses": 1}, 400),
    ({"allow_redelegation": True, "redelegation_count": 4}, 403),
])  # fmt: skip
async def test_a_trust_that_cannot_be_is_refused(world, fields, status):
    assert await refused(world, **fields) == status


async def test_nobody_makes_a_trust_in_somebody_elses_name(cloud, world, admin):
    client = await world.third.client()
    assert await refused(world, client) == 403
    assert await refused(world, admin) == 403


async def test_T8_a_trust_is_seen_by_its_two_users_and_administrators(cloud, world, admin):
    made = await trust(world)
    path, stranger = f"{V3}/OS-TRUST/trusts/{made['id']}", await world.third.client()
    for client in (world.client, await world.trustee.client(), admin):
        assert (await client.get(path)).status_code == 200
    for tail in ("", "/roles", f"/roles/{made['roles'][0]['id']}"):
        assert (await stranger.get(path + tail)).status_code == 403
    assert (await (await world.trustee.client()).delete(path)).status_code == 403
    assert (await stranger.delete(path)).status_code == 403


async def test_T8_lists_are_of_ones_own_trusts(cloud, world, admin):
    made = await trust(world)
    trustee = await world.trustee.client()
    assert [t["id"] for t in await listed(world.client, "OS-TRUST/trusts", trustor_user_id=world.trustor.id)] == [made["id"]]
    assert [t["id"] for t in await listed(trustee, "OS-TRUST/trusts", trustee_user_id=world.trustee.id)] == [made["id"]]
    assert [t["id"] for t in await listed(admin, "OS-TRUST/trusts")] == [made["id"]]
    for query in (
        "",
        f"?trustor_user_id={world.trustor.id}",
        f"?trustee_user_id={world.third.id}&trustor_user_id={world.trustor.id}",
    ):
        assert (await trustee.get(f"{V3}/OS-TRUST/trusts{query}")).status_code == 403, query


async def test_a_trusts_token_becomes_no_other_token(cloud, world):
    token = (await use(world.trustee, await trust(world))).headers["X-Subject-Token"]
    for scope in ({}, {"scope": {"project": {"id": world.project["id"]}}}, {"scope": "unscoped"}):
        body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}, **scope}}
        assert (await log_in(cloud, body)).status_code == 403


async def test_a_trusts_token_makes_no_application_credentials(cloud, world):
    client = await acting(world.trustee, await trust(world))
    path = f"{V3}/users/{world.trustor.id}/application_credentials"
    assert (await client.post(path, json={"application_credential": {"name": "x"}})).status_code == 403
    assert (await client.get(path)).status_code == 403
    assert (await client.get(f"{V3}/users/{world.trustor.id}/access_rules")).status_code == 403


async def test_a_trusts_token_passes_nothing_on_unless_it_may(cloud, world):
    client = await acting(world.trustee, await trust(world))
    assert await refused(world, client, trustee_user_id=world.third.id) == 403


async def passed_on(world, **fields):
    """A first trust that may be passed on, and a client that acts by it."""
    first = await trust(world, allow_redelegation=True, **fields)
    client = await acting(world.trustee, first)
    return first, client


async def test_a_trust_is_passed_on_and_lives_and_dies_with_the_first(cloud, admin, world):
    first, client = await passed_on(world)
    assert first["redelegation_count"] == 3
    second = await trust(world, client, trustee_user_id=world.third.id, allow_redelegation=True)
    assert (second["redelegation_count"], second["redelegated_trust_id"]) == (2, first["id"])
    third = await acting(world.third, second)
    assert (await third.get(f"{V3}/auth/catalog")).status_code == 200
    await world.client.delete(f"{V3}/OS-TRUST/trusts/{first['id']}")
    assert (await third.get(f"{V3}/auth/catalog")).status_code == 401
    assert (await admin.get(f"{V3}/OS-TRUST/trusts/{second['id']}")).status_code == 404


async def test_a_trust_that_is_passed_on_gives_no_more_than_it_was_given(cloud, clock, admin, world):
    other = await make(admin, "projects")
    await grant(admin, f"projects/{other['id']}/users/{world.trustor.id}", "member")
    ends = stamp(clock.now() + 60) + "Z"
    _, client = await passed_on(world, expires_at=ends)
    onward = {"trustee_user_id": world.third.id}
    assert await refused(world, client, **onward, roles=[{"name": "member"}]) == 403
    assert await refused(world, client, **onward, project_id=other["id"]) == 403
    assert await refused(world, client, **onward, expires_at=stamp(clock.now() + 120) + "Z") == 403
    assert await refused(world, client, **onward, remaining_uses=1) == 403
    assert await refused(world, client, **onward, allow_redelegation=True, redelegation_count=1) == 403
    assert (await trust(world, client, **onward))["expires_at"] == ends


async def test_a_trust_without_impersonation_is_not_passed_on_with_it(cloud, world):
    _, client = await passed_on(world, impersonation=False)
    own = {"trustor_user_id": world.trustee.id, "trustee_user_id": world.third.id}
    assert await refused(world, client, **own, impersonation=True) == 403
    made = await trust(world, client, **own, impersonation=False)
    token = (await use(world.third, made)).json()["token"]
    assert token["user"]["id"] == world.third.id
    assert {role["name"] for role in token["roles"]} == {"reader"}


async def test_a_chain_ends_after_as_many_trusts_as_it_may_have(cloud, world):
    _, client = await passed_on(world, redelegation_count=1)
    second = await trust(world, client, trustee_user_id=world.third.id, allow_redelegation=True)
    assert second["redelegation_count"] == 0
    last = await acting(world.third, second)
    assert await refused(world, last) == 403
