"""A ring of keys on disk: a folder with one file a key, which only its owner may read.

`7` is a key that has been primary; the highest such number is the primary one. `8.staged`, at most one and the highest of all, is
the next primary: every process opens with it, none seals with it. A rotation makes the staged key the primary one and stages
another. The files' times say since when: a key's time is set when it is staged, and again when it becomes primary.

Where several machines have folders of their own, the folder is copied to all of them after each rotation, and not rotated again
before that is done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from ..kernel import ids
from ..kernel.clock import stamp
from ..kernel.durable import sync

KEY_BYTES = 32
STAGED = ".staged"
_UNFINISHED = ".new"


class Found(Struct, frozen=True):
    """The keys of a folder by number. `since` is in seconds, `changed_at` differs once a file came, went or was renamed."""

    keys: dict[int, bytes]
    primary: int
    staged: int | None
    since: dict[int, float]
    changed_at: int


def read_or_make(folder: Path) -> Found:
    """What is in a folder; if there is nothing, a primary and a staged key first. Raises ValueError naming what is wrong."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone_in(folder):
        (folder / _UNFINISHED).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            _write(folder, "0")
            _write(folder, f"1{STAGED}")
        return read(folder)


def read(folder: Path) -> Found:
    """What is in a folder. Raises ValueError naming a file that is not a key, or what the folder lacks."""
    used: dict[int, Path] = {}
    staged: dict[int, Path] = {}
    changed = changed_at(folder)
    for path in folder.iterdir():
        if path.name == _UNFINISHED:
            continue
        name, is_staged = path.name.removesuffix(STAGED), path.name.endswith(STAGED)
        if not name.isdigit() or str(int(name)) != name:
            raise ValueError(f"{path} is not a key: the name of one is a number, or a number and {STAGED}")
        (staged if is_staged else used)[int(name)] = path
    if not used:
        raise ValueError(f"{folder} has no key to seal with: one whose name is a number is expected")
    if len(staged) > 1 or (staged and max(staged) <= max(used)):
        raise ValueError(f"{staged[min(staged)]} should not be there: one staged key with the highest number of all is expected")
    paths = used | staged
    return Found(
        keys={number: _key(path) for number, path in paths.items()},
        primary=max(used),
        staged=max(staged, default=None),
        since={number: path.stat().st_mtime for number, path in paths.items()},
        changed_at=changed,
    )


def changed_at(folder: Path) -> int:
    """A number that differs once a file of the folder came, went or was renamed; 0 if there is no folder."""
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime_ns
    return 0


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as problem:
        raise ValueError(f"{path} is not a key that can be read: {problem.strerror}") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a key: {KEY_BYTES} bytes are expected, it has {len(key)}")
    return key


class Rotated(Struct, frozen=True):
    """What a rotation did: the primary key now, the one staged for the next time, and those that were removed."""

    primary: int
    promoted: bool
    staged: int
    removed: list[int]


def rotate(folder: Path, now: float, settled: float, doomed: set[int]) -> Rotated:
    """Make the staged key the primary one, stage another, remove the `doomed` ones that are neither.

    A ring without a staged key gets one, and its primary stays. `settled` is in seconds: how long a key must have been staged.
    Raises ValueError if it was not, or naming what is wrong with the folder.
    """
    with _alone_in(folder):
        (folder / _UNFINISHED).unlink(missing_ok=True)
        found = read(folder)
        primary = found.primary
        if found.staged is not None:
            _check_settled(folder, found, now, settled)
            primary = found.staged
            _promote(folder, primary, now)
        _write(folder, f"{primary + 1}{STAGED}", now)
        removed = sorted(number for number in found.keys if number in doomed and number < found.primary)
        for number in removed:
            (folder / str(number)).unlink()
        return Rotated(primary, found.staged is not None, primary + 1, removed)


def _check_settled(folder: Path, found: Found, now: float, settled: float) -> None:
    age = now - found.since[found.staged if found.staged is not None else found.primary]
    if age < settled:
        raise ValueError(
            f"{folder}/{found.staged}{STAGED} was staged {max(age, 0):.0f} s ago; wait until it is {settled:.0f} s, "
            "so that every process has read it before anything is sealed with it"
        )


def _promote(folder: Path, number: int, now: float) -> None:
    staged = folder / f"{number}{STAGED}"
    os.utime(staged, (now, now))
    staged.rename(folder / str(number))


def put_aside(folder: Path, now: float) -> Path:
    """Rename a folder, if it is there; its new path."""
    aside = folder.with_name(f"{folder.name}.{stamp(now).replace(':', '')}")
    if folder.exists():
        folder.rename(aside)
    return aside


def retired(found: Found, now: float, lifetime: float) -> set[int]:
    """The keys that sealed nothing during the last `lifetime` seconds: their successor has been primary for longer."""
    used = sorted(number for number in found.keys if number != found.staged)
    return {number for number, next_one in pairwise(used) if found.since[next_one] + lifetime <= now}


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process that would change the folder out."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, name: str, now: float | None = None) -> None:
    """Write a key under another name first, so that a crash leaves no half of one."""
    unfinished = folder / _UNFINISHED
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(ids.secret_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    if now is not None:
        os.utime(unfinished, (now, now))
    unfinished.rename(folder / name)
    sync(folder)
