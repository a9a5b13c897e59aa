"""`Workflow`: what a workflow function is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, TypeVarTuple

import msgspec

from .attempts import Attempts
from .definition import Unit, unit_of
from .journal import Journal, Undo
from .problems import Cancelled, DeadlinePassed, Failure, Late, Rebuilt, Suspend, describe, rebuild
from .records import Record, result

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
IRREVOCABLE = "point of no return"


class Workflow:
    """The durable side of a running workflow function.

    The function runs again from the top after every pause and crash; whatever it does through `wf` then returns at once what was
    recorded. So outside steps it must be deterministic: no clock, no random numbers, no I/O. One step at a time.
    """

    def __init__(self, journal: Journal, rebuilding: bool) -> None:
        self.id = journal.row.id
        self.request_id = journal.row.request_id
        self.undos: list[Undo] = []
        self.prefix = ""
        self.outcome: Failure | None = None
        self.failed_step = ""
        self.finished = False
        self._journal = journal
        self.rebuilding = rebuilding
        self._names: set[str] = set()
        self._unhandled: Record | None = None
        self._busy = False

    async def step(
        self,
        fn: Callable[[Any, *Ts], Awaitable[T]],
        *args: *Ts,
        undo: Callable[[Any, *Ts], Awaitable[None]] | None = None,
        name: str | None = None,
    ) -> T:
        """Do a @step or a @command once and return its result, or return what it returned before.

        `undo`, a step or command that takes the same arguments, is registered first: it may meet "never happened", "half done",
        "done" and "already undone", and must be right for each. `name` is the function's unless one function is used twice.
        """
        unit = unit_of(fn)
        name = self._name(name or fn.__name__)
        if undo is not None:
            self.undos.append(Undo(name, unit_of(undo), args))
        record = self._journal.records.get(name)
        if record is None:
            record = await self._first_time(unit, name, args)
        elif record.error is not None:
            self.failed_step = name
            raise rebuild(record.error)
        value: T = unit.decoder.decode(record.result)
        return value

    async def finish(self, fn: Callable[[Any, *Ts], Awaitable[None]], *args: *Ts, name: str | None = None) -> None:
        """Do the last @step and finish the workflow in the same transaction, so that a resource that looks ready is free."""
        unit, name = self._database_unit(fn), self._name(name or fn.__name__)
        await self._begin(name)
        try:
            await self._journal.finish(name, "done", lambda tx, intents: unit.fn(tx, *args))
        except Exception as error:
            await self._note(name, error)
            raise
        self.finished = True

    def attempts(self, count: int, *, on: type[Exception] | tuple[type[Exception], ...], name: str = "") -> Attempts:
        """Up to `count` tries: `async for attempt in wf.attempts(3, on=HostRefused): async with attempt: …`.

        An error of type `on` undoes the steps of that attempt and begins the next; of the last attempt it is raised, as any
        other error is. Steps inside are named `<name><number>/<step>`.
        """
        return Attempts(self, count, on, name)

    async def wait_until(
        self,
        ready: Callable[[Any, *Ts], Awaitable[bool]],
        *args: *Ts,
        timeout: float,
        every: float = 5.0,
        name: str | None = None,
    ) -> None:
        """Wait until the @step `ready(tx, …)` is true, looking every `every` seconds and whenever the resource's workflow is woken.

        Leaves the worker meanwhile. Raises DeadlinePassed `timeout` seconds after the first look; an error of `ready` ends it.
        """
        unit, name = self._database_unit(ready), self._name(f"wait:{name or ready.__name__}")
        record = self._journal.records.get(name)
        if record is not None and record.error is not None:
            self.failed_step = name
            raise rebuild(record.error)
        known = msgspec.json.decode(record.result) if record else None
        if known is True:
            return
        await self._begin(name)
        try:
            met = await self._journal.look(name, lambda tx: unit.fn(tx, *args), (known, timeout, every))
            if met is None:
                raise DeadlinePassed(f"{ready.__name__} was not true after {timeout:g} s.", code="timeout")
        except Exception as error:
            await self._note(name, error)
            raise
        if not met:
            raise Suspend

    async def sleep(self, duration: float, name: str = "sleep") -> None:
        """Be suspended for `duration` seconds, crashes included. Each sleep of a workflow has its own `name`."""
        name = self._name(f"wait:{name}")
        record = self._journal.records.get(name)
        if record is not None and self._journal.now() >= msgspec.json.decode(record.result, type=float):
            return
        await self._begin(name)
        await self._journal.nap(name, None if record is None else msgspec.json.decode(record.result, type=float), duration)
        raise Suspend

    async def point_of_no_return(self) -> None:
        """From here on forward only: a failing step is retried for ever, at growing intervals up to 60 s; nothing cancels it."""
        name = self._name(IRREVOCABLE)
        if name in self._journal.records:
            return
        await self._begin(name)
        await self._journal.record(result(name, None), irrevocable=True)

    def _name(self, name: str) -> str:
        name = self.prefix + name
        if name in self._names:
            raise RuntimeError(f"two steps of one workflow are named {name!r}")
        if self.finished:
            raise RuntimeError(f"{name!r} comes after finish")
        self._names.add(name)
        return name

    def _database_unit(self, fn: Callable[..., Any]) -> Unit:
        unit = unit_of(fn)
        if not unit.in_database:
            raise TypeError(f"{fn.__name__} must be a @step")
        return unit

    async def _first_time(self, unit: Unit, name: str, args: tuple[Any, ...]) -> Record:
        await self._begin(name)
        self._busy = True
        try:
            return await self._journal.perform(unit, name, args)
        except Exception as error:
            await self._note(name, error)
            raise
        finally:
            self._busy = False

    async def _begin(self, name: str) -> None:
        """Everything that may keep a step without a record from happening now."""
        if self.outcome is not None:
            raise rebuild(self.outcome)
        if self.rebuilding:
            raise Rebuilt
        if self._busy:
            raise RuntimeError("a workflow does one step at a time")
        if self._unhandled is not None:
            await self._journal.record(self._unhandled)
            self._unhandled = None
        self.failed_step = name
        self.check()

    def check(self) -> None:
        """Raise Cancelled or Late if the workflow must turn back now."""
        journal = self._journal
        journal.check_lease()
        if journal.irrevocable:
            return
        if "cancel" in journal.intents:
            raise Cancelled("The operation was cancelled.", code="cancelled")
        if journal.now() >= journal.row.deadline:
            raise Late("The operation took too long.", code="late")

    async def _note(self, name: str, error: Exception) -> None:
        """A step failed. Beyond the point of no return it is tried again later; before, the body decides."""
        if self._journal.irrevocable:
            await self._journal.retry_later(name, error)
        self._unhandled = Record(name, error=describe(error, name))

    def handled(self) -> None:
        """The error of the last step is part of another record."""
        self._unhandled = None

    @property
    def journal(self) -> Journal:
        """Where it all is recorded; for the engine."""
        return self._journal
