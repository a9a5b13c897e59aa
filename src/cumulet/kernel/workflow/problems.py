"""How a workflow stops: by an error it can handle, by going to sleep, or by losing its lease."""

from __future__ import annotations

import sys

from msgspec import Struct

from ..errors import Problem


class Cancelled(Problem):
    """An intent asked the workflow to stop; what it did is undone."""


class DeadlinePassed(Problem):
    """What was waited for did not come in time."""


class Late(DeadlinePassed):
    """The workflow's own deadline passed; what it did is undone."""


class StepFailed(Problem):
    """A recorded error whose class this program no longer has."""


class Failure(Struct, frozen=True):
    """Why a workflow failed.

    `type` is the error's class name and `module` where the class is; `message` is fit for a user; `internal` is for the operator;
    `step` is where it happened, "" outside any. `intents` are those that were pending at the end: a delete that arrived during
    the undo, for instance.
    """

    type: str
    message: str
    step: str = ""
    code: str = ""
    internal: str = ""
    intents: tuple[str, ...] = ()
    module: str = ""


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


def describe(error: Exception, step: str) -> Failure:
    """The error as it is stored. An error that is not a Problem is a bug: its text stays with the operator."""
    kind, module = type(error).__name__, type(error).__module__
    if isinstance(error, Problem):
        return Failure(kind, error.message, step, error.code, error.internal, module=module)
    return Failure(kind, f"An unexpected error ({kind}).", step, "", f"{kind}: {error}", module=module)


def rebuild(failure: Failure) -> Exception:
    """The stored error as an exception of its own type, so that a replayed `except` catches what the first run's did.

    StepFailed if this program has no such class any more.
    """
    kind = getattr(sys.modules.get(failure.module), failure.type, None)
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return StepFailed(failure.message, failure.code, failure.internal)
    error = kind.__new__(kind)
    if isinstance(error, Problem):
        Problem.__init__(error, failure.message, failure.code, failure.internal)
    else:
        error.args = (failure.internal.removeprefix(f"{failure.type}: "),)
    return error
