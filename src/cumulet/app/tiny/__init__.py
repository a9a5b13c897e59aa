"""The tiny guest image: a bootable disk of about 20 MB made of Debian packages, for first servers, demonstrations and tests.

Inside: Debian's cloud kernel, busybox, dropbear, and the scripts under `files/`. It takes its name, keys, addresses and
user script from a config drive or the metadata service, as a CirrOS image does, has CirrOS's user (`cirros`, password
`gocubsgo`, `sudo` without password), and stops when asked by ACPI.

Nothing is mounted and nothing needs root. Equal inputs give an equal disk, to the byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cumulet.app.tiny import disk, guest, packages
from cumulet.app.tiny.tools import Failed

__all__ = ["BUILD_PACKAGES", "Failed", "build"]

BUILD_PACKAGES = ("dropbear-bin", "e2fsprogs", "mtools", "qemu-utils", "syslinux", "syslinux-common", "util-linux")
"""Debian packages that must be installed where the image is built."""

OnStep = Callable[[str], None]


def build(work_dir: Path, out: Path, on_step: OnStep = lambda name: None) -> Path:
    """Make the image and return `out`, a qcow2 file; a second call with equal inputs finds it made.

    `work_dir` keeps the downloaded packages (28 MB). `on_step` is called with the name of each step as it begins.
    Raises Failed if a Debian package cannot be had, or a tool is missing or fails; the message says which.
    """
    on_step("fetching packages")
    debs = packages.fetch(work_dir / "debs")
    sources = guest.sources()
    wanted = _fingerprint([*debs, *sources])
    if _is_made(out, wanted):
        on_step("found in the cache")
        return out
    with tempfile.TemporaryDirectory(dir=work_dir) as scratch:
        made = _make(debs, Path(scratch), on_step)
        out.parent.mkdir(parents=True, exist_ok=True)
        _record(made, out, wanted)
    return out


def _make(debs: list[Path], scratch: Path, on_step: OnStep) -> Path:
    on_step("unpacking packages")
    unpacked = packages.unpack(debs, scratch / "unpacked")
    on_step("gathering files")
    kernel = guest.kernel(unpacked)
    initrd = guest.initrd_tree(unpacked, kernel).as_cpio()
    on_step("making the root file system")
    root = guest.root_tree(unpacked, kernel).as_ext4(scratch / "root.ext4", disk.ROOT)
    on_step("making the boot partition")
    boot = disk.boot_partition(scratch, kernel.image, initrd)
    on_step("assembling the disk")
    return disk.assemble(scratch, boot, root)


def _fingerprint(files: list[Path]) -> str:
    """A hash of what goes in: downloaded packages, programs of this machine, our own scripts and code."""
    total = hashlib.blake2b(digest_size=20)
    for path in files:
        total.update(hashlib.blake2b(path.read_bytes(), digest_size=20).digest())
    return total.hexdigest()


def _note(out: Path) -> Path:
    return out.with_name(out.name + ".inputs")


def _is_made(out: Path, wanted: str) -> bool:
    """Whether `out` is what an earlier call made of the same inputs, and nobody wrote to it since."""
    try:
        note = json.loads(_note(out).read_text())
        return bool(note == {"inputs": wanted, "image": _fingerprint([out])})
    except (FileNotFoundError, ValueError):
        return False


def _record(made: Path, out: Path, wanted: str) -> None:
    note = {"inputs": wanted, "image": _fingerprint([made])}
    partial = out.with_name(out.name + ".partial")
    partial.write_bytes(made.read_bytes())
    os.replace(partial, out)
    _note(out).write_text(json.dumps(note))
