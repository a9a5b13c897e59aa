"""Write a migration: what differs between the tables in the source and those that the migrations so far make.

migration.py NAME      a new file, to be read and completed by hand
migration.py baseline  the first one anew; only while nobody has a database that is worth keeping
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from cumulet.app.cloud import Cloud
from cumulet.kernel.db import Sqlite, metadata, migrations
from cumulet.kernel.db.query import POSTGRES, SQLITE

VERSIONS = migrations.FOLDER / "versions"


def main(argument: str) -> int:
    """Write the file and say where it is."""
    if argument == "baseline":
        for path in VERSIONS.glob("0001_*.py"):
            path.unlink()
    known = migrations.revisions()
    number = f"{int(known[-1]) + 1 if known else 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cumulet.db"
        if known:
            asyncio.run(_upgraded(path))
        _generate(path, number, argument)
    found = sorted(VERSIONS.glob(f"{number}_*.py"))
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "check", "-q", "--fix", *found], check=True)
    subprocess.run([ruff, "format", "-q", *found], check=True)
    print(*found)
    return 0


async def _upgraded(path: Path) -> None:
    db = Sqlite(path)
    await migrations.upgrade(db, metadata, migrations.FOLDER, "")
    await db.close()


def _generate(path: Path, number: str, name: str) -> None:
    assert Cloud, "importing it has made every table known"
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes.update(connection=connection, tables=metadata)
        words = name.replace("_", " ").capitalize()
        command.revision(config, words, autogenerate=True, rev_id=number, process_revision_directives=_spell_conditions)
    engine.dispose()


def _spell_conditions(context: Any, revision: Any, directives: list[Any]) -> None:
    """Write the condition of a partial index as each database spells it; Alembic would write both as SQLite does."""
    for operation in _operations(directives[0].upgrade_ops):
        for dialect in (SQLITE, POSTGRES):
            condition = getattr(operation, "kw", {}).get(f"{dialect.name}_where")
            if condition is not None:
                text = condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False})
                operation.kw[f"{dialect.name}_where"] = sa.text(str(text))


def _operations(container: Any) -> Iterator[Any]:
    for operation in container.ops:
        yield operation
        if hasattr(operation, "ops"):
            yield from _operations(operation)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
