"""Running the standard tools which make file systems and disks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

EPOCH = 1_700_000_000
"""The time stamp of everything in the image, seconds since 1970: a constant, so that equal inputs give equal images."""


class Failed(Exception):
    """A tool is missing, or ended with an error; the message says which, and what it wrote."""


def run(command: list[str], cwd: Path | None = None, text: str = "") -> str:
    """Run `command` with `text` as its input and return what it printed. Raises Failed."""
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "E2FSPROGS_FAKE_TIME": str(EPOCH),
        # Debian keeps some of these tools out of an ordinary user's path.
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
    }
    try:
        ended = subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, env=environment)
    except FileNotFoundError as missing:
        raise Failed(f"{command[0]} is not installed") from missing
    if ended.returncode != 0:
        raise Failed(f"{command[0]} ended with status {ended.returncode}: {(ended.stderr or ended.stdout).strip()}")
    return ended.stdout + ended.stderr
