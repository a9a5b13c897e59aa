"""Whole copies of an SQLite database, made while others write to it; and whether a file is such a copy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..durable import sync


class Unusable(ValueError):
    """The file is not a whole database of this program. The message says why."""


def copy(path: Path, to: Path) -> None:
    """A whole and consistent copy, whatever writes meanwhile; under its name only once it is on disk. For its owner alone."""
    unfinished = to.with_name(to.name + ".part")
    unfinished.touch(mode=0o600)
    source, target = sqlite3.connect(path), sqlite3.connect(unfinished)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()
    sync(unfinished)
    unfinished.rename(to)
    sync(to.parent)


def revision(path: Path) -> str:
    """The schema's revision of a copy, after every page of it was checked. Raises Unusable."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        [(verdict,), *_] = connection.execute("PRAGMA integrity_check").fetchall()
        if verdict != "ok":
            raise Unusable(f"the database is damaged: {verdict}")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as problem:
        raise Unusable(f"it is no database of this program: {problem}") from None
    finally:
        connection.close()
    if found is None:
        raise Unusable("the database has no schema revision")
    return str(found[0])
