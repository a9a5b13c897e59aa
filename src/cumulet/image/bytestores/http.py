"""Bytes that web servers keep. Their key is their URL. Nothing is ever written, moved or removed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from ...kernel.errors import Invalid, Unavailable
from ...kernel.fetching import ANY_PORT, fetch
from .protocol import Health, Quarantined, Sink


class HttpStore:
    """Web servers. `private`: also those at addresses that are not public."""

    kind = "http"
    read_only = True

    def __init__(self, private: bool = False) -> None:
        self.private = private
        self.reach = replace(ANY_PORT, private=private)

    def properties(self) -> dict[str, str | int | bool]:
        """Whether private addresses are read."""
        return {"private_addresses": self.reach.private}

    def health(self) -> Health:
        """There is no one server to ask."""
        return Health()

    def begin(self, key: str) -> Sink:
        """Refused."""
        raise Invalid("An image cannot be written to a web server.")

    def blocks(self, key: str, offset: int, count: int) -> Iterator[bytes]:
        """GET with a range; a server that knows no ranges sends everything, of which the beginning is skipped."""
        headers = {"Range": f"bytes={offset}-{offset + count - 1}"} if offset and count else {}
        try:
            with fetch(key, self.reach, headers) as answer:
                yield from _cut(answer.blocks, 0 if answer.status == 206 else offset, count)
        except Invalid as problem:
            raise Unavailable("The image's data cannot be read now.", internal=problem.message) from None

    def size(self, key: str) -> int | None:
        """What the server says; None if it says that there is nothing."""
        try:
            with fetch(key, self.reach, method="HEAD") as answer:
                return answer.size
        except Invalid:
            return None

    def path(self, key: str) -> Path | None:
        """Never a local file."""
        return None

    def url(self, key: str) -> str:
        """The URL itself."""
        return key

    def address(self, key: str) -> str:
        """The URL itself."""
        return key

    def drop(self, key: str) -> None:
        """Not ours to remove."""

    def quarantine(self, key: str, now: float) -> None:
        """Not ours to move."""

    def restore(self, key: str, now: float) -> bool:
        """It was never moved."""
        return True

    def purge(self, key: str) -> None:
        """Not ours to remove."""

    def incoming(self) -> list[str]:
        """None."""
        return []

    def complete(self) -> list[str]:
        """None that we would know of."""
        return []

    def quarantined(self) -> list[Quarantined]:
        """None."""
        return []


def _cut(blocks: Iterator[bytes], skip: int, count: int) -> Iterator[bytes]:
    """`count` bytes of a stream after the first `skip`. Raises Unavailable if it has fewer."""
    for block in blocks:
        block, skip = block[skip:], max(0, skip - len(block))
        if block:
            yield block[:count]
            count -= min(count, len(block))
        if not count:
            return
    if count:
        raise Unavailable("The image's data ends too early.")
