"""Time, as one replaceable object. Nothing outside the kernel asks the operating system what time it is."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

Stamp = str
"""A UTC instant as text, `YYYY-MM-DDTHH:MM:SS.ffffff`: sorts as time does, and needs no conversion to be shown."""


class Clock(Protocol):
    """Where the time comes from: the operating system, or a test."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


def stamp(seconds: float) -> Stamp:
    """`seconds` since the epoch, as the text in which the database keeps instants."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").removesuffix("+00:00")


def seconds(when: Stamp) -> float:
    """The inverse of `stamp`; accepts any ISO 8601 text, UTC unless it says otherwise.

    Raises ValueError for anything else.
    """
    parsed = datetime.fromisoformat(when)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def measure() -> float:
    """A monotonic count of seconds, for durations shown to people; never a deadline."""
    return time.perf_counter()
