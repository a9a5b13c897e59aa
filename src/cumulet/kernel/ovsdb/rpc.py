"""JSON-RPC 1.0 on a stream, as OVSDB servers and the control sockets of OVS and OVN daemons speak it (RFC 7047, section 4)."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from cumulet.kernel.errors import Unavailable

_DECODER = json.JSONDecoder()


class OvsdbError(Exception):
    """The server refused; `error` is its short name for the reason (RFC 7047, section 3.1), such as "constraint violation"."""

    def __init__(self, error: str, details: str = "") -> None:
        super().__init__(f"{error}: {details}" if details else error)
        self.error = error


def split(buffer: bytes) -> tuple[list[Any], bytes]:
    """The complete messages at the start of `buffer`, and the rest.

    Messages follow each other without a separator. A buffer that does not end in a brace ends within a message, whose end is
    yet to come, so that parsing may wait: this keeps the cost of large messages linear.
    """
    if not buffer.rstrip().endswith(b"}"):
        return [], buffer
    text, messages, at = buffer.decode(), [], 0
    while at < len(text):
        try:
            message, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        messages.append(message)
        while at < len(text) and text[at].isspace():
            at += 1
    return messages, text[at:].encode()


class _Call(Struct, frozen=True):
    future: asyncio.Future[Any]
    take: Callable[[Any], None] | None


class JsonRpc:
    """One connection. `serve` must run for calls to be answered; when it ends, so do all calls, with Unavailable."""

    def __init__(self, remote: str, on_notice: Callable[[str, Any], None] | None = None) -> None:
        self.remote = remote
        self._on_notice = on_notice
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Call] = {}
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def connect(self) -> None:
        """Open `remote`: `unix:/path` or `tcp:address:port`, IPv6 in brackets. Raises OSError, ValueError."""
        kind, _, rest = self.remote.partition(":")
        if kind == "unix":
            self._reader, self._writer = await asyncio.open_unix_connection(rest)
        elif kind == "tcp":
            host, _, port = rest.rpartition(":")
            self._reader, self._writer = await asyncio.open_connection(host.strip("[]"), int(port))
        else:
            raise ValueError(f"{self.remote!r} is neither unix:PATH nor tcp:ADDRESS:PORT")

    async def serve(self) -> None:
        """Read until the other side closes. Closes our side too."""
        buffer = b""
        try:
            while chunk := await self._reader.read(1 << 20):
                messages, buffer = split(buffer + chunk)
                for message in messages:
                    self._handle(message)
        finally:
            self.close()

    def close(self) -> None:
        """End the connection and every call on it."""
        self._writer.close()
        for call in self._pending.values():
            if not call.future.done():
                call.future.set_exception(Unavailable(f"the connection to {self.remote} was lost", "ovsdb"))
        self._pending.clear()

    async def call(self, method: str, params: list[Any], take: Callable[[Any], None] | None = None) -> Any:
        """The result of a call. Raises OvsdbError if it was refused, Unavailable if the connection ends before the answer.

        `take` gets the result before any message that came after it is handled.
        """
        number = next(self._numbers)
        if self._writer.is_closing():
            raise Unavailable(f"the connection to {self.remote} was lost", "ovsdb")
        call = self._pending[number] = _Call(asyncio.get_running_loop().create_future(), take)
        self._send({"method": method, "params": params, "id": number})
        try:
            return await call.future
        finally:
            self._pending.pop(number, None)

    def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(json.dumps(message, separators=(",", ":")).encode())

    def _handle(self, message: Any) -> None:
        method = message.get("method")
        if method == "echo":
            self._send({"result": message["params"], "error": None, "id": message["id"]})
        elif method is not None:
            if self._on_notice is not None:
                self._on_notice(method, message["params"])
        else:
            self._answer(message)

    def _answer(self, message: Any) -> None:
        call = self._pending.get(message["id"])
        if call is None or call.future.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            call.future.set_exception(OvsdbError(error.get("error", "refused"), error.get("details", "")))
        elif error is not None:
            call.future.set_exception(OvsdbError(str(error)))
        else:
            if call.take is not None:
                call.take(message["result"])
            call.future.set_result(message["result"])


async def ask(remote: str, method: str, *params: str, timeout: float = 5) -> str:
    """Ask a daemon's control socket something, as ovs-appctl does; its answer.

    Raises OvsdbError if it refuses, Unavailable or OSError if it cannot be reached, TimeoutError after `timeout` seconds.
    """
    rpc = JsonRpc(remote)
    async with asyncio.timeout(timeout):
        await rpc.connect()
        serving = asyncio.create_task(rpc.serve())
        try:
            return str(await rpc.call(method, list(params)))
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
