"""The upgrade to several stores: images from before it keep their bytes and everything else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from cumulet.app.cloud import Cloud
from cumulet.image.store import images
from cumulet.kernel.db import Query, Sqlite, metadata, migrations
from support.clock import FakeClock
from support.images import NOW

assert Cloud, "importing it has made every table known"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The migrations up to the one in question."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    [step] = (folder / "versions").glob("*_image_locations.py")
    for path in (folder / "versions").glob("[0-9]*.py"):
        if path.name >= step.name:
            path.unlink()
    return folder


async def test_an_image_of_before_is_in_the_store_that_there_was(tmp_path: Path, before: Path, clock: FakeClock) -> None:
    db = Sqlite(tmp_path / "cumulet.db", clock, durable=False)
    await migrations.upgrade(db, sa.MetaData(), before, "")
    names = "id, status, visibility, min_disk, min_ram, protected, os_hidden, created_at, updated_at, bytes_key, revision"
    values = f"'i', 'active', 'private', 0, 0, 0, 0, '{NOW}', '{NOW}', 'i.attempt', 0"
    async with db.tx() as tx:
        await tx.do(Query(sa.text(f"INSERT INTO images ({names}) VALUES ({values})")))
        await tx.do(Query(sa.text("INSERT INTO image_tags (image_id, value) VALUES ('i', 'kept')")))
    await migrations.prepare(db, metadata)
    async with db.read() as tx:
        found = await images.find(tx, "i", None)
    assert found is not None
    assert [(at.store, at.key) for at in found.locations] == [("file", "i.attempt")]
    assert found.tags == ("kept",)
    await db.close()
