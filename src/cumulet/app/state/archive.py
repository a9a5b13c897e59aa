"""One file with all that the control plane cannot be made again from: database, keys, passwords, rules.

What is on hosts is not in it. A host's journal and ledger say which disks there are; older ones beside newer disks would be
believed, and disks lost. An older database is noticed, and refused until an operator has compared it (F7): `cumulet
restore-check`. Images are not in it either: they are large, never change, and are files that any tool can copy.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from ...kernel.clock import Stamp
from ...kernel.db import copies
from ...kernel.durable import sync
from ..config import CREDENTIAL_KEYS, TOKEN_KEYS, Config

DATABASE = "cumulet.db"
PARTS = (TOKEN_KEYS, CREDENTIAL_KEYS, "admin-password", "demo-password", "policy.yaml", "certificates")
"""Files and folders of the state folder that are kept beside the database, as far as they are there."""

_FORMAT = 1
_MANIFEST = "manifest.json"


class CannotKeep(ValueError):
    """There is nothing to keep, or no place; nothing was written. The message says why."""


class CannotRestore(ValueError):
    """The file cannot be used, or not now; nothing was changed. The message says why."""


class Manifest(Struct, frozen=True):
    """What an archive holds: SHA-256 in hexadecimal by the file's path in the state folder. `schema` is the database's revision."""

    made_at: Stamp
    schema: str
    files: dict[str, str]
    format: int = _FORMAT


def make(config: Config, file: Path, now: Stamp) -> Manifest:
    """Write an archive of a cloud, whether it runs or not; under its name only once it is on disk. Raises CannotKeep."""
    if config.database:
        raise CannotKeep("The database is PostgreSQL: use pg_dump, and the keys and passwords of the state folder beside it.")
    if not (config.state / DATABASE).exists():
        raise CannotKeep(f"There is no cloud in {config.state}: name its folder with --state.")
    if file.exists():
        raise CannotKeep(f"{file} is there already: name another file.")
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as name:
        folder = Path(name)
        copies.copy(config.state / DATABASE, folder / DATABASE)
        _gather(config.state, folder)
        manifest = Manifest(now, copies.revision(folder / DATABASE), {path: _hash(folder / path) for path in _files(folder)})
        (folder / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        _pack(folder, folder / file.name)
        (folder / file.name).rename(file)
    sync(file.parent)
    return manifest


def _gather(state: Path, folder: Path) -> None:
    for part in PARTS:
        if (state / part).is_dir():
            shutil.copytree(state / part, folder / part)
        elif (state / part).exists():
            shutil.copy2(state / part, folder / part)


def _files(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file())


def _pack(folder: Path, file: Path) -> None:
    names = [_MANIFEST, *(name for name in _files(folder) if name != _MANIFEST)]
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for name in names:
                archive.add(folder / name, name)
        raw.flush()
        os.fsync(raw.fileno())


def check(config: Config, file: Path, known: list[str]) -> None:
    """Raise CannotRestore if `restore` would; the cloud may run."""
    with _unpacked(config, file, known):
        pass


@contextmanager
def _unpacked(config: Config, file: Path, known: list[str]) -> Iterator[tuple[Manifest, Path]]:
    """What the archive says, and a folder with what it holds, on the file system of the state. Raises CannotRestore."""
    if config.database:
        raise CannotRestore("The database is PostgreSQL: restore it with its own tools, then compare with cumulet restore-check.")
    config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=config.state) as name:
        manifest = _unpack(file, Path(name))
        if manifest.schema not in known:
            raise CannotRestore(f"{file} has schema {manifest.schema}, this program knows those up to {known[-1]}.")
        yield manifest, Path(name)


def restore(config: Config, file: Path, known: list[str], now: Stamp) -> tuple[Manifest, Path | None]:
    """Put what an archive holds into the state folder of a cloud that does not run; what was there goes aside.

    `known` are the schemas that this program has. Returns what the archive says and where the earlier files are, None if there
    were none. Raises CannotRestore; then the state folder is as it was.
    """
    with _unpacked(config, file, known) as (manifest, fresh):
        aside = _put_aside(config.state, config.state / f"before-restore.{now.replace(':', '')}")
        for part in sorted({Path(path).parts[0] for path in manifest.files}):
            (fresh / part).rename(config.state / part)
    sync(config.state)
    return manifest, aside


def _unpack(file: Path, folder: Path) -> Manifest:
    """What is in the archive, each file compared with its hash. Raises CannotRestore."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
    except (OSError, EOFError, zlib.error, tarfile.TarError, msgspec.MsgspecError) as problem:
        raise CannotRestore(f"{file} is no backup that this program can read: {problem}") from None
    if manifest.format != _FORMAT:
        raise CannotRestore(f"{file} has format {manifest.format}, this program reads {_FORMAT}.")
    (folder / _MANIFEST).unlink()
    if {path: _hash(folder / path) for path in _files(folder)} != manifest.files:
        raise CannotRestore(f"{file} does not hold what its manifest says: it is damaged, or was changed.")
    strange = {Path(path).parts[0] for path in manifest.files} - {DATABASE, *PARTS}
    if strange or DATABASE not in manifest.files:
        raise CannotRestore(f"{file} is no backup of a cloud: it has {', '.join(sorted(strange)) or 'no database'}.")
    try:
        copies.revision(folder / DATABASE)
    except copies.Unusable as problem:
        raise CannotRestore(f"{file}: {problem}") from None
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        sync(path)
    return manifest


def _put_aside(state: Path, aside: Path) -> Path | None:
    there = [state / name for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", *PARTS) if (state / name).exists()]
    if not there:
        return None
    aside.mkdir(mode=0o700)
    for path in there:
        path.rename(aside / path.name)
    return aside


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
