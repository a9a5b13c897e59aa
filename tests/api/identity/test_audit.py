"""The audit log: one event for each authentication and each change, and no secret in any."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from cumulet.app.cli import app
from cumulet.kernel import audit
from cumulet.kernel.audit import Event, Sought, cadf
from support.cloud import stored_cloud
from support.identity import V3, grant, log_in, make, password_body, person

PASSWORD = "correct horse battery staple"


@pytest.fixture
def told(caplog, monkeypatch) -> pytest.LogCaptureFixture:
    """The lines of the audit log. (A test of the layers has import-linter disable every logger there is.)"""
    monkeypatch.setattr(logging.getLogger("cumulet.audit"), "disabled", False)
    caplog.set_level(logging.INFO, logger="cumulet.audit")
    return caplog


async def events(cloud, **sought: Any) -> list[Event]:
    """What is in the log."""
    await cloud.cloud.tokens.later.write()
    async with cloud.db.read() as tx:
        return await audit.page(tx, Sought(**sought))


async def test_each_way_an_authentication_ends_is_an_event(cloud):
    admin, user = await cloud.admin(), await person(cloud, password=PASSWORD)
    project = await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{user.id}", "member")
    await user.in_project(project["id"])
    await log_in(cloud, password_body(user.id, "wrong"))
    await log_in(cloud, password_body("nobody", "wrong"))
    rules = {"multi_factor_auth_rules": [["password", "totp"]]}
    await admin.patch(f"{V3}/users/{user.id}", json={"user": {"options": rules}})
    await user.token()
    found = await events(cloud, action="authenticate")
    assert [(event.outcome, event.user_id) for event in found] == [
        ("success", user.id),
        ("failure", user.id),
        ("failure", "unknown"),
        ("pending", user.id),
    ]
    assert found[0].project_id == project["id"]
    assert found[0].details["methods"] == ["password"]
    assert found[0].details["scope"] == {"kind": "project", "id": project["id"]}
    assert {event.address for event in found} == {"127.0.0.1"}
    assert all(event.request_id.startswith("req-") for event in found)


async def test_each_change_is_an_event_of_who_did_what_to_what(cloud):
    admin = await cloud.admin()
    user = await make(admin, "users", password=PASSWORD, email="ann@example.test")
    role = await make(admin, "roles")
    await admin.patch(f"{V3}/users/{user['id']}", json={"user": {"description": "private"}})
    await admin.put(f"{V3}/projects/{admin.project_id}/users/{user['id']}/roles/{role['id']}")
    await admin.delete(f"{V3}/users/{user['id']}")
    found = await events(cloud, user_id=admin.user_id)
    assert [(event.action, event.target_id) for event in found] == [
        ("created.user", user["id"]),
        ("created.role", role["id"]),
        ("updated.user", user["id"]),
        ("created.grant", role["id"]),
        ("deleted.user", user["id"]),
    ]
    assert {(event.outcome, event.project_id) for event in found} == {("success", admin.project_id)}
    assert found[0].details["fields"] == ["email", "name", "password"]
    assert found[0].details["name"] == user["name"]
    assert user["id"] in found[3].details["request"]["path"]


async def test_an_event_outlives_what_it_is_about(cloud):
    admin = await cloud.admin()
    user = await make(admin, "users")
    await admin.delete(f"{V3}/users/{user['id']}")
    assert [event.action for event in await events(cloud, target_id=user["id"])] == ["created.user", "deleted.user"]


async def test_what_is_refused_or_undone_changes_nothing_and_has_no_event(cloud):
    admin, member = await cloud.admin(), await cloud.client("one", "member")
    user = await make(admin, "users")
    before = len(await events(cloud))
    assert (await member.post(f"{V3}/users", json={"user": {"name": "x"}})).status_code == 403
    assert (await admin.post(f"{V3}/users", json={"user": {"name": user["name"]}})).status_code == 409
    assert (await admin.get(f"{V3}/users")).status_code == 200
    assert len(await events(cloud)) == before


async def test_an_event_and_its_change_are_kept_or_lost_together(cloud):
    event = Event(service="identity", action="created.user", user_id="x", target_type="data/identity/user", target_id="undone")

    async def undone() -> None:
        async with cloud.db.tx() as tx:
            await audit.record(tx, event)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await undone()
    assert await events(cloud, target_id="undone") == []


async def test_no_event_holds_a_secret(cloud, told):
    admin, user = await cloud.admin(), await person(cloud, password=PASSWORD)
    own = await user.client()
    await make(own, "credentials", type="totp", blob="JBSWY3DPEHPK3PXP")
    await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": PASSWORD + " 2"}})
    change = {"user": {"original_password": PASSWORD + " 2", "password": PASSWORD + " 3"}}
    assert (await cloud.anonymous().post(f"{V3}/users/{user.id}/password", json=change)).status_code == 204
    identity = {"methods": ["password"], "password": {"user": {"name": PASSWORD, "domain": {"id": "default"}, "password": "x"}}}
    await log_in(cloud, {"auth": {"identity": identity}})
    token = own.headers["X-Auth-Token"]
    await admin.delete(f"{V3}/auth/tokens", headers={"X-Subject-Token": token})
    text = msgspec.json.encode([cadf(event) for event in await events(cloud)]).decode() + told.text
    assert len(told.messages) >= 7
    for secret in (PASSWORD, "JBSWY3DPEHPK3PXP", token, admin.headers["X-Auth-Token"]):
        assert secret not in text


async def test_a_new_password_is_an_event_with_the_change(cloud):
    user = await person(cloud, password=PASSWORD)
    change = {"user": {"original_password": PASSWORD, "password": "another"}}
    await cloud.anonymous().post(f"{V3}/users/{user.id}/password", json=change)
    [event] = await events(cloud, user_id=user.id)
    assert (event.action, event.target_id, event.details) == ("updated.user", user.id, {"fields": ["password"]})
    change["user"]["original_password"] = "wrong"
    await cloud.anonymous().post(f"{V3}/users/{user.id}/password", json=change)
    assert (await events(cloud, user_id=user.id))[-1].outcome == "failure"


async def test_every_event_is_a_line_of_json_in_the_log_in_cadfs_form(cloud, told):
    admin = await cloud.admin()
    user = await make(admin, "users", password=PASSWORD)
    await log_in(cloud, password_body(user["id"], PASSWORD))
    lines = [msgspec.json.decode(message) for message in told.messages]
    assert [line["action"] for line in lines] == ["created.user", "authenticate"]
    assert all(
        {"typeURI", "eventType", "eventTime", "id", "outcome", "initiator", "observer", "target"} <= set(line) for line in lines
    )
    assert {line["id"] for line in lines} == {event.id for event in await events(cloud)}
    assert lines[0]["initiator"]["id"] == admin.user_id
    assert lines[1]["initiator"]["host"] == {"address": "127.0.0.1"}


async def test_a_database_that_does_not_answer_loses_no_event_of_a_log_in(cloud):
    user = await person(cloud)
    await user.token()
    later = cloud.cloud.tokens.later
    tx, cloud.db.tx = cloud.db.tx, None
    with pytest.raises(TypeError):
        await later.write()
    cloud.db.tx = tx
    assert [event.action for event in await events(cloud, user_id=user.id)] == ["authenticate"]
    await later.write()
    assert len(await events(cloud, user_id=user.id)) == 1


async def test_old_events_go_by_age(cloud, clock):
    admin = await cloud.admin()
    await make(admin, "users")
    await clock.advance(100)
    await make(admin, "users")
    from cumulet.kernel.clock import stamp

    async with cloud.db.tx() as tx:
        assert await audit.purge(tx, stamp(clock.now() - 50)) == 1
    assert len(await events(cloud)) == 1


@pytest.fixture
async def audited(tmp_path, clock) -> str:
    """The id of a user whom the administrator of a cloud made whose database is in its folder."""
    async with stored_cloud(tmp_path, clock) as cloud:
        return (await make(await cloud.admin(), "users"))["id"]


def test_an_operator_reads_the_log_from_the_command_line(tmp_path, audited):

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["audit-log", *words, "--state", str(tmp_path)], env={"COLUMNS": "240"})
        assert done.exit_code == 0, done.output
        return done.output

    assert "created.user" in run(f"target={audited}")
    assert "created.user" not in run("target=nothing")
    [line] = run(f"target={audited}", "--json").splitlines()
    assert msgspec.json.decode(line)["target"]["id"] == audited
    assert "created.user" not in run("since=2100-01-01")
