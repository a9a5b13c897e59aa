"""Conversion to one format with `qemu-img`, which reads data that nobody vouches for.

It runs as a process of its own with limits on its time, memory and output, and is told what format to read, so that it guesses
nothing; images that name other files were refused before. It is killed with the process that began it: whoever goes on begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from ...kernel.errors import TooLarge, Unavailable, UnsupportedMedia
from ...kernel.process import ENDING_WITH_US

NAME = "image_conversion"

DRIVERS = {"raw": "raw", "qcow2": "qcow2", "vmdk": "vmdk", "vdi": "vdi", "vhd": "vpc", "vhdx": "vhdx"}
"""What QEMU calls the formats that it converts."""

MEMORY = 1 << 30
"""Bytes of address space for one conversion."""


OnPercent = Callable[[float], Awaitable[None]]
"""Called now and then with how much of the image is converted, in percent."""

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PERCENT = re.compile(rb"\((\d+\.\d+)/100%\)")


class Limits(Struct, frozen=True):
    """How large the result may be in bytes, and how long it may take in seconds."""

    output: int
    seconds: int = 3600


async def convert(source: Path, target: Path, formats: tuple[str, str], limits: Limits, on_percent: OnPercent) -> None:
    """Write `target` anew; what a failure leaves of it is the caller's to remove. `formats`: the source's, then the target's.

    Raises UnsupportedMedia (the image cannot be read), TooLarge, Unavailable (too slow, or no qemu-img).
    """
    bounds = [f"--as={MEMORY}", f"--cpu={limits.seconds}", f"--fsize={limits.output}", "--nofile=64", "--core=0"]
    read, written = ("-f", DRIVERS[formats[0]]), ("-O", DRIVERS[formats[1]])
    # One coroutine, for the memory limit. What was written is flushed when it is taken over.
    program = ("qemu-img", "convert", "-p", "-m", "1", "-t", "writeback", *read, *written, str(source), str(target))
    code, said = await _run([*ENDING_WITH_US, "prlimit", *bounds, "--", *program], limits.seconds, on_percent)
    if code:
        if "File too large" in said or code in (-25, 153):  # SIGXFSZ
            raise TooLarge(f"The converted image has more than {limits.output} bytes, which is the limit.")
        raise UnsupportedMedia("The image cannot be converted.", internal=said)


async def _run(command: list[str], seconds: int, on_percent: OnPercent) -> tuple[int, str]:
    """The exit code and what was said. Raises Unavailable."""
    process = await _started(command)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(seconds):
            said, _ = await asyncio.gather(process.stderr.read(), _follow(process.stdout, on_percent))
            await process.wait()
    except TimeoutError:
        raise Unavailable(f"The conversion took more than {seconds} seconds and was given up.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")


async def _started(command: list[str]) -> asyncio.subprocess.Process:
    missing = [name for name in ("setpriv", "prlimit", "qemu-img") if shutil.which(name, path=_PATH) is None]
    if missing:
        raise Unavailable(f"Images cannot be converted here: {missing[0]} is not installed.")
    pipe = asyncio.subprocess.PIPE
    environment = {"PATH": _PATH, "LC_ALL": "C", "MALLOC_ARENA_MAX": "1"}
    nothing = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=pipe, cwd="/", env=environment)


async def _follow(output: asyncio.StreamReader, on_percent: OnPercent) -> None:
    """Pass on what `qemu-img -p` writes: "(12.34/100%)", each over the last one."""
    while said := await output.read(4096):
        found = _PERCENT.findall(said)
        if found:
            await on_percent(float(found[-1]))
