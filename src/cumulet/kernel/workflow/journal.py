"""One worker's hold on one workflow row: every write is guarded by owner and fence."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ..clock import Clock
from ..db import Database, Query, Tx
from ..errors import Unavailable
from . import table
from .definition import Call, Unit
from .problems import Cancelled, Failure, Lost, Released, Suspend
from .records import Record, line, read, result
from .requests import CANCEL, TOPIC

T = TypeVar("T")
Fault = Callable[[str, str, str], None]
log = logging.getLogger("cumulet.workflow")

LONGEST_PAUSE = 60.0
TRIES = 3


def no_fault(when: str, workflow: str, step: str) -> None:
    """What happens in production: nothing."""


class Site(Struct):
    """What every worker of one engine shares. `lease` is in seconds."""

    db: Database
    services: Any
    owner: str
    clock: Clock
    lease: float = 30.0
    fault: Fault = no_fault
    stopping: bool = False
    counts: Counter[str] = msgspec.field(default_factory=Counter)


class Undo(Struct, frozen=True):
    """What takes the step `step` back."""

    step: str
    unit: Unit
    args: tuple[Any, ...]


class Journal:
    """The row, as far as this worker knows it. `due` is set once it is suspended."""

    def __init__(self, site: Site, row: table.Taken, lease_until: float) -> None:
        self.site, self.row = site, row
        self.records: dict[str, Record] = read(row.records)
        self.intents: tuple[str, ...] = tuple(row.intents.split())
        self.irrevocable = row.irrevocable
        self.failure = msgspec.json.decode(row.failure, type=Failure) if row.failure else None
        self.lease_until = lease_until
        self.due: float | None = None
        self.interruption: BaseException | None = None
        self.commanding: asyncio.Task[Any] | None = None
        self._guard = {"b_id": row.id, "b_owner": site.owner, "b_fence": row.fence}

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.site.clock.now()

    def check_lease(self) -> None:
        """Raise Lost if the lease passed, Released if the engine is stopping."""
        if self.now() >= self.lease_until:
            raise Lost
        if self.site.stopping:
            raise Released

    def interrupt(self, reason: BaseException) -> None:
        """Stop waiting for the agent command under way, if one is, by raising `reason` in the workflow."""
        if self.commanding is not None and self.interruption is None:
            self.interruption = reason
            self.commanding.cancel()

    async def perform(self, unit: Unit, name: str, args: tuple[Any, ...], undoes: str = "") -> Record:
        """Do a step and record it. Raises what the step raises, and Lost."""
        if not unit.in_database:
            return await self._command(unit, name, args, undoes)
        for left in reversed(range(TRIES)):
            try:
                return await self._in_database(unit, name, args)
            except Unavailable:
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _in_database(self, unit: Unit, name: str, args: tuple[Any, ...]) -> Record:
        async with self._transaction() as tx:
            self._fault("before", name)
            record = result(name, await unit.fn(tx, *args))
            self._fault("during", name)
            answer = await self._append(tx, record)
        self._learn(answer, record)
        self._fault("after", name)
        return record

    async def _command(self, unit: Unit, name: str, args: tuple[Any, ...], undoes: str) -> Record:
        self._fault("before", name)
        key = f"{self.row.id}/{name}" + (f"#{self.row.attempts + 1}" if self.row.attempts else "")
        call = Call(key, undoes, self.row.id, self.row.request_id, self.site.services)
        record = result(name, await self._delivered(unit.fn(call, *args)))
        self._fault("during", name)
        await self.record(record)
        self._fault("after", name)
        return record

    async def _delivered(self, answer: Awaitable[T]) -> T:
        task = self.commanding = asyncio.current_task()
        try:
            return await answer
        except asyncio.CancelledError:
            if self.interruption is None or task is None:
                raise
            task.uncancel()
            reason, self.interruption = self.interruption, None
            raise reason from None
        finally:
            self.commanding = None

    async def record(self, record: Record, irrevocable: bool = False) -> None:
        """Write a record by itself. Raises Lost if that fails: after the lease another worker tries again."""
        try:
            async with self._transaction() as tx:
                answer = await self._append(tx, record, irrevocable)
                if irrevocable and CANCEL in answer.intents.split():
                    raise Cancelled("The operation was cancelled.", code="cancelled")
        except Cancelled:
            raise
        except Exception as problem:
            log.warning("workflow %s: cannot record %s: %s", self.row.id, record.name, problem)
            raise Lost from problem
        self._learn(answer, record)
        self.irrevocable = self.irrevocable or irrevocable

    async def look(self, name: str, ready: Callable[[Tx], Awaitable[bool]], wait: tuple[float | None, float, float]) -> bool | None:
        """Whether `ready` holds, recorded; if not, the workflow is suspended; None if the wait's deadline passed."""
        known, timeout, every = wait
        async with self._transaction() as tx:
            self._fault("before", name)
            if await ready(tx):
                record = result(name, True)
                answer = await self._append(tx, record)
                self._learn(answer, record)
                self._fault("during", name)
                met: bool | None = True
            else:
                deadline = tx.now + timeout if known is None else known
                met = None if tx.now >= deadline else False
                if met is False:
                    first = result(name, deadline) if known is None else None
                    await self._suspend(tx, name, min(tx.now + every, deadline), first)
                self._fault("during", name)
        self._fault("after", name)
        return met

    async def nap(self, name: str, until: float | None, duration: float) -> None:
        """Suspend the workflow, until `until` if it is known, else for `duration` seconds."""
        async with self._transaction() as tx:
            self._fault("before", name)
            first = result(name, tx.now + duration) if until is None else None
            await self._suspend(tx, name, tx.now + duration if until is None else until, first)
            self._fault("during", name)
        self._fault("after", name)

    async def retry_later(self, name: str, error: Exception) -> None:
        """Make a failure visible and suspend the workflow; the pause doubles each time, up to 60 s. Always raises Suspend."""
        tries = self.row.attempts + 1
        pause = min(LONGEST_PAUSE, 2.0 ** min(tries - 1, 6))
        log.warning("workflow %s (%s): %s failed %d times: %r", self.row.id, self.row.name, name, tries, error)
        self.site.counts["retried"] += 1
        async with self._transaction() as tx:
            await self._suspend(tx, self.row.step, tx.now + pause, None, (repr(error), tries))
        raise Suspend

    async def begin_undo(self, failure: Failure) -> None:
        """From here on the workflow goes backwards."""
        async with self._transaction() as tx:
            self._fault("before", "failing")
            text = msgspec.json.encode(failure).decode()
            error = failure.internal or failure.message
            answer = await self._guarded(tx, table.BEGIN_UNDO, failure=text, error=error)
        self.failure, self.row.state, self.row.attempts = failure, "undoing", 0
        self._learn(answer)
        self._fault("after", "failing")

    async def unwind(self, undos: Sequence[Undo]) -> None:
        """Do these undos, the last first, each once. One that fails suspends the workflow and is tried again."""
        for undo in reversed(undos):
            name = f"undo:{undo.step}"
            if name in self.records:
                continue
            self.check_lease()
            try:
                await self.perform(undo.unit, name, undo.args, f"{self.row.id}/{undo.step}")
            except Exception as error:
                await self.retry_later(name, error)

    async def finish(self, name: str, state: str, last: Callable[[Tx, tuple[str, ...]], Awaitable[None]] | None = None) -> None:
        """Finish the workflow, together with what `last(tx, intents)` writes. Raises Cancelled, and what `last` raises."""
        async with self._transaction() as tx:
            self._fault("before", name)
            answer = await self._guarded(tx, table.FINISH, state=state, step=name, now=tx.now)
            intents = tuple(answer.intents.split())
            if state == "done" and CANCEL in intents and not self.irrevocable:
                self.intents = intents
                raise Cancelled("The operation was cancelled.", code="cancelled")
            if last is not None:
                await last(tx, intents)
            if self.row.turn is not None:
                tx.signal(TOPIC, self.row.turn)
            self._fault("during", name)
        self.site.counts[state] += 1
        self._fault("after", name)

    async def release(self) -> None:
        """Give the workflow back, due at once."""
        async with self.site.db.tx() as tx:
            await tx.do(table.RELEASE, **self._guard, now=tx.now)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Tx]:
        """A transaction whose failing commit is not the step's error: nobody knows what came of it, so replay must tell."""
        committing = False
        try:
            async with self.site.db.tx() as tx:
                yield tx
                committing = True
        except Exception as problem:
            if not committing:
                raise
            log.warning("workflow %s: commit failed: %s", self.row.id, problem)
            raise Lost from problem

    async def _guarded(self, tx: Tx, query: Query[table.Answer], **values: Any) -> table.Answer:
        answer = await tx.one(query, **self._guard, **values)
        if answer is None:
            raise Lost
        return answer

    async def _append(self, tx: Tx, record: Record, irrevocable: bool = False) -> table.Answer:
        values = {"record": line(msgspec.structs.replace(record, at=tx.now)), "step": record.name}
        if irrevocable:
            return await self._guarded(tx, table.RECORD_IRREVOCABLE, **values)
        if self.lease_until - tx.now > self.site.lease / 2:
            return await self._guarded(tx, table.RECORD, **values)
        answer = await self._guarded(tx, table.RECORD_RENEW, **values, lease=tx.now + self.site.lease)
        self.lease_until = tx.now + self.site.lease
        return answer

    async def _suspend(
        self, tx: Tx, name: str, until: float, first: Record | None, trouble: tuple[str | None, int] = (None, 0)
    ) -> None:
        turning_back = self.irrevocable or self.row.state == "undoing"
        suspended = await tx.one(
            table.SUSPEND,
            **self._guard,
            record="" if first is None else line(first),
            step=name,
            due=until if turning_back else min(until, self.row.deadline),
            now=tx.now,
            b_wakes=self.row.wakes,
            error=trouble[0],
            attempts=trouble[1],
        )
        if suspended is None:
            raise Lost
        (self.due,) = suspended

    def _learn(self, answer: table.Answer, record: Record | None = None) -> None:
        self.intents = tuple(answer.intents.split())
        self.row.wakes = answer.wakes
        if record is not None:
            self.records[record.name] = record
            self.row.step, self.row.attempts = record.name, 0

    def _fault(self, when: str, step: str) -> None:
        self.site.fault(when, self.row.name, step)
