"""One connection of the socket bus: frames in both directions, answers matched to requests.

A frame is four bytes of length, big-endian, and that much msgpack.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from . import Unreachable

LARGEST = 64 << 20
"""Bytes in the largest frame that is sent or accepted."""

log = logging.getLogger("cumulet.bus")


class Request(Struct, tag="request", array_like=True, frozen=True):
    """Please answer within `timeout` seconds."""

    id: int
    subject: str
    payload: bytes
    timeout: float


class Answer(Struct, tag="answer", array_like=True, frozen=True):
    """The answer to the request `id`."""

    id: int
    payload: bytes


class NoAnswer(Struct, tag="no answer", array_like=True, frozen=True):
    """There is and will be no answer to the request `id`."""

    id: int
    reason: str


class Serving(Struct, tag="serving", array_like=True, frozen=True):
    """The sender answers requests on these subjects from now on."""

    subjects: list[str]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Request | Answer | NoAnswer | Serving).decode

Dispatch = Callable[[str, bytes, float], Awaitable[bytes]]


class Link:
    """A connection. `dispatch(subject, payload, timeout)` answers the other side's requests or raises Unreachable."""

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        dispatch: Dispatch,
        on_serving: Callable[[list[str]], None],
    ) -> None:
        self._reader, self._writer = streams
        self._dispatch, self._on_serving = dispatch, on_serving
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._closed = False

    async def run(self) -> None:
        """Read frames until the connection ends; then whoever still waits for an answer meets Unreachable."""
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                if size > LARGEST:
                    raise ValueError(f"a frame of {size} bytes")
                self._take(_decode(await self._reader.readexactly(size)))
        except (asyncio.IncompleteReadError, ConnectionError):
            log.debug("the other side closed the connection")
        except (ValueError, msgspec.MsgspecError) as problem:
            log.warning("the connection is closed, for the other side sent nonsense: %s", problem)
        finally:
            self.close()

    async def request(self, subject: str, payload: bytes, timeout: float) -> bytes:
        """Ask the other side. Raises Unreachable."""
        number = next(self._ids)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(timeout):
                await self.send(Request(number, subject, payload, timeout))
                return await answer
        except TimeoutError:
            raise Unreachable(f"no answer on {subject} within {timeout:g} s") from None
        finally:
            self._waiting.pop(number, None)

    async def send(self, frame: Request | Answer | NoAnswer | Serving) -> None:
        """Send a frame. Raises Unreachable if the connection has ended, ValueError if the frame is too large."""
        data = _encode(frame)
        if len(data) > LARGEST:
            raise ValueError(f"a message of {len(data)} bytes; at most {LARGEST} are carried")
        if self._closed:
            raise Unreachable("the connection is closed")
        self._writer.write(len(data).to_bytes(4, "big") + data)
        try:
            await self._writer.drain()
        except ConnectionError:
            raise Unreachable("the connection was lost") from None

    def close(self) -> None:
        """End the connection."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Unreachable("the connection was lost before the answer came"))
        for task in self._answering:
            task.cancel()

    def _take(self, frame: Request | Answer | NoAnswer | Serving) -> None:
        match frame:
            case Request():
                task = asyncio.create_task(self._answer(frame))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case Serving():
                self._on_serving(frame.subjects)
            case Answer() | NoAnswer():
                waiting = self._waiting.get(frame.id)
                if waiting is None or waiting.done():
                    return
                if isinstance(frame, Answer):
                    waiting.set_result(frame.payload)
                else:
                    waiting.set_exception(Unreachable(frame.reason))

    async def _answer(self, request: Request) -> None:
        try:
            reply: Answer | NoAnswer = Answer(request.id, await self._dispatch(request.subject, request.payload, request.timeout))
        except Unreachable as problem:
            reply = NoAnswer(request.id, str(problem))
        except Exception:
            log.exception("the handler of %s failed", request.subject)
            reply = NoAnswer(request.id, f"the handler of {request.subject} failed")
        try:
            await self.send(reply)
        except Unreachable:
            log.info("nobody is left to hear the answer on %s", request.subject)
        except ValueError as problem:
            await self.send(NoAnswer(request.id, f"the answer on {request.subject} is {problem}"))
