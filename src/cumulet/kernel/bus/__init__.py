"""Requests and answers between processes, as bytes on named subjects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

Handler = Callable[[bytes], Awaitable[bytes]]


class Unreachable(Exception):
    """Nobody answered on the subject in time. The request may still have been carried out."""


class Bus(Protocol):
    """One request, one answer. At most once; who needs more repeats an idempotent request."""

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Send `payload` and return the answer. Raises Unreachable after `timeout` seconds, or if nobody serves `subject`."""
        ...

    async def serve(self, subject: str, handler: Handler) -> None:
        """Answer requests on `subject` with `handler`, concurrently, until `close`."""
        ...

    async def close(self) -> None:
        """Stop serving and let go of connections."""
        ...
