"""The HTTP side of the metadata service: small requests from guests, which are not trusted."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Self

import httptools

from cumulet.contract.reports import MetadataAnswer, MetadataQuery

Answer = Callable[[MetadataQuery], Awaitable[MetadataAnswer]]
"""Who knows what a guest may read."""

_PATIENCE = 10.0
_LARGEST_HEAD, _LARGEST_BODY, _MOST_CONNECTIONS = 16 << 10, 64 << 10, 64
# Proxies of other clouds tell their metadata service by these who asks. A guest that sends them wants to be somebody else.
_FORGED = frozenset({"x-forwarded-for", "x-instance-id", "x-instance-id-signature", "x-tenant-id"})
_log = logging.getLogger(__name__)


class Rejected(Exception):
    """The request is answered with this status, and nobody is asked."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Request:
    """What httptools has read so far; its callbacks have the names that httptools calls."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False
        self._head = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self.url += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count_head(len(name) + len(value))
        key = name.decode("latin-1").lower()
        if key not in _FORGED:
            self.headers[key] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A piece of the body: what a guest posts."""
        self.body += body
        if len(self.body) > _LARGEST_BODY:
            raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """The end."""
        self.complete = True

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > _LARGEST_HEAD:
            raise Rejected(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


class MetadataServer:
    """Answers the guests of one network: one request per connection."""

    def __init__(self, network_id: str, answer: Answer) -> None:
        self._network_id = network_id
        self._answer = answer
        self._server: asyncio.Server
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, network_id: str, listening: socket.socket, answer: Answer) -> Self:
        """Serve on a listening socket, which is closed with the server."""
        made = cls(network_id, answer)
        made._server = await asyncio.start_server(made._connected, sock=listening)
        return made

    async def close(self) -> None:
        """Stop serving; requests that are being answered are cut off."""
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                writer.write(await self._respond(reader, writer))
                writer.write_eof()
                await _finish(reader)
        except (OSError, TimeoutError) as error:
            _log.debug("a guest on network %s went away: %r", self._network_id, error)
        finally:
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        try:
            query = await self._read(reader, writer.get_extra_info("peername")[0])
            answer = await self._answer(query)
        except Rejected as rejected:
            return _message(MetadataAnswer(rejected.status, f"{rejected}\n".encode()), "GET")
        except Exception:
            _log.exception("no metadata for a guest on network %s", self._network_id)
            return _message(MetadataAnswer(HTTPStatus.SERVICE_UNAVAILABLE, b"try again\n"), "GET")
        return _message(answer, query.method)

    async def _read(self, reader: asyncio.StreamReader, address: str) -> MetadataQuery:
        request = _Request()
        parser = httptools.HttpRequestParser(request)
        try:
            while not request.complete:
                chunk = await reader.read(16 << 10)
                if not chunk:
                    raise ConnectionResetError("the request has no end")
                parser.feed_data(chunk)
            path = httptools.parse_url(request.url).path.decode("ascii")
        except httptools.HttpParserCallbackError as error:
            raise (error.__context__ if isinstance(error.__context__, Rejected) else error) from None
        except (httptools.HttpParserError, UnicodeDecodeError, AttributeError):
            raise Rejected(HTTPStatus.BAD_REQUEST) from None
        method = parser.get_method().decode("ascii")
        return MetadataQuery(self._network_id, address, path, method, request.headers, request.body)


async def _finish(reader: asyncio.StreamReader) -> None:
    """Read what the guest still sends: closing on unread bytes would take the answer from it."""
    left = 16 * _LARGEST_BODY
    while left > 0 and (chunk := await reader.read(16 << 10)):
        left -= len(chunk)


def _message(answer: MetadataAnswer, method: str) -> bytes:
    status = HTTPStatus(answer.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if method == "HEAD" else answer.body)
