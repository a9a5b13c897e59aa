"""The generic crash tests of a workflow (T1).

    CREATE = Scenario(setup=small_cloud, start=begin, snapshot=look, finished=DONE, undone=NOTHING)

    @pytest.mark.parametrize("survives", WAYS)
    async def test_T1_creating_survives_everything(survives: Way) -> None:
        await survives(CREATE)

Each case runs the workflow in a world of its own, on the fake clock, and compares the world afterwards with "finished" or "never
happened". All failing cases are named in one assertion.

Whoever is killed after one step is killed before the next, if nothing happened in between: no statement ran and no time passed,
and commands are only sent between "before" and "during". Such a pair is one case (`Plan.deaths`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from cumulet.kernel import workflow
from cumulet.kernel.db import Database
from cumulet.kernel.workflow import Crash, Engine
from cumulet.kernel.workflow.journal import Fault

from .clock import FakeClock

Snapshot = dict[str, Any]
Expected = Snapshot | Callable[[Snapshot], bool]
Point = tuple[str, str]
"""(before|during|after, step name), as the engine tells its fault hook."""


class World(Protocol):
    """What a scenario runs in."""

    db: Database
    clock: FakeClock
    services: Any


@dataclass(frozen=True)
class Scenario:
    """One workflow and how to judge it.

    `setup()` makes a fresh world and takes it down; `start(world)` starts the workflow; `snapshot(world)` is everything that
    matters afterwards. `errors` are what failing steps raise, one run for each. `cancel` is the (kind, id) whose
    workflow may be cancelled.
    `nudge(world)` is what the outside does between two runs of the engine, a port coming up for instance.
    """

    setup: Callable[[], AbstractAsyncContextManager[Any]]
    start: Callable[[Any], Awaitable[Any]]
    snapshot: Callable[[Any], Awaitable[Snapshot]]
    finished: Expected
    undone: Expected
    errors: tuple[Exception, ...] = (RuntimeError("injected"),)
    cancel: tuple[str, str] | None = None
    nudge: Callable[[Any], Awaitable[None]] | None = None


@dataclass
class Plan:
    """A fault hook: crashes or fails at given points, each once, and notes every point it passes.

    `moment` changes with everything that happens. `same` are the points that were passed, at first, at the same moment as the end
    of the step before.
    """

    crash: set[Point] = field(default_factory=set)
    fail: dict[Point, Exception] = field(default_factory=dict)
    crash_at_first: str = ""
    passed: list[Point] = field(default_factory=list)
    moment: Callable[[], Any] = object
    same: set[Point] = field(default_factory=set)
    ended: Any = None

    @property
    def points(self) -> list[Point]:
        """What was passed, each point once, in order."""
        return list(dict.fromkeys(self.passed))

    @property
    def deaths(self) -> list[Point]:
        """The points at which to be killed makes a difference."""
        return [point for point in self.points if point not in self.same]

    def __call__(self, when: str, flow: str, step: str) -> None:
        point, moment = (when, step), self.moment()
        first = point not in self.passed
        self.passed.append(point)
        if first and when == "before" and moment == self.ended:
            self.same.add(point)
        self.ended = moment if when == "after" else None
        if point in self.crash or (first and when == self.crash_at_first):
            self.crash.discard(point)
            raise Crash(f"{when} {step}")
        error = self.fail.pop(point, None)
        if error is not None:
            raise error


async def drive(world: World, fault: Fault, nudge: Callable[[Any], Awaitable[None]] | None = None) -> None:
    """Run the world's workflows until none is left, with a new engine after each crash.

    Raises AssertionError if that takes too many rounds.
    """
    if isinstance(fault, Plan):
        fault.moment = lambda: (world.db.statements, world.clock.now())
    for life in range(200):
        engine = Engine(world.db, world.services, f"life {life}", world.clock)
        engine.fault = fault
        try:
            await engine.run_pending()
        except Crash:
            await world.clock.advance(engine.lease + 1)
            continue
        if nudge is not None:
            await nudge(world)
        async with world.db.read() as tx:
            left = await workflow.list_unfinished(tx)
        if not left:
            return
        await world.clock.advance(max(0.0, min(row.due_at for row in left) - world.clock.now()))
    raise AssertionError(f"still unfinished: {[(row.name, row.full_step, row.error) for row in left]}")


async def survives_everything(scenario: Scenario) -> None:
    """All of the tests below."""
    await survives_crashes(scenario)
    await survives_trouble(scenario)


async def survives_trouble(scenario: Scenario) -> None:
    """All of the tests below but the first, whose number grows with the steps, not with their square."""
    await survives_failures(scenario)
    await survives_repetition(scenario)
    await survives_crashes_while_undoing(scenario)
    if scenario.cancel is not None:
        await survives_cancelling(scenario)


async def survives_crashes(scenario: Scenario) -> None:
    """Killed before, during and after each step, the workflow finishes."""
    plan, problems = await _untroubled(scenario)
    problems += [await _case(scenario, Plan(crash={p}), f"crash {p}", ("finished",)) for p in plan.deaths]
    _report(problems)


Way = Callable[[Scenario], Awaitable[None]]
WAYS = (
    pytest.param(survives_crashes, id="killed"),
    pytest.param(survives_trouble, id="in trouble", marks=pytest.mark.exhaustive),
)
"""Both halves of `survives_everything`, of which only the quick one is part of `make fast`."""


async def survives_failures(scenario: Scenario) -> None:
    """Whichever step fails once, before or after its effect, the end is "finished" or "never happened"."""
    plan, problems = await _untroubled(scenario)
    for when, step in plan.points:
        for error in scenario.errors if when != "after" else ():
            failing = Plan(fail={(when, step): error})
            problems.append(await _case(scenario, failing, f"{error!r} {when} {step}", ("finished", "undone")))
    _report(problems)


async def survives_repetition(scenario: Scenario) -> None:
    """Every command is delivered twice, because its first answer is lost with the process; and every transaction is begun twice."""
    plan = Plan(crash_at_first="during")
    _report([await _case(scenario, plan, "everything twice", ("finished",))])


async def survives_crashes_while_undoing(scenario: Scenario) -> None:
    """For each step that fails: killed, or failing again, at each point of the undo that follows, nothing remains."""
    untroubled, problems = await _untroubled(scenario)
    for failing in [p for p in untroubled.points if p[0] == "during"]:
        for error in scenario.errors:
            first = await _run(scenario, Plan(fail={failing: error}))
            for point in first.points[first.points.index(failing) + 1 :]:
                if point in first.deaths:
                    name = f"{error!r} {failing}, then crash {point}"
                    plan = Plan(fail={failing: error}, crash={point})
                    problems.append(await _case(scenario, plan, name, ("finished", "undone")))
                if point[1].startswith("undo:") and point[0] != "after":
                    plan = Plan(fail={failing: error, point: RuntimeError("undo fails")})
                    problems.append(await _case(scenario, plan, f"{error!r} {failing}, then {point} fails", ("finished", "undone")))
    _report(problems)


async def survives_cancelling(scenario: Scenario) -> None:
    """Cancelled after each step, the end is "finished" or "never happened"."""
    assert scenario.cancel is not None
    kind, resource_id = scenario.cancel

    async def cancel(world: World) -> None:
        async with world.db.tx() as tx:
            await workflow.intend(tx, kind, resource_id)

    await survives_interruption(scenario, cancel)


async def survives_interruption(scenario: Scenario, interrupt: Callable[[Any], Awaitable[None]]) -> None:
    """Killed at each point, and `interrupt(world)` asks for something else before the next life: "finished" or "never happened"."""
    problems = []
    for point in await deaths(scenario):
        async with scenario.setup() as world:
            await scenario.start(world)
            plan = Plan(crash={point})
            engine = Engine(world.db, world.services, "first life", world.clock)
            engine.fault = plan
            with _crashing():
                await engine.run_pending()
            await interrupt(world)
            await world.clock.advance(engine.lease + 1)
            problems.append(await _outcome(scenario, world, plan, f"interrupted {point}", ("finished", "undone")))
    _report(problems)


async def _untroubled(scenario: Scenario) -> tuple[Plan, list[str]]:
    """A run without trouble, and what was wrong with it."""
    plan = Plan()
    return plan, [await _case(scenario, plan, "no trouble at all", ("finished",))]


class _crashing:
    """Swallows a Crash, if there is one."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        return isinstance(error, Crash)


async def deaths(scenario: Scenario) -> list[Point]:
    """The points of a run without trouble at which to be killed makes a difference."""
    return (await _run(scenario, Plan())).deaths


async def _run(scenario: Scenario, plan: Plan) -> Plan:
    async with scenario.setup() as world:
        await scenario.start(world)
        await drive(world, plan, scenario.nudge)
    return plan


async def _case(scenario: Scenario, plan: Plan, name: str, allowed: tuple[str, ...]) -> str:
    async with scenario.setup() as world:
        await scenario.start(world)
        return await _outcome(scenario, world, plan, name, allowed)


async def _outcome(scenario: Scenario, world: World, plan: Plan, name: str, allowed: tuple[str, ...]) -> str:
    """ "" if the world ends as allowed, else what is wrong."""
    try:
        await drive(world, plan, scenario.nudge)
    except Exception as problem:
        return f"{name}: {problem!r}"
    left = await scenario.snapshot(world)
    if any(_meets(left, getattr(scenario, outcome)) for outcome in allowed):
        return ""
    return f"{name}: neither of {', '.join(allowed)} but {left}"


def _meets(left: Snapshot, expected: Expected) -> bool:
    return expected(left) if callable(expected) else left == expected


def _report(problems: list[str]) -> None:
    found = [problem for problem in problems if problem]
    assert problems, "no case was run"
    assert not found, f"{len(found)} of {len(problems)} cases:\n" + "\n".join(found)
