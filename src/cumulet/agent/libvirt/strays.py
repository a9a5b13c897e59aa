"""QEMU processes that libvirt does not know: started by hand, or orphans of a lost libvirtd. They use memory: they count (C9)."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

from cumulet.contract.commands import Guest

_YOUNG = 60.0  # seconds: libvirt is still starting it, or only asks QEMU what it can do
_NAME = re.compile(r"(?:guest=)?([^,]+)")


def find(known: set[int], namespace: Path, proc: Path = Path("/proc")) -> list[Guest]:
    """Old enough QEMU processes in this network namespace whose process id is not among the `known`."""
    here = _inode(namespace)
    uptime = float((proc / "uptime").read_text().split()[0])
    found = []
    for folder in proc.iterdir():
        if folder.name.isdigit() and int(folder.name) not in known:
            guest = _stray(folder, here, uptime)
            if guest is not None:
                found.append(guest)
    return found


def _stray(folder: Path, here: int | None, uptime: float) -> Guest | None:
    try:
        if not (folder / "comm").read_text().startswith("qemu-system"):
            return None
        if _inode(folder / "ns" / "net") != here or uptime - _started(folder) < _YOUNG:
            return None
        arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        resident = _resident_mb((folder / "status").read_text())
    except (OSError, ValueError):  # it has ended meanwhile
        return None
    return Guest(f"process {folder.name}: {_name(arguments)}", "running", 1, resident, None, resident)


def _started(folder: Path) -> float:
    """Seconds between the machine's start and the process's (field 22 of proc(5)'s stat)."""
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _name(arguments: list[str]) -> str:
    for option, value in pairwise(arguments):
        found = _NAME.match(value) if option == "-name" else None
        if found is not None:
            return found[1]
    return "no name"


def _resident_mb(status: str) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None
