"""What a workflow is made of: the decorators, and what they know about a function."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import msgspec
from msgspec import Struct

from .problems import Failure

if TYPE_CHECKING:
    from ..db import Tx
    from .body import Workflow

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=Callable[..., Awaitable[None]])
OnFailure = Callable[..., Awaitable[None]]

MINUTE = 60.0


def seconds(count: float) -> float:
    """`count` seconds, for symmetry with `minutes` and `hours`."""
    return count


def minutes(count: float) -> float:
    """`count` minutes in seconds."""
    return count * MINUTE


def hours(count: float) -> float:
    """`count` hours in seconds."""
    return count * 60 * MINUTE


class Call(Struct, frozen=True):
    """What an agent command is given instead of a transaction.

    `key` is `workflow id/step name`, with the attempt's number before the step's name; it stays the same when the command is
    delivered again after a crash, so the agent can answer from its journal. A retry after a failure that was *recorded* (an undo,
    or beyond the point of no return) gets `#2`, `#3` … appended. For an undo, `undoes` is the key of what is to be undone.
    `services` is the object that the composition root gave to the engine.
    """

    key: str
    undoes: str
    workflow_id: str
    request_id: str
    services: Any


class Unit(Struct, frozen=True):
    """A step function: what it needs, and how its result is read back."""

    fn: Callable[..., Awaitable[Any]]
    in_database: bool
    decoder: msgspec.json.Decoder[Any]


class Definition(Struct, frozen=True):
    """A workflow function and its rules."""

    name: str
    resource: str
    deadline: float
    exclusive: bool
    body: Callable[..., Awaitable[None]]
    on_failure: OnFailure | None
    arity: tuple[int, int]

    def decode(self, text: str) -> list[Any]:
        """The stored arguments, as the types that the function names."""
        raw = msgspec.json.decode(text, type=list[msgspec.Raw])
        return [decoder.decode(value) for decoder, value in zip(_decoders(self.body), raw, strict=False)]


_units: dict[Callable[..., Any], Unit | bool] = {}
_definitions: dict[str, Definition] = {}


def step(fn: Callable[Concatenate[Tx, P], Awaitable[T]]) -> Callable[Concatenate[Tx, P], Awaitable[T]]:
    """A step that only uses the database: `async def f(tx, …)`. Writes and record commit in one transaction: exactly once."""
    _units[fn] = True
    return fn


def command(fn: Callable[Concatenate[Call, P], Awaitable[T]]) -> Callable[Concatenate[Call, P], Awaitable[T]]:
    """A step that is one agent command: `async def f(call, …)`. At least once, with the same `call.key`; no database."""
    _units[fn] = False
    return fn


def unit_of(fn: Callable[..., Any]) -> Unit:
    """What `@step` or `@command` said of `fn`. Raises TypeError for a bare function."""
    known = _units.get(fn)
    if known is None:
        raise TypeError(f"{fn.__module__}.{fn.__qualname__} is neither a @step nor a @command")
    if isinstance(known, bool):
        known = _units[fn] = Unit(fn, known, msgspec.json.Decoder(_hint(fn, "return")))
    return known


def workflow(*, resource: str, deadline: float, exclusive: bool = True, on_failure: OnFailure | None = None) -> Callable[[W], W]:
    """Declare `async def f(wf, resource_id, …) -> None` a durable workflow on a `resource` ("server", "volume", …).

    `deadline` in seconds counts from the start; past it the workflow is undone and failed. `exclusive`: at most one unfinished per
    resource. `on_failure` is a @step called as `f(tx, *args, failure)` after everything is undone, in the transaction that finishes
    the workflow; it may start the resource's next workflow. The function's name is stored: renaming it orphans running workflows.
    """

    def declare(body: W) -> W:
        known = _definitions.get(body.__name__)
        if known is not None and known.body.__module__ != body.__module__:
            raise TypeError(f"two workflows are named {body.__name__}")
        parameters = list(inspect.signature(body).parameters.values())[1:]
        required = sum(p.default is p.empty for p in parameters)
        _definitions[body.__name__] = Definition(
            body.__name__, resource, deadline, exclusive, body, on_failure, (required, len(parameters))
        )
        return body

    return declare


def definition_of(body: Callable[..., Any]) -> Definition:
    """What `@workflow` said of a function. Raises TypeError for a bare one."""
    known = _definitions.get(body.__name__)
    if known is None or known.body is not body:
        raise TypeError(f"{body.__module__}.{body.__qualname__} is not a @workflow")
    return known


def definition_named(name: str) -> Definition | None:
    """The workflow of that name, if this program has it."""
    return _definitions.get(name)


@cache
def _decoders(body: Callable[..., Any]) -> list[msgspec.json.Decoder[Any]]:
    """How each argument of a workflow function is read back, worked out once."""
    names = list(inspect.signature(body).parameters)[1:]
    return [msgspec.json.Decoder(_hint(body, name)) for name in names]


def _hint(fn: Callable[..., Any], name: str) -> Any:
    """One resolved annotation; the others may name what is imported for type checking only."""
    if name not in fn.__annotations__:
        return Any
    shim = type("shim", (), {"__annotations__": {name: fn.__annotations__[name]}})
    found = get_type_hints(shim, globalns=fn.__globals__, localns={}).get(name)
    return found


__all__ = ["Call", "Definition", "Failure", "Unit", "Workflow", "command", "hours", "minutes", "seconds", "step", "workflow"]
