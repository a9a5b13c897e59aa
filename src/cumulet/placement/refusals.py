"""Why something does not fit, in words. Messages give figures and counts; host names are for the log."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from ..kernel.errors import NoCapacity
from .model import Figures, Verdict, Wanted


def lacking(name: str, amount: int, figures: Figures | None) -> str | None:
    """Why `amount` of one resource class cannot be claimed; None if it can."""
    return (
        misfitting(name, amount, figures) if figures is None else short(name, amount, figures) or misfitting(name, amount, figures)
    )


def short(name: str, amount: int, figures: Figures) -> str | None:
    """Why `amount` more cannot be held; None if there is enough."""
    if amount <= figures.free:
        return None
    state = f"{figures.used} of {figures.capacity} are claimed"
    return f"{amount} {name} wanted, {max(figures.free, 0)} free ({state})"


def misfitting(name: str, amount: int, figures: Figures | None) -> str | None:
    """Why nobody could claim `amount` at once, however much is free; None if somebody could."""
    if figures is None:
        return f"it has no {name}"
    if not figures.min_unit <= amount <= figures.max_unit:
        return f"{amount} {name} wanted, from {figures.min_unit} to {figures.max_unit} can be claimed at once"
    if amount % figures.step_size:
        return f"{amount} {name} wanted, only multiples of {figures.step_size} can be claimed"
    return None


class Removed(Struct, frozen=True):
    """How many hosts a constraint removed, and which; names are for operators."""

    reason: str
    count: int
    hosts: list[str]


class Survey(Struct, frozen=True):
    """Constraint by constraint, what became of `total` hosts; `left` are the names of those that nothing speaks against."""

    total: int
    removed: list[Removed]
    left: list[str]

    def words(self) -> str:
        """For users: figures and no names."""
        return "; ".join(f"{removed.count} {removed.reason}" for removed in self.removed)

    def names(self) -> str:
        """For the log and for operators."""
        return "; ".join(f"{removed.reason}: {', '.join(removed.hosts)}" for removed in self.removed)


Inner = Mapping[str, str]
"""Host id to what speaks against the host when one looks inside."""


def survey(wanted: Wanted, verdicts: Sequence[Verdict], inner: Inner = MappingProxyType({})) -> Survey:
    """What speaks against which host: the first constraint that it does not meet."""
    left, found = list(verdicts), []
    for passes, reason in [*_constraints(wanted), *_inner(inner)]:
        removed = [verdict for verdict in left if not passes(verdict)]
        left = [verdict for verdict in left if passes(verdict)]
        if removed:
            found.append(Removed(reason(removed), len(removed), [verdict.hostname for verdict in removed]))
    return Survey(len(verdicts), found, [verdict.hostname for verdict in left])


def passing(wanted: Wanted, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The hosts that nothing speaks against unless one looks inside."""
    constraints = _constraints(wanted)
    return [verdict for verdict in verdicts if all(passes(verdict) for passes, _ in constraints)]


def none_left(found: Survey) -> NoCapacity:
    """The refusal when no host will do."""
    reasons = [found.words()] if found.removed else []
    if found.left:
        reasons.append(f"{len(found.left)} could hold each resource but not all of them together")
    why = "; ".join(reasons) or "there are no hosts"
    return NoCapacity(f"No host can hold this. Of {found.total} hosts: {why}.", code="candidates", internal=found.names())


Reason = Callable[[Sequence[Verdict]], str]
Constraint = tuple[Callable[[Verdict], bool], Reason]


def _constraints(wanted: Wanted) -> list[Constraint]:
    first: list[Constraint] = [
        (lambda verdict: verdict.listed, _said("not among the hosts asked for")),
        (lambda verdict: verdict.excluded, _said("excluded")),
        (lambda verdict: verdict.alive, _said("down")),
        (lambda verdict: verdict.enabled, _said("disabled")),
        (lambda verdict: verdict.traits, _said(f"without the required traits {', '.join(wanted.required)}")),
        (lambda verdict: verdict.untainted, _said(f"with a forbidden trait of {', '.join(wanted.forbidden)}")),
        (lambda verdict: verdict.aggregates, _said("not in the aggregates asked for")),
    ]
    return first + [_resource(at, name, amount) for at, (name, amount) in enumerate(wanted.resources.items())]


def _inner(inner: Inner) -> list[Constraint]:
    def lacks(words: str) -> Callable[[Verdict], bool]:
        return lambda verdict: inner.get(verdict.host_id) != words

    return [(lacks(words), _said(words)) for words in sorted(set(inner.values()))]


def _said(words: str) -> Reason:
    return lambda removed: words


def _resource(at: int, name: str, amount: int) -> Constraint:
    def reason(removed: Sequence[Verdict]) -> str:
        free = [math.floor(value) for verdict in removed if (value := verdict.free[at]) is not None]
        if not free:
            return f"without any {name}"
        if max(free) >= amount:
            return f"unable to give {amount} {name} at once (the nearest has {max(free)} free)"
        return f"without {amount} {name} free (the nearest has {max(max(free), 0)})"

    return lambda verdict: verdict.fits[at], reason
