"""How many statements the image service needs."""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
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


BYTES = {
    "api/data.py": {"upload"},
    "operations/uploads.py": {"receive", "_upload", "_take_in"},
    "intake.py": {"pour", "blocks"},
    "bytestores/incoming.py": {"Incoming.add", "_Lane.put", "_Lane._run"},
    "bytestores/file.py": {"_FileSink.write"},
}
"""What an upload's bytes pass through between the kernel's stream and the system: functions that have them in hand, and who calls
those. Left out is the look at the first block, which knows a dozen formats (`formats/`)."""


async def test_an_uploads_bytes_pass_through_10_functions_and_an_upload_enters_fewer_than_90(images):
    client = images.client()
    made = await images.make(client)
    client.event_hooks = {}
    calls, passed = Counter(), defaultdict(set)

    def look(frame, event, argument):
        if (place := own(frame)) is None:
            return
        calls[place] += event == "call"
        held = (value for value in frame.f_locals.values() if isinstance(value, bytes | memoryview))
        if not place[0].startswith("formats/") and any(len(value) >= 1 << 20 for value in held):
            while frame is not None:
                if (place := own(frame)) is not None:
                    passed[place[0]].add(place[1])
                frame = frame.f_back

    sys.setprofile(look)
    threading.setprofile(look)
    try:
        assert (await images.upload(client, made["id"], b"x" * (3 << 20))).status_code == 204
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert passed == BYTES
    assert sum(map(len, BYTES.values())) == 10
    assert 40 <= len(calls) < 90
    assert calls.total() < 250


def own(frame) -> tuple[str, str] | None:
    """File and function of a frame of the image service's."""
    _, ours, file = frame.f_code.co_filename.rpartition("/cumulet/image/")
    name = frame.f_code.co_qualname
    return (file, name) if ours and not name.endswith(("<listcomp>", "<dictcomp>", "<genexpr>", "<lambda>")) else None
