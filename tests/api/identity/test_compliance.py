"""What an organisation may ask of passwords and log-ins, and several factors."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec
import pytest

from cumulet.identity.operations import repair
from cumulet.identity.operations.authentication import inactivity
from cumulet.identity.operations.authentication.totp import STEP_SECONDS, code_at
from cumulet.identity.rules import DAY, Compliance
from cumulet.identity.store import users
from cumulet.kernel import audit
from cumulet.kernel.clock import stamp
from support.identity import V3, grant, log_in, make, person


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


def ask(cloud, **rules: Any) -> None:
    """Configure what is asked of passwords."""
    cloud.cloud.tokens.rules = msgspec.structs.replace(Compliance(), **rules)


async def change(cloud, user, new: str) -> int:
    """The status of a user's own change of password; the user remembers the new one if it was taken."""
    body = {"user": {"password": new, "original_password": user.password}}
    answer = await cloud.anonymous().post(f"{V3}/users/{user.id}/password", json=body)
    if answer.status_code == 204:
        user.password = new
    return answer.status_code


async def wrong(user) -> int:
    """The status of a log-in with a wrong password."""
    right, user.password = user.password, "wrong"
    answer = await user.token()
    user.password = right
    return answer.status_code


async def test_nothing_is_asked_by_default(cloud):
    user = await person(cloud, password="x")
    for _ in range(5):
        assert await wrong(user) == 401
    assert (await user.token()).status_code == 201
    assert await change(cloud, user, "x") == 204


async def inactive(cloud) -> list[str]:
    return await inactivity.disable(cloud.db, cloud.cloud.tokens.rules)


async def test_whoever_is_inactive_for_long_is_disabled_with_every_token_and_can_be_enabled_again(cloud, clock, admin):
    ask(cloud, inactive_days=30)
    quiet, busy = await person(cloud), await person(cloud)
    token = (await quiet.token()).headers["X-Subject-Token"]
    await busy.token()
    await clock.advance(29 * DAY)
    assert await inactive(cloud) == []
    assert (await busy.token()).status_code == 201
    await clock.advance(1 * DAY)
    assert await inactive(cloud) == [quiet.id]
    assert await inactive(cloud) == []
    admin = await cloud.admin()
    assert (await admin.get(f"{V3}/users/{quiet.id}")).json()["user"]["enabled"] is False
    assert (await quiet.token()).status_code == 401
    assert (await cloud.anonymous(**{"X-Auth-Token": token}).get(f"{V3}/auth/projects")).status_code == 401
    async with cloud.db.read() as tx:
        [event] = await audit.page(tx, audit.Sought(action="disabled.user"))
    assert event.target_id == quiet.id
    assert (await admin.patch(f"{V3}/users/{quiet.id}", json={"user": {"enabled": True}})).status_code == 200
    assert await inactive(cloud) == []
    assert (await quiet.token()).status_code == 201


async def test_a_log_in_after_too_many_days_is_refused_before_anybody_has_looked(cloud, clock):
    ask(cloud, inactive_days=30)
    user = await person(cloud)
    assert (await user.token()).status_code == 201
    await clock.advance(30 * DAY)
    assert (await user.token()).status_code == 401
    async with cloud.db.read() as tx:
        assert (await users.find(tx, user.id)).enabled is False


async def test_users_with_the_option_and_users_who_were_never_seen_are_not_disabled(cloud, clock, admin):
    never = await person(cloud)
    ask(cloud, inactive_days=30)
    exempt = await person(cloud)
    body = {"user": {"options": {"ignore_user_inactivity": True}}}
    assert (await admin.patch(f"{V3}/users/{exempt.id}", json=body)).status_code == 200
    await exempt.token()
    await clock.advance(300 * DAY)
    assert not {never.id, exempt.id} & set(await inactive(cloud))
    assert (await exempt.token()).status_code == 201
    assert (await never.token()).status_code == 201


async def test_a_password_that_an_operator_sets_lets_an_inactive_user_in_again(cloud, clock):
    ask(cloud, inactive_days=30)
    user = await person(cloud)
    await user.token()
    await clock.advance(31 * DAY)
    assert await inactive(cloud)
    async with cloud.db.tx() as tx:
        await repair.reset_password(tx, await users.find(tx, user.id), await cloud.cloud.tokens.passwords.hash("another"))
    user.password = "another"
    assert (await user.token()).status_code == 201


async def test_a_new_user_who_never_logs_in_is_inactive_from_the_day_it_was_made(cloud, clock, admin):
    ask(cloud, inactive_days=30)
    made = await make(admin, "users", password="secret")
    await clock.advance(31 * DAY)
    assert made["id"] in await inactive(cloud)


async def test_so_many_wrong_passwords_lock_an_account_for_a_while(cloud, clock):
    ask(cloud, lockout_failures=3, lockout_seconds=60)
    user = await person(cloud)
    refusals = [await wrong(user) for _ in range(3)]
    locked = await user.token()
    assert [*refusals, locked.status_code] == [401] * 4
    assert "lock" not in locked.text
    await clock.advance(61)
    assert (await user.token()).status_code == 201


async def test_a_right_password_in_between_counts_from_zero_again(cloud):
    ask(cloud, lockout_failures=2, lockout_seconds=60)
    user = await person(cloud)
    for _ in range(3):
        assert await wrong(user) == 401
        assert (await user.token()).status_code == 201


async def test_a_lock_that_has_run_out_counts_from_zero_again(cloud, clock):
    ask(cloud, lockout_failures=2, lockout_seconds=60)
    user = await person(cloud)
    for _ in range(2):
        await wrong(user)
    await clock.advance(61)
    await wrong(user)
    assert (await user.token()).status_code == 201


async def test_many_guesses_at_once_count_like_many_in_a_row(cloud):
    ask(cloud, lockout_failures=2, lockout_seconds=60)
    user = await person(cloud)
    tried = []
    verify = cloud.cloud.tokens.passwords.verify

    async def counted(stored: str | None, password: str) -> bool:
        tried.append(password)
        return await verify(stored, password)

    cloud.cloud.tokens.passwords.verify = counted
    await asyncio.gather(*(wrong(user) for _ in range(8)))
    assert tried.count("wrong") == 2


async def test_some_accounts_are_never_locked_and_one_lock_is_nobody_elses(cloud):
    ask(cloud, lockout_failures=1, lockout_seconds=60)
    free = await person(cloud, options={"ignore_lockout_failure_attempts": True})
    user, other = await person(cloud), await person(cloud)
    await wrong(free)
    await wrong(user)
    assert [(await one.token()).status_code for one in (free, user, other)] == [201, 401, 201]


async def test_a_new_password_from_the_administrator_unlocks(cloud, admin):
    ask(cloud, lockout_failures=1, lockout_seconds=60)
    user = await person(cloud)
    await wrong(user)
    user.password = "set anew"
    await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": user.password}})
    assert (await user.token()).status_code == 201


async def test_a_password_expires_and_can_still_be_changed_by_its_user(cloud, clock, admin):
    ask(cloud, password_days=10)
    user, free = await person(cloud), await person(cloud, options={"ignore_password_expiry": True})
    shown = (await admin.get(f"{V3}/users/{user.id}")).json()["user"]
    assert shown["password_expires_at"] == stamp(clock.now() + 10 * DAY)
    assert (await user.token()).json()["token"]["user"]["password_expires_at"] == shown["password_expires_at"]
    await clock.advance(10 * DAY + 1)
    refused = await user.token()
    assert refused.status_code == 401
    assert "expired" in refused.json()["error"]["message"]
    assert "expired" not in (await log_in(cloud, {**_body(user.id, "wrong")})).text
    assert (await free.token()).status_code == 201
    assert await change(cloud, user, "a newer one") == 204
    assert (await user.token()).status_code == 201


def _body(user_id: str, password: str) -> dict[str, Any]:
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": user_id, "password": password}}}}}


async def test_users_are_found_by_when_their_passwords_expire(cloud, clock):
    ask(cloud, password_days=10)
    first = await person(cloud)
    await clock.advance(DAY)
    second, admin = await person(cloud), await cloud.admin()
    between = stamp(clock.now() + 9.5 * DAY) + "Z"
    for operator, found in (("lt", {first.id}), ("gt", {second.id}), ("neq", {first.id, second.id})):
        answer = await admin.get(f"{V3}/users", params={"password_expires_at": f"{operator}:{between}"})
        assert {u["id"] for u in answer.json()["users"]} & {first.id, second.id} == found
    assert (await admin.get(f"{V3}/users?password_expires_at=lt:soon")).status_code == 400


async def test_a_password_that_somebody_else_set_must_be_changed_first(cloud):
    ask(cloud, change_at_first_use=True)
    user, free = await person(cloud), await person(cloud, options={"ignore_change_password_upon_first_use": True})
    assert (await user.token()).status_code == 401
    assert (await free.token()).status_code == 201
    assert await change(cloud, user, "my own") == 204
    assert (await user.token()).status_code == 201


async def test_a_new_password_is_none_of_the_last_ones(cloud, clock, admin):
    ask(cloud, unique_passwords=2)
    user = await person(cloud, password="one")
    for word, status in (("one", 400), ("two", 204), ("one", 400), ("two", 400), ("three", 204), ("one", 204)):
        await clock.advance(1)
        assert await change(cloud, user, word) == status, word
    assert (await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": "one"}})).status_code == 200


async def test_a_password_that_a_user_chose_is_kept_for_some_days(cloud, clock):
    ask(cloud, password_least_days=2)
    user = await person(cloud)
    await clock.advance(1)
    assert await change(cloud, user, "first choice") == 204
    assert await change(cloud, user, "second choice") == 400
    await clock.advance(2 * DAY + 1)
    assert await change(cloud, user, "second choice") == 204


async def test_a_password_matches_the_pattern_and_the_hint_tells_how(cloud, admin):
    ask(cloud, password_pattern=r"^(?=.*\d).{8,}$", password_pattern_hint="eight characters and a digit")
    for password, status in (("short1", 400), ("long without", 400), ("long with 1", 201)):
        answer = await admin.post(f"{V3}/users", json={"user": {"name": password, "password": password}})
        assert answer.status_code == status
        assert status == 201 or "eight characters and a digit" in answer.json()["error"]["message"]
    user = await person(cloud, password="long with 1")
    assert await change(cloud, user, "none") == 400
    assert (await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": "none"}})).status_code == 400


async def test_a_locked_password_is_changed_by_administrators_only(cloud, admin):
    user = await person(cloud, options={"lock_password": True})
    assert await change(cloud, user, "mine") == 400
    assert (await admin.patch(f"{V3}/users/{user.id}", json={"user": {"password": "theirs"}})).status_code == 200


SECRET = base64.b32encode(b"12345678901234567890").decode()


def with_code(user, code: str, *methods: str) -> dict[str, Any]:
    """A request for a token by a code, and by what else is named."""
    identity: dict[str, Any] = {"methods": ["totp", *methods], "totp": {"user": {"id": user.id, "passcode": code}}}
    if "password" in methods:
        identity["password"] = {"user": {"id": user.id, "password": user.password}}
    return {"auth": {"identity": identity}}


def code_now(clock, earlier: int = 0) -> str:
    """The code of the moment, or of some steps ago."""
    return code_at(SECRET, int(clock.now()) // STEP_SECONDS - earlier) or ""


@pytest.fixture
async def coded(cloud):
    """A user with a secret for codes."""
    user = await person(cloud)
    await make(await user.client(), "credentials", type="totp", blob=SECRET.rstrip("="))
    return user


async def test_a_code_is_good_now_and_a_step_later_and_once(cloud, clock, coded):
    for earlier, status in ((0, 201), (0, 401), (1, 201), (2, 401), (-1, 401)):
        assert (await log_in(cloud, with_code(coded, code_now(clock, earlier)))).status_code == status, earlier
    await clock.advance(STEP_SECONDS)
    assert (await log_in(cloud, with_code(coded, code_now(clock)))).json()["token"]["methods"] == ["totp"]


async def test_codes_are_guessed_no_more_often_than_passwords(cloud, clock, coded):
    ask(cloud, lockout_failures=2, lockout_seconds=60)
    for guess in ("000000", "111111"):
        assert (await log_in(cloud, with_code(coded, guess))).status_code == 401
    assert (await log_in(cloud, with_code(coded, code_now(clock)))).status_code == 401


async def test_a_user_without_a_secret_has_no_code(cloud, clock):
    assert (await log_in(cloud, with_code(await person(cloud), code_now(clock)))).status_code == 401


async def test_who_needs_several_factors_gets_no_token_with_one_of_them(cloud, clock, admin, coded):
    project = await make(admin, "projects")
    await grant(admin, f"projects/{project['id']}/users/{coded.id}", "member")
    before = (await coded.token()).headers["X-Subject-Token"]
    options = {"multi_factor_auth_rules": [["password", "totp"], ["no such method"]]}
    await admin.patch(f"{V3}/users/{coded.id}", json={"user": {"options": options}})
    refused = await coded.token()
    assert refused.status_code == 401
    assert refused.json()["required_auth_methods"] == [["password", "totp"]]
    assert (await log_in(cloud, with_code(coded, code_now(clock)))).status_code == 401
    await clock.advance(STEP_SECONDS)
    both = await log_in(cloud, with_code(coded, code_now(clock), "password"))
    assert set(both.json()["token"]["methods"]) == {"password", "totp"}
    for token, status in ((both.headers["X-Subject-Token"], 201), (before, 401)):
        method = {"methods": ["token"], "token": {"id": token}}
        body = {"auth": {"identity": method, "scope": {"project": {"id": project["id"]}}}}
        assert (await log_in(cloud, body)).status_code == status


async def test_rules_for_several_factors_can_be_switched_off_and_never_lock_everybody_out(cloud, admin):
    rules = {"multi_factor_auth_rules": [["password", "totp"]]}
    off = await person(cloud, options={**rules, "multi_factor_auth_enabled": False})
    unknown = await person(cloud, options={"multi_factor_auth_rules": [["no such method"]]})
    assert [(await user.token()).status_code for user in (off, unknown)] == [201, 201]
