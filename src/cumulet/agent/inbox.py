"""One message in, one answer out.

A message passes, in this order: version, identity (F7), expiry, the answer given before, the turn of its object, its epoch, the
table.
A command goes on when its caller has stopped waiting: half a command is worse than one nobody waited for, and the caller asks
again with the same key.
"""

from __future__ import annotations

import asyncio
import logging
from weakref import WeakValueDictionary

import msgspec

from cumulet.contract import VERSION
from cumulet.contract.commands import Envelope, Refused, Reply, decode_envelope, encode
from cumulet.kernel.bus import Unreachable
from cumulet.kernel.clock import Clock

from .commands import TABLE, Credentials, Entry, Order
from .host import Host
from .journal import Journal
from .refusals import TRANSIENT, Refusal

log = logging.getLogger(__name__)

_Running = dict[str, "asyncio.Task[bytes]"]


class Inbox:
    """Answers `host.<host id>`. Closed until `open`: it refuses everything, and says why."""

    def __init__(self, host: Host, journal: Journal, clock: Clock) -> None:
        self._host = host
        self._journal = journal
        self._clock = clock
        self._credentials: Credentials | None = None
        self._why_closed = "it has not been welcomed by its control plane yet"
        self._running: _Running = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._stopped = False

    @property
    def is_open(self) -> bool:
        """Whether the control plane has been recognised."""
        return self._credentials is not None

    def open(self, credentials: Credentials) -> None:
        """Start to work."""
        self._credentials = credentials

    def close(self, why: str) -> bool:
        """Refuse work from now on, because of `why`; whether that is news."""
        news = self.is_open or why != self._why_closed
        self._credentials, self._why_closed = None, why
        return news

    async def stop(self, patience: float) -> None:
        """Hear nothing more; finish what has begun, and after `patience` seconds give it up: the same key will do it again."""
        self._stopped = True
        tasks = list(self._running.values())
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=patience)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def receive(self, payload: bytes) -> bytes:
        """The answer to one message. Raises Unreachable when stopped, as if nobody were here."""
        if self._stopped:
            raise Unreachable("this agent has stopped")
        try:
            envelope = decode_envelope(payload)
        except msgspec.MsgspecError as problem:
            return encode(Refused("failed", f"This agent cannot read the message: {problem}."))
        if envelope.version not in (VERSION, VERSION - 1):
            spoken = f"{VERSION - 1} and {VERSION}"
            return encode(Refused("failed", f"Message version {envelope.version}; this agent speaks {spoken}."))
        entry = TABLE[type(envelope.command)]
        if self._credentials is None and not entry.always:
            return encode(Refused("busy", f"This host refuses work: {self._why_closed}."))
        if 0 < envelope.expires < self._clock.now():
            return encode(Refused("failed", "The message came too late: its sender has stopped waiting."))
        if entry.guards is None:
            return encode(await self._run(entry, envelope))
        if not envelope.key:
            return encode(Refused("failed", f"{type(envelope.command).__name__} needs a key."))
        return await self._once(entry, envelope, entry.guards(envelope.command))

    async def _once(self, entry: Entry, envelope: Envelope, resource: str) -> bytes:
        """Two messages with one key are one command; a step that sends several has one for each object."""
        kind = type(envelope.command).__name__
        name = " ".join((envelope.key, kind, resource, entry.part(envelope.command)))
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(self._carry_out(name, entry, envelope, resource))
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name, None))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # by `stop`, not by the caller
                raise Unreachable("this agent has stopped") from None
            raise

    async def _carry_out(self, name: str, entry: Entry, envelope: Envelope, resource: str) -> bytes:
        known = await self._journal.answer(name)
        if known is not None:
            return known
        turn = self._turns.setdefault(resource, asyncio.Lock())
        async with turn:
            reply = await self._run(entry, envelope, resource)
            answer = encode(reply)
            if not (isinstance(reply, Refused) and reply.code in TRANSIENT):
                await self._journal.finish(name, answer)
        return answer

    async def _run(self, entry: Entry, envelope: Envelope, resource: str = "") -> Reply:
        try:
            if resource:
                await self._fence(resource, envelope.epoch)
            if self._credentials is None and not entry.always:
                raise Refusal(f"This host refuses work: {self._why_closed}.", code="busy")
            order = Order(envelope.command, envelope.key, self._credentials, self._fence, self._journal)
            return await entry.run(self._host, order)
        except Refusal as problem:
            log.info("%s refused: %s (%s)", type(envelope.command).__name__, problem.message, problem.internal)
            return problem.reply()
        except Exception:
            log.exception("%s failed (request %s)", type(envelope.command).__name__, envelope.request_id)
            return Refused("failed", "Something failed on the host; its log says what.")

    async def _fence(self, resource: str, epoch: int) -> None:
        seen = await self._journal.admit(resource, epoch)
        if seen > epoch:
            kind, name = resource.split("/", 1)
            raise Refusal(f"Epoch {epoch} of {kind} {name} is over: {seen} has been seen.", code="stale_epoch")
