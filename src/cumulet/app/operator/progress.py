"""Steps on a terminal: each with a spinner while it runs and its seconds when it is done;

plain lines where there is no terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from ...kernel.clock import measure

if TYPE_CHECKING:
    from rich.status import Status


class Steps:
    """Shows steps one after another: `steps("image")` ends the one before. Use it in a `with` block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._name = ""
        self._began = 0.0

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: object, trace: object) -> None:
        self._end("[red]✗[/red]" if kind else "[green]✓[/green]")

    def __call__(self, name: str) -> None:
        """Begin the step `name`."""
        self._end("[green]✓[/green]")
        self._name, self._began = name, measure()
        self._status = self._console.status(name)
        self._status.start()

    def _end(self, mark: str) -> None:
        if self._status is None:
            return
        self._status.stop()
        self._status = None
        self._console.print(f"  {mark} {self._name:<42} {measure() - self._began:6.1f} s", highlight=False)
