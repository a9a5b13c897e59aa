"""What a store of images' bytes can do, whatever it is made of.

Everything here blocks, and is called from `ByteStore`'s threads, beside the event loop. A key names bytes that are written once and
never changed. Bytes that are being written are *incoming*; then they are *complete*; those of deleted images are in *quarantine*,
where nobody reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from msgspec import Struct

BLOCK = 1 << 20
"""Bytes are written, hashed and read in blocks of about this size."""

AHEAD = 3 << 20
"""How many bytes of an upload may wait in memory until they are written and hashed, before no more are received."""


class Quarantined(Struct, frozen=True):
    """Bytes in quarantine, since when (seconds since the epoch), and how many."""

    key: str
    since: float
    size: int


class Health(Struct, frozen=True):
    """Whether a store answers, and if not, why; the bytes it can still take and has in all, where that is known."""

    problem: str | None = None
    free: int | None = None
    total: int | None = None


class Sink(Protocol):
    """Bytes that are being written under one key, one call at a time."""

    def write(self, block: bytes) -> None:
        """Append. Raises TooLarge (the store is full), Unavailable."""
        ...

    def take(self, path: Path) -> bool:
        """Make the content that of a local file without copying it; False if that cannot be done here."""
        ...

    def flush(self) -> None:
        """All is written: from now on `look` sees every byte. Raises TooLarge, Unavailable."""
        ...

    def look(self, offset: int, count: int) -> bytes:
        """A few of the bytes, for inspection; fewer where they end."""
        ...

    def keep(self) -> None:
        """Make the bytes durable and complete. Raises TooLarge, Unavailable."""
        ...

    def close(self) -> None:
        """Let go. What was not kept is left to `drop`."""
        ...


class Store(Protocol):
    """One store. `kind` is its type on the wire; a `read_only` one holds what others keep elsewhere.

    `private`: its URLs may lead to addresses that are not public; never if users choose them.
    """

    kind: str
    read_only: bool
    private: bool

    def properties(self) -> dict[str, str | int | bool]:
        """What administrators are shown of its settings; nothing secret."""
        ...

    def health(self) -> Health:
        """How the store is. Raises nothing."""
        ...

    def begin(self, key: str) -> Sink:
        """Begin to write. Raises Unavailable, also if the key is taken; TooLarge; Invalid for a read-only store."""
        ...

    def blocks(self, key: str, offset: int, count: int) -> Iterator[bytes]:
        """`count` bytes from `offset`, in blocks. Raises Unavailable when it is asked for the first, or if they end early."""
        ...

    def size(self, key: str) -> int | None:
        """How many complete bytes there are; None if there are none under that key. Raises Unavailable."""
        ...

    def path(self, key: str) -> Path | None:
        """The complete bytes as a local file, if they are one."""
        ...

    def url(self, key: str) -> str:
        """Where an agent finds the bytes, for long enough to fetch them."""
        ...

    def address(self, key: str) -> str:
        """The same for users' eyes: without anything secret."""
        ...

    def drop(self, key: str) -> None:
        """Remove what an upload left, complete or not. Only for bytes that no image names."""
        ...

    def quarantine(self, key: str, now: float) -> None:
        """Put complete bytes out of reach. Nothing happens if there are none."""
        ...

    def restore(self, key: str, now: float) -> bool:
        """Take bytes out of quarantine; whether they are complete now."""
        ...

    def purge(self, key: str) -> None:
        """Remove bytes from quarantine, for ever. Raises Conflict while disks are made of them, Unavailable."""
        ...

    def incoming(self) -> list[str]:
        """The keys of uploads in progress, and of those that were left unfinished."""
        ...

    def complete(self) -> list[str]:
        """The keys of all complete bytes."""
        ...

    def quarantined(self) -> list[Quarantined]:
        """What is in quarantine, oldest first."""
        ...
