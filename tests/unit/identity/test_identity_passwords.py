"""Password hashes."""

from __future__ import annotations

import asyncio
import threading

import bcrypt
import pytest

from cumulet.identity import passwords
from cumulet.identity.passwords import REMEMBERED_SECONDS, Passwords
from support.clock import FakeClock


@pytest.fixture
def made(clock) -> Passwords:
    """Passwords with a clock that stands still."""
    return Passwords(clock)


@pytest.fixture
def checks(monkeypatch) -> list[str]:
    """The hashes that were really checked, not remembered."""
    seen: list[str] = []
    original = passwords._check_argon2

    def counted(stored: str, password: str) -> bool:
        seen.append(stored)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_check_argon2", counted)
    return seen


async def test_a_password_matches_its_hash_and_no_other(made):
    one, two = await made.hash("secret"), await made.hash("secret")
    assert one != two
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await made.verify(one, "secret")
    assert not await made.verify(one, "Secret")
    assert not await made.verify(one, "")


async def test_a_bcrypt_hash_from_elsewhere_is_understood(made):
    long = "x" * 80
    stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    assert await made.verify(stored, long)
    assert not await made.verify(stored, "y" * 80)


MADE_ELSEWHERE = {
    "bcrypt": "$2b$04$alR0rh1MrYMJ/uCj/zdBTeJXcAt7aD.aMITQyLGhl3P3Fdg82WX0G",
    "bcrypt_sha256": "$bcrypt-sha256$v=2,t=2b,r=4$2ym2AzxwwB5hMGgaMNUS0O$QKsfIUTXwkshbQh9RZoUk6sheY8Luty",
    "scrypt": "$scrypt$ln=10,r=8,p=1$XrcnUWwpmdpXGeJJsWxpRw$HTi3x5AJcGVcv7e+kdY9kMJDAxTchxsUjukt9O1hzms",
    "pbkdf2_sha512": "$pbkdf2-sha512$1000$IxHDFRMMNGhR4irLZvMC2Q$"
    "yzQDJs3lwsSUVlyB1wgt3gan+Oxcr4Z2SGgy6OY/eb6j3DGbx84HJF8FzC6ZgGq5/rNebPleiAjb2iQmWVMXkQ",
}
"""Hashes of `pässword`, made by Keystone 30's own code."""


LONG = "$bcrypt-sha256$v=2,t=2b,r=12$7cT3nd85J/D03PjX.iqTlu$sf4cTmbKS988ORA6ocW2sYBqlH1V1ga"
"""The same of a hundred x, which bcrypt alone would cut."""


@pytest.mark.parametrize("kind", MADE_ELSEWHERE)
async def test_a_hash_that_keystone_made_is_understood(made, kind):
    assert await made.verify(MADE_ELSEWHERE[kind], "pässword")
    assert not await made.verify(MADE_ELSEWHERE[kind], "passwords")


async def test_every_byte_counts_in_a_long_password_of_bcrypt_over_sha256(made):
    assert await made.verify(LONG, "x" * 100)
    assert not await made.verify(LONG, "x" * 99)


@pytest.mark.parametrize(
    "stored",
    [
        "$scrypt$ln=99,r=8,p=1$c2FsdA$c2FsdA",
        "$scrypt$ln=x$c2FsdA$c2FsdA",
        "$scrypt$",
        "$pbkdf2-sha512$0$c2FsdA$c2FsdA",
        "$pbkdf2-sha512$1$*$*",
        "$bcrypt-sha256$r=12$a$b",
        "$6$rounds=5000$salt$digest",
    ],
)
async def test_a_broken_or_unknown_hash_from_elsewhere_matches_nothing(made, stored):
    assert not await made.verify(stored, "secret")


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", "$2b$broken", "$2b$12$" + "." * 52])
async def test_a_broken_hash_matches_nothing(made, stored):
    assert not await made.verify(stored, "secret")


async def test_a_success_is_remembered_for_five_minutes_and_a_failure_never(made, clock: FakeClock, checks):
    stored = await made.hash("secret")
    for _ in range(3):
        assert await made.verify(stored, "secret")
    assert len(checks) == 1
    for _ in range(2):
        assert not await made.verify(stored, "wrong")
    assert len(checks) == 3
    await clock.advance(REMEMBERED_SECONDS + 1)
    assert await made.verify(stored, "secret")
    assert len(checks) == 4


async def test_a_remembered_password_is_forgotten_with_its_hash(made, checks):
    old, new = await made.hash("secret"), await made.hash("other")
    assert await made.verify(old, "secret")
    assert not await made.verify(new, "secret")


async def test_what_is_remembered_holds_no_password(made):
    stored = await made.hash("very secret")
    await made.verify(stored, "very secret")
    assert all(b"secret" not in key and stored.encode() not in key for key in made._remembered)


async def test_an_unknown_user_costs_one_check_like_a_known_one(made, checks):
    assert not await made.verify(None, "secret")
    checks.clear()
    assert not await made.verify(None, "secret")
    assert len(checks) == 1
    assert not await made.verify(None, "secret")


async def test_at_most_two_hashes_are_worked_out_at_once(clock):
    running, most = 0, 0
    lock = threading.Lock()
    both = threading.Barrier(2, timeout=5)

    class Slow:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            both.wait()
            with lock:
                running -= 1
            return password

    made = Passwords(clock, Slow())
    await asyncio.gather(*(made.hash(str(n)) for n in range(6)))
    assert most == 2
