"""What must not be tried twice at once, or twice at all, in one process."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

CODE_SECONDS = 90.0


class Attempts:
    """One attempt to log in at a time per user, so that many at once are counted like many in a row; and each code once."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._used: dict[tuple[str, str], float] = {}

    def turn(self, user_id: str) -> asyncio.Lock:
        """The lock under which a user's attempts take turns."""
        return self._turns.setdefault(user_id, asyncio.Lock())

    def first_use(self, user_id: str, code: str, now: float, seconds: float = CODE_SECONDS) -> bool:
        """Whether a user shows a code for the first time while it is good, which is for so many seconds."""
        self._used = {key: until for key, until in self._used.items() if until > now}
        if (user_id, code) in self._used:
            return False
        self._used[user_id, code] = now + seconds
        return True
