"""Conversion to one format with `qemu-img`, which reads data that nobody vouches for.

It runs as a process of its own with limits on its time, memory and output, and is told what format to read, so that it guesses
nothing; images that name other files were refused before.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from msgspec import Struct

from ...kernel.errors import TooLarge, Unavailable, UnsupportedMedia

NAME = "image_conversion"

DRIVERS = {"raw": "raw", "qcow2": "qcow2", "vmdk": "vmdk", "vdi": "vdi", "vhd": "vpc", "vhdx": "vhdx"}
"""What QEMU calls the formats that it converts."""

MEMORY = 1 << 30
"""Bytes of address space for one conversion."""


class Limits(Struct, frozen=True):
    """How large the result may be in bytes, and how long it may take in seconds."""

    output: int
    seconds: int = 3600


async def convert(source: Path, target: Path, source_format: str, target_format: str, limits: Limits) -> None:
    """Write `target` anew; what a failure leaves of it is the caller's to remove.

    Raises UnsupportedMedia (the image cannot be read), TooLarge, Unavailable (too slow, or no qemu-img).
    """
    bounds = [f"--as={MEMORY}", f"--cpu={limits.seconds}", f"--fsize={limits.output}", "--nofile=64", "--core=0"]
    formats = ["-f", DRIVERS[source_format], "-O", DRIVERS[target_format]]
    # One coroutine, for the memory limit. What was written is flushed when it is taken over.
    command = ["prlimit", *bounds, "--", "qemu-img", "convert", "-m", "1", "-t", "writeback", *formats, str(source), str(target)]
    code, said = await _run(command, limits.seconds)
    if code:
        if "File too large" in said or code in (-25, 153):  # SIGXFSZ
            raise TooLarge(f"The converted image has more than {limits.output} bytes, which is the limit.")
        raise UnsupportedMedia("The image cannot be converted.", internal=said)


async def _run(command: list[str], seconds: int) -> tuple[int, str]:
    """The exit code and what was said. Raises Unavailable."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "MALLOC_ARENA_MAX": "1"},
        )
    except FileNotFoundError as problem:
        raise Unavailable("Images cannot be converted here: qemu-img is not installed.", internal=str(problem)) from None
    try:
        async with asyncio.timeout(seconds):
            _, said = await process.communicate()
    except TimeoutError:
        raise Unavailable(f"The conversion took more than {seconds} seconds and was given up.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")
