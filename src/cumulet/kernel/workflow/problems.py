"""How a workflow stops: by an error it can handle, by going to sleep, or by losing its lease."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ..errors import Problem


class Cancelled(Problem):
    """An intent asked the workflow to stop; what it did is undone."""


class DeadlinePassed(Problem):
    """What was waited for did not come in time."""


class Late(DeadlinePassed):
    """The workflow's own deadline passed; what it did is undone."""


class StepFailed(Problem):
    """A recorded error whose type is not a Problem; the message begins with the type's name."""


class Failure(Struct, frozen=True):
    """Why a workflow failed.

    `type` is the error's class name; `message` is fit for a user; `internal` is for the operator; `step` is where it happened, ""
    outside any. `intents` are those that were pending at the end: a delete that arrived during the undo, for instance.
    """

    type: str
    message: str
    step: str = ""
    code: str = ""
    internal: str = ""
    intents: tuple[str, ...] = ()


class Suspend(BaseException):
    """The workflow waits and its row says until when; the worker is free. Not an error."""


class Lost(BaseException):
    """The lease is someone else's now; this worker must not do anything more."""


class Rebuilt(BaseException):
    """A replay reached the first step that has no record: which undos are due is known again."""


class Released(BaseException):
    """The engine stops: the workflow is given back between two steps."""


class Crash(BaseException):
    """Raised by a test's fault: the process dies here, as by kill -9."""


def describe(error: BaseException, step: str, intents: tuple[str, ...] = ()) -> Failure:
    """The error as it is stored. An error that is not a Problem is a bug: its text stays with the operator."""
    kind = type(error).__name__
    if isinstance(error, Problem):
        return Failure(kind, error.message, step, error.code, error.internal, intents)
    return Failure(kind, f"An unexpected error ({kind}).", step, "", f"{kind}: {error}", intents)


def rebuild(failure: Failure) -> Problem:
    """The stored error as an exception: of its own type if that is a Problem of this program, else StepFailed."""
    for kind in _problems(Problem):
        if kind.__name__ == failure.type:
            error = kind.__new__(kind)
            Problem.__init__(error, failure.message, failure.code, failure.internal)
            return error
    return StepFailed(failure.message, failure.code, failure.internal)


def _problems(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _problems(child)
