"""Running a command of the operating system and waiting for it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence


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
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env)
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate(stdin)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CommandFailed(argv, process.returncode, errors[-4096:].decode(errors="replace").strip())
    return output


async def succeeds(*argv: str) -> bool:
    """Whether `argv` can be run and ends with status 0."""
    try:
        await run(*argv)
    except (CommandFailed, FileNotFoundError):
        return False
    return True
