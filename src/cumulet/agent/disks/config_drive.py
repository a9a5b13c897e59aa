"""Config drives: ISO 9660 with Joliet and Rock Ridge, label config-2, as cloud-init looks for them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from cumulet.kernel.process import CommandFailed, run

from ..refusals import Refusal


async def build(target: Path, contents: dict[str, bytes]) -> None:
    """Write the drive to `target`. Raises Refusal for a path that leaves the drive, and no_space."""
    folder = Path(tempfile.mkdtemp(prefix="config-drive-"))
    try:
        await asyncio.to_thread(_write, folder, contents)
        flags = ("-quiet", "-ldots", "-allow-lowercase", "-allow-multidot", "-l", "-J", "-r", "-V", "config-2")
        await run("genisoimage", *flags, "-o", str(target), str(folder))
    except CommandFailed as problem:
        code = "no_space" if "No space left" in problem.stderr else "failed"
        raise Refusal("The config drive could not be made.", code=code, internal=str(problem)) from None
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


def _write(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts or not plain.parts:
            raise Refusal(f"{name!r} is no path on a config drive.")
        path = folder / plain
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
