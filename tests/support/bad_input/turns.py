"""Values that take turns: every route meets a few of them, and every value a few dozen routes of each service."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Generic, TypeVar

V = TypeVar("V")

THOROUGH = "CUMULET_TEST_THOROUGH"
"""Set in the environment, it has every route meet every value: three times the requests."""


class Turns(Generic[V]):
    """`next(turns)` is the next `count` of the values, round and round; all of them where the environment asks for it."""

    def __init__(self, count: int, values: Sequence[V]) -> None:
        self._values = tuple(values)
        self._count = len(self._values) if os.environ.get(THOROUGH) else min(count, len(self._values))
        self._round = itertools.cycle(self._values)

    def __next__(self) -> tuple[V, ...]:
        return tuple(itertools.islice(self._round, self._count))
