"""What must not be tried twice at once in one process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class Attempts:
    """One attempt to log in at a time per user, and how many are under way per address."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: Counter[str] = Counter()

    def turn(self, user_id: str) -> asyncio.Lock:
        """The lock under which a user's attempts take turns."""
        return self._turns.setdefault(user_id, asyncio.Lock())

    def under_way(self, address: str) -> int:
        """How many attempts from an address have not ended."""
        return self._under_way[address]

    @contextmanager
    def one_more(self, address: str) -> Iterator[None]:
        """An attempt from an address, while it lasts."""
        self._under_way[address] += 1
        try:
            yield
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]
