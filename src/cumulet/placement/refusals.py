"""Why something does not fit, in words. Messages give figures and counts; host names are for the log."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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


def explain(wanted: Wanted, verdicts: Sequence[Verdict]) -> NoCapacity:
    """Constraint by constraint, how many hosts it removed, and what the nearest host lacked."""
    left, reasons, names = list(verdicts), [], []
    for passes, reason in _constraints(wanted):
        removed = [verdict for verdict in left if not passes(verdict)]
        left = [verdict for verdict in left if passes(verdict)]
        if removed:
            reasons.append(f"{len(removed)} {reason(removed)}")
            names.append(f"{reason(removed)}: {', '.join(verdict.hostname for verdict in removed)}")
    if len(left) > 0:
        reasons.append(f"{len(left)} could hold each resource but not all of them together")
    why = "; ".join(reasons) or "there are no hosts"
    return NoCapacity(f"No host can hold this. Of {len(verdicts)} hosts: {why}.", code="candidates", internal="; ".join(names))


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
