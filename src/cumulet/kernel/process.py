"""Running a command of the operating system and waiting for it."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

_threads = ThreadPoolExecutor(64, thread_name_prefix="command")
"""Commands wait in threads of their own:

uvloop's subprocesses hand open sockets on to the child, so that a daemon keeps its starter waiting.
"""

ENDING_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
"""Before a command: the kernel kills it when the process that ran it dies, however that happens (`prctl(2)`)."""


class CommandFailed(Exception):
    """A command ended with another status than 0; `stderr` is what it said, at most 4 kB."""

    def __init__(self, argv: Sequence[str], status: int, stderr: str) -> None:
        super().__init__(f"{shlex.join(argv)} ended with status {status}: {stderr or 'it said nothing'}")
        self.status = status
        self.stderr = stderr


async def run(*argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = 60) -> bytes:
    """Run `argv` to its end and return its standard output. `env` replaces the whole environment if given.

    Raises CommandFailed, FileNotFoundError if there is no such program, and TimeoutError after `timeout` seconds; the
    command is killed then, as it is when the caller is cancelled.
    """
    loop = asyncio.get_running_loop()
    started = loop.run_in_executor(_threads, _start, argv, stdin, env)
    process = await asyncio.shield(started)
    try:
        async with asyncio.timeout(timeout):
            output, errors = await loop.run_in_executor(_threads, process.communicate, stdin or None)
    finally:
        if process.poll() is None:
            process.kill()
    if process.returncode:
        raise CommandFailed(argv, process.returncode, errors[-4096:].decode(errors="replace").strip())
    return output


def _start(argv: Sequence[str], stdin: bytes, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    inward = subprocess.PIPE if stdin else subprocess.DEVNULL
    return subprocess.Popen(argv, stdin=inward, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


async def succeeds(*argv: str) -> bool:
    """Whether `argv` can be run and ends with status 0."""
    try:
        await run(*argv)
    except (CommandFailed, FileNotFoundError):
        return False
    return True
