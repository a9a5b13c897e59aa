"""Guessing passwords: how often, from where, in how many processes, and what it tells."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from cumulet.app import wire
from cumulet.identity.operations.authentication import methods
from cumulet.identity.operations.authentication.named import Named
from cumulet.identity.operations.authentication.totp import STEP_SECONDS, code_at
from cumulet.identity.operations.tokens import Tokens
from cumulet.identity.passwords import REMEMBERED_SECONDS
from cumulet.identity.rules import Compliance, client_address
from cumulet.identity.store import users
from cumulet.kernel.errors import Unauthorized
from support.identity import V3, Person, log_in, make, password_body, person

SECRET = "JBSWY3DPEHPK3PXP"
BCRYPT = "$2b$04$alR0rh1MrYMJ/uCj/zdBTeJXcAt7aD.aMITQyLGhl3P3Fdg82WX0G"
"""Of `pässword`."""


def ask(cloud, **rules: Any) -> None:
    """Configure what is asked of log-ins."""
    cloud.cloud.tokens.rules = msgspec.structs.replace(Compliance(), **rules)


async def process(cloud) -> Tokens:
    """Another process of the same cloud, with the same configuration."""
    made = (await wire.key_rings(cloud.cloud.config, cloud.db)).tokens
    made.rules = cloud.cloud.tokens.rules
    return made


async def proves(tokens: Tokens, user: Person, password: str) -> bool:
    """Whether a process takes a password."""
    try:
        await methods.by_password(tokens, Named(id=user.id), password)
    except Unauthorized:
        return False
    return True


async def test_failures_in_one_process_lock_the_account_in_all(cloud, clock):
    ask(cloud, lockout_failures=3, lockout_seconds=60)
    user, processes = await person(cloud), [await process(cloud) for _ in range(3)]
    for tokens in processes:
        assert not await proves(tokens, user, "wrong")
    for tokens in processes:
        assert not await proves(tokens, user, user.password)
    await clock.advance(61)
    assert await proves(processes[0], user, user.password)
    assert await proves(processes[1], user, user.password)


async def test_no_more_guesses_than_allowed_are_looked_at_however_many_processes_are_asked_at_once(cloud):
    ask(cloud, lockout_failures=3, lockout_seconds=60)
    user, processes = await person(cloud), [await process(cloud) for _ in range(4)]
    guessed = []
    for tokens in processes:
        verify = tokens.passwords.verify

        async def counted(stored: str | None, password: str, verify: Any = verify) -> bool:
            if stored is not None:
                guessed.append(password)
            return await verify(stored, password)

        tokens.passwords.verify = counted
    await asyncio.gather(*(proves(tokens, user, f"guess {n}") for n in range(4) for tokens in processes))
    assert len(guessed) == 3


async def test_a_code_is_good_in_one_process_only(cloud, clock):
    user = await person(cloud)
    await make(await user.client(), "credentials", type="totp", blob=SECRET)
    code, vault = code_at(SECRET, int(clock.now()) // STEP_SECONDS) or "", cloud.cloud.parts.vault
    first, second = await process(cloud), await process(cloud)
    tried = await asyncio.gather(
        *(methods.by_totp(tokens, vault, Named(id=user.id), code) for tokens in (first, second)), return_exceptions=True
    )
    assert sorted(isinstance(one, Unauthorized) for one in tried) == [False, True]


async def test_a_used_code_is_forgotten_once_it_is_not_good_any_more(cloud, clock):
    user = await person(cloud)
    await make(await user.client(), "credentials", type="totp", blob=SECRET)
    tokens, vault = cloud.cloud.tokens, cloud.cloud.parts.vault
    for _ in range(3):
        code = code_at(SECRET, int(clock.now()) // STEP_SECONDS) or ""
        await methods.by_totp(tokens, vault, Named(id=user.id), code)
        await clock.advance(1000)
    from cumulet.identity.store.logins import CODES
    from cumulet.kernel.db import Query

    async with cloud.db.read() as tx:
        assert len(await tx.all(Query(CODES.select()))) == 1


def from_address(cloud, address: str) -> httpx.AsyncClient:
    """A client behind our proxy."""
    return cloud.anonymous(**{"X-Forwarded-For": address})


async def guess(cloud, user: Person, address: str, password: str = "wrong") -> httpx.Response:
    """A log-in from an address."""
    return await from_address(cloud, address).post(f"{V3}/auth/tokens", json=password_body(user.id, password))


async def test_an_address_from_which_too_many_log_ins_failed_waits(cloud, clock):
    ask(cloud, address_failures=3, address_seconds=60)
    users = [await person(cloud) for _ in range(4)]
    assert [(await guess(cloud, user, "203.0.113.7")).status_code for user in users] == [401, 401, 401, 429]
    refused = await guess(cloud, users[0], "203.0.113.7", users[0].password)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json()["error"]["code"] == 429
    assert (await guess(cloud, users[0], "203.0.113.8", users[0].password)).status_code == 201
    await clock.advance(61)
    assert (await guess(cloud, users[0], "203.0.113.7", users[0].password)).status_code == 201


async def test_successes_are_not_counted(cloud):
    ask(cloud, address_failures=2)
    user = await person(cloud)
    for _ in range(5):
        assert (await guess(cloud, user, "203.0.113.7", user.password)).status_code == 201


async def test_failures_in_other_processes_are_counted_too(cloud):
    ask(cloud, address_failures=2)
    user, other = await person(cloud), await process(cloud)
    await guess(cloud, user, "203.0.113.7")
    mine, cloud.cloud.tokens.attempts = cloud.cloud.tokens.attempts, other.attempts
    await guess(cloud, user, "203.0.113.7")
    cloud.cloud.tokens.attempts = mine
    assert (await guess(cloud, user, "203.0.113.7")).status_code == 429


async def test_a_burst_gets_no_further_than_one_after_the_other(cloud):
    ask(cloud, address_failures=3)
    user = await person(cloud)
    answers = await asyncio.gather(*(guess(cloud, user, "203.0.113.7", f"guess {n}") for n in range(9)))
    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 6


async def test_changing_a_password_is_no_way_to_guess_it_more_often(cloud):
    ask(cloud, address_failures=2, lockout_failures=4, lockout_seconds=60)
    user = await person(cloud)
    path = f"{V3}/users/{user.id}/password"

    async def change(client: httpx.AsyncClient, original: str) -> int:
        body = {"user": {"original_password": original, "password": "another one"}}
        return (await client.post(path, json=body)).status_code

    far = from_address(cloud, "203.0.113.7")
    assert [await change(far, "wrong") for _ in range(3)] == [401, 401, 429]
    assert [await change(cloud.anonymous(), "wrong") for _ in range(2)] == [401, 401]
    assert await change(cloud.anonymous(), user.password) == 401, "the account is locked by now"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", None, None),
        ("::1", None, None),
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 127.0.0.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "nonsense"),
        ("a unix socket", "198.51.100.1", None),
    ],
)
def test_the_address_that_counts_is_the_last_one_that_is_not_our_own(peer, forwarded, address):
    assert client_address(Compliance(), peer, forwarded) == address


async def work(cloud, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """How much hashing an answer took, and what it says."""
    before = cloud.cloud.tokens.passwords.work
    answer = await log_in(cloud, body)
    assert answer.status_code == 401
    return cloud.cloud.tokens.passwords.work - before, answer.json()


async def test_nothing_tells_which_users_exist(cloud):
    ask(cloud, lockout_failures=1, lockout_seconds=60)
    admin, known = await cloud.admin(), await person(cloud)
    await log_in(cloud, password_body(known.id, known.password))
    without = await make(admin, "users")
    disabled = await person(cloud, enabled=False)
    locked = await person(cloud)
    await log_in(cloud, password_body(locked.id, "wrong"))
    application = {"methods": ["application_credential"], "application_credential": {"id": "nothing", "secret": "x"}}
    asked = {
        "wrong": password_body(known.id, "wrong"),
        "unknown": password_body("nobody", "wrong"),
        "without a password": password_body(without["id"], "wrong"),
        "disabled": password_body(disabled.id, "wrong"),
        "locked": password_body(locked.id, "wrong"),
        "locked, and right": password_body(locked.id, locked.password),
        "application credential": {"auth": {"identity": application}},
    }
    found = {name: await work(cloud, body) for name, body in asked.items()}
    assert {name: hashed for name, (hashed, _) in found.items()} == dict.fromkeys(asked, 1)
    assert len({msgspec.json.encode(told) for _, told in found.values()}) == 1


async def test_nothing_tells_who_was_imported_and_has_not_logged_in_since(cloud, clock):
    imported, ours, disabled = await person(cloud), await person(cloud), await person(cloud, enabled=False)
    async with cloud.db.tx() as tx:
        await users.save(tx, msgspec.structs.replace(await users.find(tx, imported.id), password_hash=BCRYPT))
        tx.signal("identity", imported.id)
    who = {"imported": imported.id, "ours": ours.id, "disabled": disabled.id, "unknown": "nobody"}
    await log_in(cloud, password_body("nobody", "warms up"))
    assert {name: (await work(cloud, password_body(one, "wrong")))[0] for name, one in who.items()} == dict.fromkeys(who, 2)
    assert (await log_in(cloud, password_body(imported.id, "pässword"))).status_code == 201
    await clock.advance(REMEMBERED_SECONDS)
    assert {name: (await work(cloud, password_body(one, "wrong")))[0] for name, one in who.items()} == dict.fromkeys(who, 1)


async def test_the_first_attempt_of_a_process_tells_nothing_either(cloud):
    user = await person(cloud)
    spent = []
    for who in (user.id, "nobody"):
        cloud.cloud.tokens.passwords._decoy = ""
        spent.append((await work(cloud, password_body(who, "wrong")))[0])
    assert spent == [2, 2]
