"""A small client of the cloud's own API, for the command line: unmodified clients use the same paths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct


class RequestFailed(Exception):
    """The cloud answered with an error; the message is the cloud's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Credentials(Struct, frozen=True):
    """Who asks, in which project of the default domain."""

    username: str
    password: str
    project: str


OnBlock = Callable[[bytes], object]
BLOCK = 1 << 20


def _unseen(block: bytes) -> None:
    """Nobody looks."""


class Client:
    """One user's session. Every call runs in a thread, so that many can wait at once."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        self._token = token
        self.changes = 0
        """How many requests other than GET were sent."""

    @classmethod
    async def log_in(cls, url: str, who: Credentials) -> Client:
        """A session with a project token. Raises RequestFailed."""
        domain = {"id": "default"}
        user = {"name": who.username, "domain": domain, "password": who.password}
        scope = {"project": {"name": who.project, "domain": domain}}
        auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        answer = await asyncio.to_thread(_send, f"{url}/identity/v3/auth/tokens", "POST", msgspec.json.encode(auth), {})
        return cls(url, answer.token)

    async def get(self, path: str) -> Any:
        """GET, as Python objects. Raises RequestFailed."""
        return await self.call("GET", path)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Any method, with a JSON body if one is given. Raises RequestFailed."""
        raw = None if body is None else msgspec.json.encode(body)
        self.changes += method != "GET"
        answer = await asyncio.to_thread(_send, self._url + path, method, raw, self._headers())
        return msgspec.json.decode(answer.body) if answer.body else None

    async def upload(self, path: str, file: Path, on_block: OnBlock = _unseen) -> None:
        """PUT a file's bytes, streamed; each block goes by `on_block`, in a thread. Raises RequestFailed."""
        self.changes += 1
        await asyncio.to_thread(_send_file, self._url + path, file, self._headers(), on_block)

    async def download(self, path: str, on_block: OnBlock) -> None:
        """GET bytes, streamed into `on_block`, in a thread. Raises RequestFailed, also if they end too early."""
        await asyncio.to_thread(_send, self._url + path, "GET", None, self._headers(), on_block)

    def _headers(self) -> dict[str, str]:
        return {"X-Auth-Token": self._token, "Content-Type": "application/json", "OpenStack-API-Version": "compute 2.79"}


class _Answer(Struct, frozen=True):
    body: bytes
    token: str


def _send(url: str, method: str, body: Any, headers: dict[str, str], on_block: OnBlock | None = None) -> _Answer:
    # The connection is kept open until the answer is read: an upload that is refused early is not cut off without a word.
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=600, blocksize=BLOCK)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, {"Accept": "application/json", "Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read() if on_block is None or answer.status >= 400 else _pass_on(answer, on_block)
    except (OSError, HTTPException) as problem:
        raise RequestFailed(0, f"{url} does not answer: {problem}") from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise RequestFailed(answer.status, _message(answer.status, content))
    return _Answer(content, answer.headers.get("X-Subject-Token", ""))


def _message(status: int, content: bytes) -> str:
    """What the cloud says in the envelope of any of its services; or the status with the beginning of what else it sent."""
    try:
        said = msgspec.json.decode(content)
        if "errors" in said:
            return str(said["errors"][0]["detail"])
        return str((said if "message" in said else next(iter(said.values())))["message"])
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError, StopIteration):
        return f"{status}: {content.decode(errors='replace')[:500]}"


def _pass_on(answer: HTTPResponse, on_block: OnBlock) -> bytes:
    while block := answer.read(BLOCK):
        on_block(block)
    if answer.length:
        raise IncompleteRead(b"", answer.length)
    return b""


def _send_file(url: str, file: Path, headers: dict[str, str], on_block: OnBlock) -> _Answer:
    own = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as content:
        return _send(url, "PUT", _blocks(content, on_block), {**headers, **own})


def _blocks(content: BinaryIO, on_block: OnBlock) -> Iterator[bytes]:
    while block := content.read(BLOCK):
        on_block(block)
        yield block


@asynccontextmanager
async def waiting(seconds: float, for_what: str) -> AsyncIterator[None]:
    """Raise RequestFailed, saying what was waited for, when the block takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise RequestFailed(0, f"{for_what} did not happen within {seconds:g} s") from None
