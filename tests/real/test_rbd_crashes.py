"""A cloud that keeps images in Ceph is killed in the middle of things: nothing half done is there when it is back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from cumulet.app.operator.client import RequestFailed
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.image.bytestores.settings import RbdSettings
from cumulet.kernel.ceph.block_image import BlockImage
from cumulet.kernel.errors import Conflict
from support.importing import MIB, Importing, importing
from support.rbd import ceph_rbd, configured, emptied
from support.real_cloud import until

pytestmark = pytest.mark.real
CONTENT = os.urandom(MIB) * 192


@pytest.fixture
def settings(real_ceph) -> RbdSettings:
    """A pool for images."""
    return ceph_rbd(real_ceph)


@pytest.fixture
def store(settings) -> RbdStore:
    """An empty store in it."""
    return emptied(settings)


@pytest.fixture
async def here(tmp_path: Path, settings: RbdSettings, store: RbdStore) -> AsyncIterator[Importing]:
    """A cloud whose images are in it."""
    async with importing(tmp_path) as cloud:
        assert cloud.cloud.file is not None
        text = (await asyncio.to_thread(cloud.cloud.file.read_text)).replace('default_store = "fast"', 'default_store = "ceph"')
        await asyncio.to_thread(cloud.cloud.file.write_text, text + configured(settings))
        cloud.cloud.kill()
        await cloud.up()
        yield cloud


async def half_is_written(store: RbdStore) -> None:
    """Return once an image in the pool has bytes."""

    def begun() -> bool:
        for name in store.pool.names():
            with suppress(OSError), store.pool.opened(name) as image:
                return name.startswith("cloud.incoming.") and has_bytes(image)
        return False

    await until(lambda: asyncio.to_thread(begun), "bytes in the pool", 60, pause=0.002)


def has_bytes(image: BlockImage) -> bool:
    return image.size() > 16 * MIB and image.read(8 * MIB, 4) == CONTENT[:4]


async def nothing_is_left(store: RbdStore, *complete: str) -> None:
    """What the dead process wrote can be removed once Ceph has noticed that it is dead; the rest is as it should be."""
    assert sorted(store.complete()) == sorted(complete)

    async def gone() -> bool:
        for key in store.incoming():
            with suppress(Conflict):
                await asyncio.to_thread(store.drop, key)
        return store.incoming() == []

    await until(gone, "what the dead process wrote is removed", 60, pause=0.5)
    assert len([name for name in store.pool.names() if name.startswith("cloud.")]) == len(complete)


async def test_T1_an_upload_into_ceph_that_was_killed_leaves_nothing(here: Importing, store: RbdStore, tmp_path: Path) -> None:
    image_id, file = await here.queued(), tmp_path / "content"
    await asyncio.to_thread(file.write_bytes, CONTENT)
    sending = asyncio.create_task(here.client.upload(f"/image/v2/images/{image_id}/file", file))
    await half_is_written(store)
    here.cloud.kill()
    with pytest.raises(RequestFailed):
        await sending
    await here.up()
    image = await here.image(image_id)
    assert (image["status"] in ("saving", "queued"), image["size"], image.get("stores")) == (True, None, None)
    await nothing_is_left(store)


async def test_T1_an_import_into_ceph_that_was_killed_is_finished(here: Importing, store: RbdStore) -> None:
    image_id = await here.staged(CONTENT)
    await here.ask(image_id, "glance-direct", stores=["ceph"])
    await half_is_written(store)
    assert (await here.task(image_id))["status"] == "processing"
    here.cloud.kill()
    await here.up()
    assert (await here.ended(image_id))["status"] == "success"
    assert (await here.image(image_id))["stores"] == "ceph"
    (key,) = store.complete()
    assert key.startswith(image_id)
    assert b"".join(store.blocks(key, 0, len(CONTENT))) == CONTENT
    await nothing_is_left(store, key)
