"""Debian packages as files: fetched with apt's own checks of signatures and hashes, unpacked, never installed.

The two busyboxes cannot be installed side by side, and a guest's kernel has no place on its host.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from cumulet.app.tiny import tools

KERNEL = "linux-image-cloud-amd64"  # contains nothing, and depends on the newest kernel's package
PATTERNS = {
    "busybox": "busybox_*.deb",
    "busybox-static": "busybox-static_*.deb",
    "netcat-traditional": "netcat-traditional_*.deb",
    KERNEL: "linux-image-[0-9]*-cloud-amd64_*.deb",
}


class CannotFetch(tools.Failed):
    """A package is neither in the work folder nor to be had from apt; the message says why."""


def fetch(folder: Path) -> list[Path]:
    """The .deb files needed. What `folder` has is used as it is (empty it for newer ones), what it lacks is downloaded.

    Raises CannotFetch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, pattern in PATTERNS.items():
        if not _newest(folder, pattern):
            _download(_kernel_package() if name == KERNEL else name, folder)
    return [_newest(folder, pattern)[0] for pattern in PATTERNS.values()]


def unpack(debs: list[Path], folder: Path) -> Path:
    """Unpack each of `debs` into a folder of its name within `folder`, which is returned. Raises tools.Failed."""
    for name, deb in zip(PATTERNS, debs, strict=True):
        (folder / name).mkdir(parents=True)
        tools.run(["dpkg-deb", "-x", str(deb), str(folder / name)])
    return folder


def _newest(folder: Path, pattern: str) -> list[Path]:
    """The file downloaded last, or nothing."""
    return sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)[-1:]


def _kernel_package() -> str:
    try:
        found = re.search(r"Depends: (linux-image-[0-9]\S+)", tools.run(["apt-cache", "depends", KERNEL]))
    except tools.Failed as failed:
        raise CannotFetch(f"cannot find out which kernel is the newest: {failed}") from failed
    if not found:
        raise CannotFetch(f"apt knows no package on which {KERNEL} depends: run apt-get update as root first")
    return found[1]


def _download(name: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as partial:
        try:
            tools.run(["apt-get", "download", "-q", f"{name}:amd64"], cwd=Path(partial))
        except tools.Failed as failed:
            hint = "run apt-get update as root first, on a Debian machine that reaches its mirror"
            raise CannotFetch(f"cannot download the Debian package {name} ({failed}): {hint}") from failed
        (deb,) = Path(partial).glob("*.deb")
        os.replace(deb, folder / deb.name)
