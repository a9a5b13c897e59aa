"""What the rest of the program asks of workflows, inside its own transactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from ..db import Database, Query, Reader, Tx, among
from ..errors import Conflict
from ..ids import new_uuid
from ..log import current_request_id
from ..reconcile import Reconciler
from . import records
from .definition import definition_of
from .problems import Failure
from .table import INSERT, INTEND, PURGE, WAKE, B, C

TOPIC = "workflow"
"""The signal that some workflow may have become due; its key is the workflow's id."""

CANCEL = "cancel"


class Active(Struct, frozen=True):
    """An unfinished workflow.

    `step` is the last step that was recorded ("" at first), without the attempt's prefix; `wait:<name>` during a wait,
    `undo:<name>` after an undo. `attempt` is 0 outside attempts. `error` and `attempts` tell of a step that is being
    retried. Times are seconds since the epoch.
    """

    id: str
    name: str
    kind: str
    resource_id: str
    state: str
    full_step: str
    irrevocable: bool
    intents: str
    error: str | None
    attempts: int
    request_id: str
    owner: str | None
    created_at: float
    due_at: float
    deadline: float

    @property
    def step(self) -> str:
        """The step's name, for people and for `task_state`."""
        head, slash, tail = self.full_step.rpartition("/")
        undo = "undo:" if head.startswith("undo:") else ""
        return undo + tail if slash else self.full_step

    @property
    def attempt(self) -> int:
        """Which attempt the step was part of, 0 if of none."""
        digits = "".join(c for c in self.full_step.rpartition("/")[0] if c.isdigit())
        return int(digits) if digits else 0


_columns = (
    C.id,
    C.name,
    C.kind,
    C.resource_id,
    C.state,
    C.step,
    C.irrevocable,
    C.intents,
    C.error,
    C.attempts,
    C.request_id,
    C.owner,
    C.created_at,
    C.due_at,
    C.deadline,
)
_unfinished = sa.select(*_columns).where(C.finished_at.is_(None))
_first = (C.exclusive.desc(), C.sequence)
ACTIVE = Query(_unfinished.where(C.kind == B("kind"), C.resource_id == B("resource")).order_by(*_first).limit(1), Active)
ACTIVE_MANY = Query(_unfinished.where(C.kind == B("kind"), among(C.resource_id, "resources")).order_by(*_first), Active)
UNFINISHED = Query(_unfinished.order_by(C.sequence), Active)
LATE = Query(_unfinished.where(C.deadline <= B("now")).order_by(C.deadline), Active)
STORIES: Query[tuple[Any, ...]] = Query(
    sa.select(C.id, C.name, C.state, C.request_id, C.created_at, C.finished_at, C.error, C.failure, C.records)
    .where(C.kind == B("kind"), C.resource_id == B("resource"))
    .order_by(C.sequence)
)
OUTCOME: Query[Any] = Query(sa.select(C.state, C.failure).where(C.id == B("id")))


class Stepped(Struct, frozen=True):
    """A step that was recorded, its attempt before the slash; `at` in seconds since the epoch, `error` if it ended with one."""

    name: str
    at: float
    error: str | None


class Story(Struct, frozen=True):
    """A workflow from its beginning, finished or not, with its steps. Times are seconds since the epoch."""

    id: str
    name: str
    state: str
    request_id: str
    created_at: float
    finished_at: float | None
    error: str | None
    steps: list[Stepped]


async def start(tx: Tx, flow: Callable[..., Awaitable[None]], *args: Any, request_id: str = "", turn: str | None = None) -> str:
    """Start a workflow as part of this transaction and return its id. The resource's id is its first argument.

    What it logs carries `request_id`, by default that of the request or workflow which starts it. With `turn`, workflows of the
    same turn run one after another in the order of their start. Raises Conflict if the resource has an unfinished exclusive
    workflow and this one is exclusive too; TypeError for a wrong number of arguments.
    """
    definition = definition_of(flow)
    if not definition.arity[0] <= len(args) <= definition.arity[1]:
        raise TypeError(f"{definition.name} takes {definition.arity} arguments, {len(args)} given")
    if not isinstance(args[0], str):
        raise TypeError(f"{definition.name}: the first argument is the resource's id, a str")
    identity = new_uuid()
    inserted = await tx.do(
        INSERT,
        id=identity,
        name=definition.name,
        kind=definition.resource,
        resource_id=args[0],
        exclusive=definition.exclusive,
        args=msgspec.json.encode(args).decode(),
        request_id=request_id or current_request_id(),
        turn=turn,
        due_at=tx.now,
        created_at=tx.now,
        deadline=tx.now + definition.deadline,
    )
    if not inserted:
        raise Conflict(f"The {definition.resource} {args[0]} is busy with another operation.", code="busy")
    tx.signal(TOPIC, identity)
    return identity


async def wake(tx: Tx, kind: str, resource_id: str) -> None:
    """Something happened to the resource: its suspended workflows look again once this transaction is committed."""
    for (identity,) in await tx.all(WAKE, b_kind=kind, b_resource=resource_id, now=tx.now):
        tx.signal(TOPIC, identity)


async def intend(tx: Tx, kind: str, resource_id: str, intent: str = CANCEL) -> bool:
    """Leave an intent with the resource's exclusive workflow; "cancel" makes it stop after the present step and undo everything.

    False if there is none, or none that can still turn back: then nothing was left. A workflow that is already undoing accepts it
    and shows it to its `on_failure`.
    """
    found = await tx.all(INTEND, b_kind=kind, b_resource=resource_id, intent=intent, now=tx.now)
    for (identity,) in found:
        tx.signal(TOPIC, identity)
    return bool(found)


async def intended(tx: Reader, kind: str, resource_id: str) -> tuple[str, ...]:
    """The intents left with the resource's workflow so far, for a step or a wait that reads them."""
    found = await active(tx, kind, resource_id)
    return tuple(found.intents.split()) if found else ()


async def active(tx: Reader, kind: str, resource_id: str) -> Active | None:
    """The resource's unfinished workflow: the exclusive one first, else the oldest."""
    return await tx.one(ACTIVE, kind=kind, resource=resource_id)


async def active_many(tx: Reader, kind: str, resource_ids: Sequence[str]) -> dict[str, Active]:
    """`active` for many resources in one statement; those without a workflow are absent."""
    found: dict[str, Active] = {}
    for row in await tx.all(ACTIVE_MANY, kind=kind, resources=resource_ids):
        found.setdefault(row.resource_id, row)
    return found


async def stories(tx: Reader, kind: str, resource_id: str) -> list[Story]:
    """Every workflow of a resource that was not purged yet, oldest first."""
    found = []
    for row in await tx.all(STORIES, kind=kind, resource=resource_id):
        identity, name, state, request_id, created_at, finished_at, error, failure, text = row
        why = error or (msgspec.json.decode(failure, type=Failure).message if failure else None)
        steps = [Stepped(r.name, r.at, r.error.message if r.error else None) for r in records.read(text).values()]
        found.append(Story(identity, name, state, request_id, created_at, finished_at, why, steps))
    return found


async def list_unfinished(tx: Reader) -> list[Active]:
    """Every unfinished workflow, oldest first."""
    return await tx.all(UNFINISHED)


async def list_late(tx: Reader) -> list[Active]:
    """Unfinished workflows whose deadline has passed, the latest first."""
    return await tx.all(LATE, now=tx.now)


async def purge(tx: Tx, keep: float) -> int:
    """Forget workflows that finished more than `keep` seconds ago; how many."""
    return await tx.do(PURGE, before=tx.now - keep)


def purger(db: Database, keep: float = 7 * 86400.0, every: float = 3600.0) -> Reconciler:
    """The reconciler that forgets workflows `keep` seconds after their end."""

    async def run() -> None:
        async with db.tx() as tx:
            await purge(tx, keep)

    return Reconciler("workflow purger", every, run)
