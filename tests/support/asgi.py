"""Requests whose body a test controls event by event: slow clients, and clients that go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any


class Upload:
    """A PUT of octets that is under way. `send` gives it a piece, `end` the end, `vanish` cuts the connection."""

    def __init__(self, app: Any, path: str, token: str, headers: dict[str, str] | None = None) -> None:
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._asked = asyncio.Condition()
        self._asked_for = self._sent = 0
        self.status: int | None = None
        self.body = b""
        given = {"x-auth-token": token, "content-type": "application/octet-stream", "host": "cloud", **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "PUT",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("cloud", 80),
        }
        self.task = asyncio.ensure_future(app(scope, self._receive, self._answer))

    async def _receive(self) -> dict[str, Any]:
        async with self._asked:
            self._asked_for += 1
            self._asked.notify_all()
        return await self._events.get()

    async def _answer(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
        else:
            self.body += event.get("body", b"")

    async def send(self, piece: bytes) -> None:
        """One more piece. When this returns, the server asks for the next one, or has answered."""
        self._sent += 1
        self._events.put_nowait({"type": "http.request", "body": piece, "more_body": True})
        asked = asyncio.ensure_future(self._asks_for_more())
        await asyncio.wait([asked, self.task], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()

    async def _asks_for_more(self) -> None:
        async with self._asked:
            await self._asked.wait_for(lambda: self._asked_for > self._sent)

    async def end(self) -> int | None:
        """The end of the body; the answer's status."""
        self._events.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        await self.task
        return self.status

    async def vanish(self) -> int | None:
        """The client goes away; the status that nobody receives any more."""
        self._events.put_nowait({"type": "http.disconnect"})
        await self.task
        return self.status


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    """A body in these pieces; an exception among them is raised at its place."""
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece
