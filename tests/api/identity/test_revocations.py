"""What was revoked, as services may ask."""

from __future__ import annotations

from cumulet.identity.operations.tokens import LIFETIME_SECONDS
from cumulet.kernel.clock import stamp
from support.identity import V3, person


async def test_services_see_revoked_tokens_and_users_with_new_passwords(cloud, clock):
    admin, user, other = await cloud.admin(), await person(cloud), await person(cloud)
    answer = await user.token()
    [audit_id] = answer.json()["token"]["audit_ids"]
    began = stamp(clock.now())
    await admin.delete(f"{V3}/auth/tokens", headers={"X-Subject-Token": answer.headers["X-Subject-Token"]})
    await clock.advance(10)
    await admin.patch(f"{V3}/users/{other.id}", json={"user": {"password": "another"}})
    service = await cloud.client("service", "service", "watcher")
    events = (await service.get(f"{V3}/OS-REVOKE/events")).json()["events"]
    assert [(event.get("audit_id"), event.get("user_id")) for event in events] == [(audit_id, None), (None, other.id)]
    assert events[0]["revoked_at"] == events[0]["issued_before"] == began + "Z"
    later = await service.get(f"{V3}/OS-REVOKE/events", params={"since": stamp(clock.now() - 5)})
    assert [event["user_id"] for event in later.json()["events"]] == [other.id]
    assert (await service.get(f"{V3}/OS-REVOKE/events", params={"since": "yesterday"})).status_code == 400


async def test_events_that_can_concern_no_token_any_more_are_left_out(cloud, clock):
    admin, user = await cloud.admin(), await person(cloud)
    await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": "another"}})
    await clock.advance(LIFETIME_SECONDS + 1)
    service = await cloud.client("service", "service", "watcher")
    assert (await service.get(f"{V3}/OS-REVOKE/events")).json()["events"] == []


async def test_nobody_else_sees_them(cloud):
    assert (await (await cloud.client("one", "member")).get(f"{V3}/OS-REVOKE/events")).status_code == 403
