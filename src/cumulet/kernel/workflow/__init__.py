"""Durable workflows: ordinary async functions that survive a crash.

    @workflow(resource="server", deadline=minutes(30), on_failure=mark_error)
    async def create_server(wf: Workflow, server_id: str) -> None:
        spec = await wf.step(load_spec, server_id)
        async for attempt in wf.attempts(3, on=HostRefused):
            async with attempt:
                host = await wf.step(claim_host, spec, attempt.errors, undo=release_claim)
                await wf.step(start_guest, spec, host, undo=destroy_guest)
        await wf.wait_until(ports_are_up, server_id, timeout=minutes(5))
        await wf.finish(mark_active, server_id)

An operation calls `workflow.start(tx, create_server, server_id)` in the transaction that changes the resource. The engine runs the
function; each step's result is recorded under the step's *name*. After a crash the function runs again from the top and recorded
steps return at once, so a name is a contract with running workflows: an upgrade may add and reorder steps, not reuse a name.

Rules for the function: no I/O outside steps, no clock, no random numbers, one step at a time; arguments and results are JSON
(msgspec Structs are). Rules for a step: `@step async def f(tx, …)` uses the database only, both commit together;
`@command async def f(call, …)` is one agent command and may be delivered twice with the same `call.key`. An undo takes its step's
arguments and must be right for "never happened", "half done", "done" and "already undone".

A workflow is *running*, then *done*; or *running*, *undoing*, then *failed*. It turns back when a step's error leaves the function,
when an intent "cancel" is left with it, or when its deadline passes; past `point_of_no_return` never. Undos, and steps past
that point, are retried for ever, visibly. `finish` and `on_failure` write the resource's last state in the
transaction that frees it.
"""

from .attempts import Attempt
from .body import Workflow
from .definition import Call, command, hours, minutes, seconds, step, workflow
from .engine import Engine
from .problems import Cancelled, Crash, DeadlinePassed, Failure, Late, StepFailed
from .requests import (
    Active,
    Stepped,
    Story,
    active,
    active_many,
    intend,
    intended,
    list_late,
    list_unfinished,
    purge,
    purger,
    start,
    stories,
    wake,
)

__all__ = [
    "Active",
    "Attempt",
    "Call",
    "Cancelled",
    "Crash",
    "DeadlinePassed",
    "Engine",
    "Failure",
    "Late",
    "StepFailed",
    "Stepped",
    "Story",
    "Workflow",
    "active",
    "active_many",
    "command",
    "hours",
    "intend",
    "intended",
    "list_late",
    "list_unfinished",
    "minutes",
    "purge",
    "purger",
    "seconds",
    "start",
    "step",
    "stories",
    "wake",
    "workflow",
]
