"""What operators do on the command line: get in again, and ask who may do what."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cumulet.app.cli import app
from support.cloud import TestCloud, stored_cloud
from support.identity import V3, grant, listed, log_in, make, password_body, person


def run(state: Path, *words: str) -> Result:
    """A command on a cloud's folder."""
    return CliRunner().invoke(app, [*words, "--state", str(state)], env={"COLUMNS": "240"})


def said(state: Path, *words: str) -> str:
    """What a command says that succeeds."""
    done = run(state, *words)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
async def broken(tmp_path, clock) -> Path:
    """A cloud whose administrator has locked everybody out."""
    async with stored_cloud(tmp_path, clock) as cloud:
        admin = await cloud.admin()
        roles = {role["name"]: role["id"] for role in await listed(admin, "roles")}
        await admin.delete(f"{V3}/roles/{roles['manager']}/implies/{roles['member']}")
        await admin.delete(f"{V3}/roles/{roles['service']}")
        await admin.patch(f"{V3}/users/{admin.user_id}", json={"user": {"password": "forgotten", "enabled": False}})
    return tmp_path


def test_bootstrap_repairs_what_an_administrator_needs_and_then_nothing(broken):
    first = said(broken, "bootstrap", "--reset-password")
    for what in ("role service was missing", "manager implies member", "user admin was disabled", "another password"):
        assert what in first
    assert "Nothing needed repair." in said(broken, "bootstrap")


async def admin_in(cloud: TestCloud, state: Path) -> int:
    """The status of the administrator's log-in with the password in the folder, to the whole system."""
    user = {"name": "admin", "domain": {"id": "default"}, "password": (state / "admin-password").read_text().strip()}
    identity = {"methods": ["password"], "password": {"user": user}}
    return (await log_in(cloud, {"auth": {"identity": identity, "scope": {"system": {"all": True}}}})).status_code


@pytest.fixture
def mended(broken) -> Path:
    """The folder after `bootstrap`."""
    said(broken, "bootstrap", "--reset-password")
    return broken


async def test_after_bootstrap_the_administrator_gets_in(mended, clock):
    async with stored_cloud(mended, clock) as cloud:
        assert await admin_in(cloud, mended) == 201


@pytest.fixture
def reset(broken) -> Path:
    """The folder after `admin reset-password`."""
    before = (broken / "admin-password").read_text()
    assert "has another password. It is in" in said(broken, "admin", "reset-password")
    assert (broken / "admin-password").read_text() != before
    assert (broken / "admin-password").stat().st_mode & 0o777 == 0o600
    assert "updated.user user=operator" in said(broken, "audit-log", "user=operator")
    return broken


async def test_after_a_reset_the_administrator_gets_in(reset, clock):
    async with stored_cloud(reset, clock) as cloud:
        assert await admin_in(cloud, reset) == 201


def test_a_password_is_not_reset_of_nobody(broken):
    done = run(broken, "admin", "reset-password", "nobody")
    assert done.exit_code == 1
    assert "no user" in done.output


@pytest.fixture
async def people(tmp_path, clock) -> tuple[Path, str]:
    """A cloud with a member of a project, ann, and another user; the id of the latter."""
    async with stored_cloud(tmp_path, clock) as cloud:
        admin, ann = await cloud.admin(), await person(cloud, name="ann")
        project = await make(admin, "projects", name="works")
        await grant(admin, f"projects/{project['id']}/users/{ann.id}", "member")
        return tmp_path, (await person(cloud, name="bob")).id


def test_policy_check_says_what_decided(people):
    state, bob = people
    refused = run(state, "policy", "check", "identity:get_user", "--as", "ann", "--on", f"user_id={bob}")
    assert refused.exit_code == 1
    assert "ann (" in refused.output
    assert "in project works, with the roles member, reader" in refused.output
    assert "✗ role:admin  — the actor's roles are member, reader" in refused.output
    assert f"the target's target.user.id is {bob}" in refused.output
    allowed = run(state, "policy", "check", "identity:get_user", "--as", "bob", "--in", "unscoped", "--on", f"user_id={bob}")
    assert allowed.exit_code == 0
    assert "decided by: user_id:%(target.user.id)s held" in allowed.output
    assert run(state, "policy", "check", "identity:create_user", "--as", "admin", "--in", "system").exit_code == 0


def test_policy_check_names_what_it_does_not_know(people):
    state, _ = people
    for words, problem in (
        (("identity:nothing", "--as", "ann"), "No service has a rule"),
        (("identity:get_user", "--as", "nobody"), "There is no user"),
        (("identity:get_user", "--as", "ann", "--in", "nowhere"), "is no scope"),
        (("identity:get_user", "--as", "ann", "--in", "system"), "no access"),
        (("identity:get_user", "--as", "ann", "--on", "user_id"), "NAME=VALUE"),
    ):
        done = run(state, "policy", "check", *words)
        assert done.exit_code == 1, words
        assert problem in done.output, done.output


def test_policy_list_shows_overrides_and_an_http_check_is_refused_with_the_reason(people):
    state, _ = people
    (state / "policy.yaml").write_text('"identity:get_user": "role:auditor"\n')
    listed_rules = said(state, "policy", "list", "identity:get_user")
    assert 'identity: identity:get_user: "role:auditor"  (overridden by policy.yaml)' in listed_rules
    (state / "policy.yaml").write_text('"identity:get_user": "http://policy.example/check"\n')
    done = run(state, "policy", "list")
    assert done.exit_code == 1
    assert "another server (http:) are not supported" in done.output


@pytest.fixture
def told(people) -> tuple[Path, str, str]:
    """The folder, a user's id, and the password that an operator was told."""
    state, bob = people
    return state, bob, said(state, "admin", "reset-password", "bob").rpartition("It is: ")[2].strip()


async def test_another_users_new_password_is_told_and_works(told, clock):
    state, bob, password = told
    async with stored_cloud(state, clock) as cloud:
        assert (await log_in(cloud, password_body(bob, password))).status_code == 201
