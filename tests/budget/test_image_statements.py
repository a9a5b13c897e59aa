"""How many statements the image service needs."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.images import ImageCloud, image_cloud


@pytest.fixture
async def images(tmp_path: Path) -> AsyncIterator[ImageCloud]:
    """A fresh image service, which authenticates without the database."""
    async with image_cloud(tmp_path / "store") as cloud:
        yield cloud


async def test_an_upload_takes_at_most_6_statements_however_large(images):
    client = images.client()
    for size in (10, 5 << 20):
        made = await images.make(client)
        before = images.db.statements
        assert (await images.upload(client, made["id"], bytes(size))).status_code == 204
        assert images.db.statements - before <= 6


async def test_a_download_takes_at_most_2_statements(images):
    client = images.client()
    active = await images.active(client)
    before = images.db.statements
    assert (await client.get(active["file"])).status_code == 200
    assert images.db.statements - before <= 2


async def test_a_list_takes_3_statements_for_any_number_of_images_and_one_when_nothing_has_changed(images):
    client = images.client()
    for count in (1, 2):
        await images.active(client, tags=["a", "b"], color="blue", shape="round")
        for most in (3, 1):
            before = images.db.statements
            assert len((await client.get("/v2/images")).json()["images"]) == count
            assert images.db.statements - before <= most


async def test_making_an_image_takes_at_most_4_statements(images):
    before = images.db.statements
    await images.make(images.client(), tags=["a", "b", "c"], **{f"property{at}": "x" for at in range(20)})
    assert images.db.statements - before <= 4


async def test_at_most_10_functions_of_the_image_service_lie_between_the_request_and_the_bytes(images):
    client = images.client()
    made = await images.make(client)
    deepest = 0

    def look(frame, event, argument):
        nonlocal deepest
        depth, above = 0, frame
        while event == "call" and above is not None:
            depth, above = depth + ("/cumulet/image/" in above.f_code.co_filename), above.f_back
        deepest = max(deepest, depth)

    sys.setprofile(look)
    threading.setprofile(look)
    try:
        assert (await images.upload(client, made["id"], b"x" * (3 << 20))).status_code == 204
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert 4 <= deepest <= 10
