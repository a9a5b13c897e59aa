"""The cloud's own process: started detached, found again, told to stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from msgspec import Struct

from ...kernel.daemons import Daemon, DaemonFailed
from ..config import Config


class Step(Struct, frozen=True):
    """One step of the start, with the instant at which it began, in seconds since the epoch."""

    name: str
    at: float


READY = "ready"


def daemon(config: Config, arguments: tuple[str, ...] = ()) -> Daemon:
    """The serving process as a daemon; `arguments` repeat what the command line was given."""
    run = config.state / "run"
    argv = (sys.executable, "-m", "cumulet.app.cli", "up", "--foreground", "--state", str(config.state.absolute()), *arguments)
    return Daemon(name="cumulet", argv=argv, pidfile=run / "cumulet.pid", log=config.state / "log" / "cumulet.log", grace=20)


def steps_file(config: Config) -> Path:
    """Where the serving process writes its steps, one JSON object a line."""
    return config.state / "run" / "steps.jsonl"


def answers(config: Config) -> bool:
    """Whether the cloud answers a request now."""
    import urllib.request

    try:
        with urllib.request.urlopen(f"{config.url}/identity/v3", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def start(config: Config, arguments: tuple[str, ...]) -> AsyncIterator[Step]:
    """Start the process and yield its steps until it is ready. Raises DaemonFailed with the end of its log if it ends before."""
    steps_file(config).parent.mkdir(parents=True, exist_ok=True)
    steps_file(config).unlink(missing_ok=True)
    process = daemon(config, arguments)
    await process.ensure_running()
    seen = 0
    while True:
        found = _read(steps_file(config))
        for step in found[seen:]:
            yield step
        if found and found[-1].name == READY:
            return
        seen = len(found)
        if not process.alive():
            raise DaemonFailed(f"the cloud ended while it was starting: {_tail(process.log)}")
        await asyncio.sleep(0.02)


def _read(path: Path) -> list[Step]:
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Step) for line in lines if line.endswith(b"}")]


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-2000:] if path.exists() else "it has no log"
