"""A real guest boots from an image that is in Ceph only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.ceph import Ceph
from support.rbd import POOL, ceph_rbd, configured, emptied
from support.real_cloud import real_cloud

pytestmark = pytest.mark.real


async def test_a_server_boots_from_an_image_in_ceph(image: Path, real_ceph: Ceph, tmp_path: Path) -> None:
    settings = ceph_rbd(real_ceph)
    store, reader = emptied(settings), real_ceph.user("host", POOL, profile="rbd-read-only")
    hosts = f'[host_ceph]\nconf = "{settings.conf}"\nuser = "host"\nkeyring = "{reader}"\n'
    async with real_cloud(image) as cloud:
        cloud.file = tmp_path / "cumulet.toml"
        await asyncio.to_thread(cloud.file.write_text, configured(settings) + hosts)
        await cloud.up()
        await cloud.hello()
        (shown,) = (await cloud.demo.get("/image/v2/images?name=tiny"))["images"]
        assert shown["stores"] == "ceph"
        assert [key.partition(".")[0] for key in store.complete()] == [shown["id"]]
        assert await cloud.ssh("hostname") == "hello"
