"""The bus within one process."""

from __future__ import annotations

import asyncio

from . import Handler, Unreachable


class InProcessBus:
    """Calls the handler directly; a lost process loses both ends, so nothing can be half delivered."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Send `payload` and return the answer. Raises Unreachable."""
        handler = self._handlers.get(subject)
        if handler is None:
            raise Unreachable(f"nobody serves {subject}")
        try:
            async with asyncio.timeout(timeout):
                return await handler(payload)
        except TimeoutError:
            raise Unreachable(f"no answer on {subject} within {timeout:g} s") from None

    async def serve(self, subject: str, handler: Handler) -> None:
        """Answer requests on `subject` with `handler`."""
        self._handlers[subject] = handler

    async def close(self) -> None:
        """Stop serving."""
        self._handlers.clear()
