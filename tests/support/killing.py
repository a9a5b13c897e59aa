"""Killing processes in tests, the way a crash does."""

from __future__ import annotations

import os
import select
import signal


def kill_9(pid: int | None) -> None:
    """Kill a process and return once it is gone."""
    assert pid is not None, "it does not run"
    process = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        select.select([process], [], [])
    finally:
        os.close(process)
