"""A receiver of notifications: a small web server that keeps what it is sent, and refuses as often as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Receiver:
    """What was received. `refuse` is how many requests get a 503 from now on."""

    def __init__(self) -> None:
        self.url = ""
        self.envelopes: list[dict[str, Any]] = []
        self.refuse = 0

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages inside the envelopes."""
        return [json.loads(envelope["oslo.message"]) for envelope in self.envelopes]

    @property
    def types(self) -> list[str]:
        """Their types, in the order of arrival."""
        return [message["event_type"] for message in self.messages]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length: ")[2].split("\r\n")[0])
        body = await reader.readexactly(size)
        if self.refuse:
            self.refuse -= 1
            writer.write(b"HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\n\r\n")
        else:
            self.envelopes.append(json.loads(body))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events?from=cloud"
    async with server:
        yield receiver
