"""Several tries at one thing, each undone by itself before the next."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from .problems import Cancelled, Failure, Late, describe
from .records import Record

if TYPE_CHECKING:
    from .body import Workflow


class Attempts:
    """The iterator behind `wf.attempts`."""

    def __init__(self, wf: Workflow, count: int, on: type[Exception] | tuple[type[Exception], ...], name: str) -> None:
        self._wf, self._count, self._on, self._name = wf, count, on, name
        self._last: Attempt | None = None
        self._errors: list[str] = []

    def __aiter__(self) -> Attempts:
        return self

    async def __anext__(self) -> Attempt:
        number = 1
        if self._last is not None:
            if self._last.failure is None:
                raise StopAsyncIteration
            self._errors.append(self._last.failure.message)
            number = self._last.number + 1
        retry = self._on if number < self._count else ()
        self._last = Attempt(self._wf, f"{self._name}{number}", number, list(self._errors), retry)
        return self._last


class Attempt:
    """One try. `number` counts from 1; `errors` are the messages of the attempts before it."""

    def __init__(
        self, wf: Workflow, name: str, number: int, errors: list[str], on: type[Exception] | tuple[type[Exception], ...]
    ) -> None:
        self.number, self.errors = number, errors
        self.failure: Failure | None = None
        self._wf, self._name, self._on = wf, name, on
        self._undos_before = 0

    async def __aenter__(self) -> Attempt:
        if self._wf.prefix:
            raise RuntimeError("attempts cannot be nested")
        self._wf.prefix = self._name + "/"
        self._undos_before = len(self._wf.undos)
        record = self._wf.journal.records.get(self._record_name)
        self._wf.outcome = record.error if record else None
        return self

    @property
    def _record_name(self) -> str:
        return f"attempt:{self._name}"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        wf = self._wf
        known, wf.prefix, wf.outcome = wf.outcome, "", None
        if not isinstance(error, Exception) or not (known or self._retries(error)):
            return False
        if known is None:
            known = describe(error, wf.failed_step)
            await wf.journal.record(Record(self._record_name, error=known))
            wf.handled()
        self.failure = known
        mine, wf.undos[self._undos_before :] = wf.undos[self._undos_before :], []
        await wf.journal.unwind(mine)
        return True

    def _retries(self, error: Exception) -> bool:
        return isinstance(error, self._on) and not isinstance(error, Cancelled | Late) and not self._wf.rebuilding
