"""Backups of the state folder: whole, for their owner only, and restored entirely or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
import tarfile
import tempfile
from functools import partial
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cumulet.app.cli import app
from cumulet.app.config import Config
from cumulet.app.state import archive
from cumulet.app.state.archive import CannotKeep, CannotRestore

NOW, LATER, KNOWN = "2030-01-01T00:00:00.000000", "2030-01-02T00:00:00.000000", ["0001", "0002"]


def write(config: Config, rows: int, schema: str = "0002") -> None:
    with sqlite3.connect(config.state / "cumulet.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        db.execute("CREATE TABLE IF NOT EXISTS things (n INTEGER)")
        db.execute("DELETE FROM alembic_version")
        db.execute("INSERT INTO alembic_version VALUES (?)", (schema,))
        db.executemany("INSERT INTO things VALUES (?)", [(n,) for n in range(rows)])
    db.close()


def things(config: Config) -> int:
    db = sqlite3.connect(config.state / "cumulet.db")
    [(found,)] = db.execute("SELECT count(*) FROM things").fetchall()
    db.close()
    return int(found)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A state folder as a cloud leaves it."""
    state = tmp_path / "state"
    (state / "token-keys").mkdir(parents=True)
    (state / "token-keys" / "0").write_bytes(b"a key")
    (state / "admin-password").write_text("secret")
    (state / "agent").mkdir()
    (state / "agent" / "agent.db").write_bytes(b"what the host knows")
    made = Config(state=state, port=1)
    write(made, 1)
    return made


@pytest.fixture
def backup(config: Config, tmp_path: Path) -> Path:
    file = tmp_path / "backup"
    archive.make(config, file, NOW)
    return file


def test_a_backup_holds_database_keys_and_passwords_and_nothing_of_the_host(config: Config, tmp_path: Path) -> None:
    manifest = archive.make(config, tmp_path / "b", NOW)
    assert set(manifest.files) == {"cumulet.db", "token-keys/0", "admin-password"}
    assert (manifest.schema, manifest.made_at) == ("0002", NOW)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "state"]


def test_a_backup_of_a_database_that_is_being_written_to_is_whole(config: Config, tmp_path: Path) -> None:
    writer = sqlite3.connect(config.state / "cumulet.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("INSERT INTO things VALUES (2)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO things VALUES (3)")
    archive.make(config, tmp_path / "b", NOW)
    writer.execute("COMMIT")
    writer.close()
    bare = Config(state=tmp_path / "bare")
    archive.restore(bare, tmp_path / "b", KNOWN, LATER)
    assert things(bare) == 2


def test_what_was_there_goes_aside_and_the_host_is_not_touched(config: Config, backup: Path) -> None:
    write(config, 5)
    (config.state / "token-keys" / "0").write_bytes(b"another key")
    (config.state / "cumulet.db-wal").write_bytes(b"")
    manifest, aside = archive.restore(config, backup, KNOWN, LATER)
    assert (manifest.made_at, things(config)) == (NOW, 1)
    assert (config.state / "token-keys" / "0").read_bytes() == b"a key"
    assert aside is not None
    assert (things(msgspec.structs.replace(config, state=aside)), (aside / "token-keys" / "0").read_bytes()) == (6, b"another key")
    assert not (config.state / "cumulet.db-wal").exists()
    assert (config.state / "agent" / "agent.db").read_bytes() == b"what the host knows"
    assert (config.state / "cumulet.db").stat().st_mode & 0o777 == 0o600


def test_an_empty_machine_gets_all_of_it(backup: Path, tmp_path: Path) -> None:
    bare = Config(state=tmp_path / "bare")
    _, aside = archive.restore(bare, backup, KNOWN, LATER)
    assert (things(bare), aside, (bare.state / "admin-password").read_text()) == (1, None, "secret")
    assert bare.state.stat().st_mode & 0o777 == 0o700


def rewritten(backup: Path, more: str) -> None:
    """The backup with one more file in it, of which its manifest knows."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(backup) as old:
        old.extractall(name, filter="data")
        manifest = msgspec.json.decode(Path(name, "manifest.json").read_bytes(), type=archive.Manifest)
        Path(name, more).parent.mkdir(exist_ok=True)
        Path(name, more).write_bytes(b"")
        files = {**manifest.files, more: hashlib.sha256(b"").hexdigest()}
        Path(name, "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))
        with tarfile.open(backup.with_suffix(".new"), "w:gz") as new:
            new.add(name, ".")
    backup.with_suffix(".new").rename(backup)


@pytest.mark.parametrize("damage", ["cut", "changed", "not an archive", "a newer schema", "more than a backup has"])
def test_what_cannot_be_used_changes_nothing(config: Config, backup: Path, damage: str) -> None:
    content = backup.read_bytes()
    known = KNOWN
    if damage == "cut":
        backup.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        middle = len(content) // 2
        backup.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif damage == "more than a backup has":
        rewritten(backup, "agent/agent.db")
    elif damage == "not an archive":
        backup.write_bytes(b"nothing")
    else:
        known = ["0001"]
    before = {path: path.read_bytes() for path in config.state.rglob("*") if path.is_file()}
    for work in (archive.check, partial(archive.restore, now=LATER)):
        with pytest.raises(CannotRestore):
            work(config, backup, known)
    assert {path: path.read_bytes() for path in config.state.rglob("*") if path.is_file()} == before


def test_a_backup_is_never_written_over_and_needs_a_cloud_on_sqlite(config: Config, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotKeep, match="is there already"):
        archive.make(config, backup, NOW)
    with pytest.raises(CannotKeep, match="There is no cloud"):
        archive.make(Config(state=tmp_path / "nothing"), tmp_path / "b", NOW)
    postgres = msgspec.structs.replace(config, database="postgresql://host/name")
    with pytest.raises(CannotKeep, match="pg_dump"):
        archive.make(postgres, tmp_path / "b", NOW)
    with pytest.raises(CannotRestore, match="PostgreSQL"):
        archive.restore(postgres, backup, KNOWN, NOW)
    assert not (tmp_path / "b").exists()


def test_the_commands_say_what_they_did_and_what_is_next(config: Config, tmp_path: Path) -> None:
    write(config, 0, "0001")
    state, environment = ["--state", str(config.state)], {"CUMULET_PORT": "1"}
    done = CliRunner().invoke(app, ["backup", str(tmp_path / "b"), *state], env=environment)
    assert (done.exit_code, "It holds keys and passwords" in done.output) == (0, True)
    again = CliRunner().invoke(app, ["backup", str(tmp_path / "b"), *state], env=environment)
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    restored = CliRunner().invoke(app, ["restore", str(tmp_path / "b"), *state], env=environment)
    assert (restored.exit_code, "restore-check" in restored.output) == (0, True), restored.output
    nothing = CliRunner().invoke(app, ["restore", str(tmp_path / "c"), *state], env=environment)
    assert (nothing.exit_code, "no backup that this program can read" in nothing.output) == (1, True)
