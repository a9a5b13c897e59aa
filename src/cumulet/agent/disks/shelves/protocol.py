"""What a place for objects can do. Paths are the ledger's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ...store.ledger import Object

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Build = Callable[[T], Awaitable[None]]
"""Writes an object where it is told, which nobody else knows yet."""


class Shelf(Protocol[T_co]):
    """Objects by their paths. Every method raises Refusal; what is read in passing never waits for a cluster."""

    def place(self, owner: str, kind: str) -> str:
        """The path of an object in its place."""
        ...

    def kept(self, object_id: str) -> str:
        """The path of an object in quarantine."""
        ...

    def shown(self, path: str) -> str:
        """The path as others are told it, who give it back with a guest to start."""
        ...

    def size(self, path: str) -> int:
        """The bytes of the host's own disk that the object takes."""
        ...

    async def virtual_size(self, path: str, form: str) -> int:
        """The size in bytes that a guest sees."""
        ...

    async def absent(self, paths: list[str]) -> list[str]:
        """Those under which there is nothing."""
        ...

    async def make(self, made: Object, build: Build[T_co]) -> None:
        """Let `build` write the object, and put it in its place at one stroke. Leaves nothing if that fails."""
        ...

    async def discard(self, made: Object) -> None:
        """Remove what an interrupted `make` has left that is not in its place."""
        ...

    async def move(self, path: str, other: str) -> None:
        """Rename at one stroke, durably. Raises FileNotFoundError."""
        ...

    async def remove(self, path: str) -> None:
        """Delete for good, if it is there."""
        ...

    async def is_open(self, path: str, form: str) -> bool:
        """Whether somebody may write to it."""
        ...
