"""Progress bars for bytes: how many, how fast, how long still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def bar(console: Console, what: str, total: int | None) -> Iterator[Callable[[bytes], None]]:
    """A bar while the block runs; call what it yields with every block of bytes, from any thread. `total` in bytes, if known."""
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(what, total=total)
        yield lambda block: progress.advance(task, len(block))
