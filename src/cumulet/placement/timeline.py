"""The past of a host's figures, worked out backwards from what they are now: pure.

The history says what each transition changed; what is used and what may be claimed are known now. So a history that begins in the
middle, as it does after an upgrade, is as good as a whole one as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from .model import Figures, Transition

FIGURES = ("total", "reserved", "unmanaged", "own_use", "ratio")


class Moment(Struct, frozen=True):
    """One resource class just after a transition: what was claimed, and what could be."""

    transition: Transition
    resource_class: str
    used: int
    capacity: int
    used_before: int
    capacity_before: int

    @property
    def passes(self) -> bool:
        """Whether it was this transition that left more claimed than may be."""
        return self.used > self.capacity and self.used_before <= self.capacity_before and self.transition.kind != "rollup"


def moments(now: dict[str, Figures], newest_first: Iterable[Transition]) -> list[Moment]:
    """What each transition did to each class it touched, newest first."""
    at = {name: _State(figures) for name, figures in now.items()}
    found = []
    for transition in newest_first:
        for name, change in transition.change.items():
            state = at.setdefault(name, _State(None))
            used, capacity = state.used, state.capacity
            state.take_back(transition.kind, change)
            found.append(Moment(transition, name, used, capacity, state.used, state.capacity))
    return found


def crossings(found: Iterable[Moment]) -> list[Moment]:
    """The transitions by which a figure passed its limit, newest first."""
    return [moment for moment in found if moment.passes]


def whole_since(newest_first: Sequence[Transition]) -> str:
    """From when on every transition is in the history; what was before is summed up, or was never written. "" without any."""
    rollup = next((transition for transition in newest_first if transition.kind == "rollup"), None)
    return rollup.at if rollup else (newest_first[-1].at if newest_first else "")


def set_by(newest_first: Iterable[Transition], resource_class: str, figure: str) -> Transition | None:
    """The transition that gave a figure the value it has; None if that was before the history begins."""
    for transition in newest_first:
        change = transition.change.get(resource_class)
        if transition.kind == "inventory" and change is not None and figure in change:
            return transition
    return None


class _State:
    """A class's figures while going back in time."""

    def __init__(self, figures: Figures | None) -> None:
        self.used = figures.used if figures else 0
        self._values: dict[str, Any] = {name: getattr(figures, name) if figures else None for name in FIGURES}

    @property
    def capacity(self) -> int:
        values = self._values
        if values["total"] is None:
            return 0
        kept = max(values["reserved"] or 0, values["own_use"] or 0)
        return int((values["total"] - kept - (values["unmanaged"] or 0)) * values["ratio"] // 1)

    def take_back(self, kind: str, change: Any) -> None:
        if kind == "inventory":
            self._values |= {figure: before for figure, (before, _) in change.items() if figure in FIGURES}
        else:
            self.used += change if kind == "release" else -change
