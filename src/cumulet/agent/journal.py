"""What an agent must remember across its own restarts: answers given, epochs seen, the control plane's counter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Journal(Protocol):
    """`store.journal.SqliteJournal` survives a power loss, `MemoryJournal` the agent."""

    async def open(self) -> None:
        """Make it ready."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...

    async def answer(self, key: str) -> bytes | None:
        """The answer given to this key, if there was one."""
        ...

    async def finish(self, key: str, reply: bytes) -> None:
        """Remember the answer to this key."""
        ...

    async def admit(self, resource: str, epoch: int) -> int:
        """The highest epoch seen for this object, this one included; durable before it is returned."""
        ...

    async def epochs(self) -> dict[str, int]:
        """The highest epoch seen, by object."""
        ...

    async def counter(self) -> int:
        """The highest instance counter the control plane has given; 0 before the first (F7)."""
        ...

    async def set_counter(self, counter: int) -> None:
        """Remember it."""
        ...

    async def lease(self) -> str:
        """Until when the host was told last that its lease is, a stamp; "" before the first (F7)."""
        ...

    async def set_lease(self, until: str) -> None:
        """Remember it."""
        ...

    async def prune(self, keep: float) -> None:
        """Forget answers older than `keep` seconds."""
        ...


class MemoryJournal:
    """A journal for fake hosts: as long as the object lives."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self._answers: dict[str, tuple[float, bytes]] = {}
        self._epochs: dict[str, int] = {}
        self._counter = 0
        self._lease = ""

    async def open(self) -> None:
        """It is always ready."""

    async def close(self) -> None:
        """It stays."""

    async def answer(self, key: str) -> bytes | None:
        """The answer given to this key."""
        found = self._answers.get(key)
        return found[1] if found else None

    async def finish(self, key: str, reply: bytes) -> None:
        """Remember the answer to this key."""
        self._answers.setdefault(key, (self._now(), reply))

    async def admit(self, resource: str, epoch: int) -> int:
        """The highest epoch seen for this object."""
        seen = max(self._epochs.get(resource, 0), epoch)
        self._epochs[resource] = seen
        return seen

    async def epochs(self) -> dict[str, int]:
        """The highest epoch seen, by object."""
        return dict(self._epochs)

    async def counter(self) -> int:
        """The highest instance counter seen."""
        return self._counter

    async def set_counter(self, counter: int) -> None:
        """Remember it."""
        self._counter = counter

    async def lease(self) -> str:
        """Until when the lease was, as it was told last."""
        return self._lease

    async def set_lease(self, until: str) -> None:
        """Remember it."""
        self._lease = until

    async def prune(self, keep: float) -> None:
        """Forget answers older than `keep` seconds."""
        before = self._now() - keep
        self._answers = {key: found for key, found in self._answers.items() if found[0] >= before}
