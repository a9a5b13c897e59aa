"""Password hashes: argon2id for new ones; others are verified too, so that people keep the passwords they have."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import argon2

from ..kernel import ids
from ..kernel.clock import Clock
from . import foreign_hashes

REMEMBERED_SECONDS = 300.0
REMEMBERED_MOST = 10_000
OURS = "$argon2"
"""How hashes begin that are made here."""

STRONG = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""What new hashes cost: 20 ms and 19 MiB, for us and for whoever guesses. A hash says itself what checking it costs."""


class Passwords:
    """Hashes and verifies in threads, at most two at a time; remembers successes for five minutes, by keyed hashes.

    `foreign` is a hash of somebody's that was made elsewhere, if anybody has one. To check that takes another time than to check
    one of ours, so whatever fails is checked against both kinds: nobody learns who has not logged in since people were imported.
    """

    def __init__(self, clock: Clock, hasher: argon2.PasswordHasher = STRONG) -> None:
        self._clock = clock
        self._hasher = hasher
        self._key = ids.secret_bytes(32)
        self._remembered: dict[bytes, float] = {}
        self._slots = asyncio.Semaphore(2)
        self._decoy = ""
        self.foreign: str | None = None
        self.looked_at = 0.0
        """When somebody looked for a foreign hash, in seconds."""
        self.work = 0
        """How often something was done that takes long; tests ask."""

    async def hash(self, password: str) -> str:
        """A new hash of `password`."""
        self.work += 1
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is that of `stored`. Without a hash it takes as long and is False: nobody learns which users exist."""
        self._decoy = self._decoy or await self.hash(ids.secret_text())
        if stored is None:
            await self._check(self._decoy, password)
            return await self._fail(stored, password)
        remembered = hashlib.blake2b(f"{stored}\0{password}".encode(), key=self._key, digest_size=32).digest()
        now = self._clock.now()
        if self._remembered.get(remembered, 0.0) > now:
            return True
        if not await self._check(stored, password):
            return await self._fail(stored, password)
        if len(self._remembered) >= REMEMBERED_MOST:
            self._remembered.clear()
        self._remembered[remembered] = now + REMEMBERED_SECONDS
        return True

    async def _fail(self, stored: str | None, password: str) -> bool:
        """Work as much as if the hash had been of the other kind; False."""
        if is_foreign(stored):
            await self._check(self._decoy, password)
        elif self.foreign is not None:
            await self._check(self.foreign, password)
        return False

    async def matches(self, stored: str, password: str) -> bool:
        """`verify` without remembering: for passwords that somebody had once."""
        return await self._check(stored, password)

    async def _check(self, stored: str, password: str) -> bool:
        self.work += 1
        check: Callable[[str, str], bool] = foreign_hashes.matches if is_foreign(stored) else _check_argon2
        async with self._slots:
            return await asyncio.to_thread(check, stored, password)


def is_foreign(stored: str | None) -> bool:
    """Whether a hash is not of the kind that is made here, and should be made anew when its password is shown."""
    return stored is not None and not stored.startswith(OURS)


def _check_argon2(stored: str, password: str) -> bool:
    try:
        return STRONG.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
