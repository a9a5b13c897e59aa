"""Why this code runs: the request, workflow, agent or configuration that what it writes is written for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_cause: ContextVar[str] = ContextVar("cause", default="unknown")


@contextmanager
def acting(cause: str) -> Iterator[None]:
    """What is recorded within is recorded with this cause, in words for operators."""
    before = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(before)


def current_cause() -> str:
    """Who or what caused this; `unknown` outside of everything."""
    return _cause.get()
