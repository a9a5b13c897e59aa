"""Getting bytes out, and where agents find them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urlparse

import pytest

from cumulet.image.bytestores import BLOCK
from cumulet.image.operations import images as operations
from cumulet.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from support.images import actor, qcow2


@pytest.fixture
async def filled(images):
    """A client, the path of an image's data, and the data."""
    client = images.client()
    content = os.urandom(BLOCK + 100)
    active = await images.active(client, content)
    return client, f"/v2/images/{active['id']}/file", content


async def test_the_whole_image_comes_with_its_checksum(filled):
    client, path, content = filled
    answer = await client.get(path)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-MD5"] == hashlib.md5(content).hexdigest()


async def test_a_part_of_an_image_says_which_part_it_is(filled):
    client, path, content = filled
    answer = await client.get(path, headers={"Range": f"bytes=5-{BLOCK + 9}"})
    assert (answer.status_code, answer.content) == (206, content[5 : BLOCK + 10])
    assert answer.headers["Content-Range"] == f"bytes 5-{BLOCK + 9}/{len(content)}"
    assert answer.headers["Content-Length"] == str(BLOCK + 5)


async def test_a_part_outside_the_image_is_refused(filled):
    client, path, content = filled
    answer = await client.get(path, headers={"Range": f"bytes={len(content)}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(content)}"
    assert (await client.get(path, headers={"Range": "bytes=0-1,4-5"})).status_code == 400


async def test_head_tells_the_size_and_sends_nothing(filled):
    client, path, content = filled
    answer = await client.head(path)
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", str(len(content)))


async def test_an_image_without_data_has_no_content(images):
    client = images.client()
    made = await images.make(client)
    answer = await client.get(made["file"])
    assert (answer.status_code, answer.content) == (204, b"")


async def test_an_empty_image_is_downloaded_as_such(images):
    client = images.client()
    active = await images.active(client, b"")
    answer = await client.get(active["file"])
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


async def test_a_reader_sees_the_image_but_does_not_get_its_data(images, filled):
    _, path, _ = filled
    assert (await images.client(role="reader").get(path)).status_code == 403


async def test_a_member_of_a_shared_image_gets_its_data(images, filled):
    client, path, content = filled
    await client.post(path.replace("/file", "/members"), json={"member": "friend"})
    assert (await images.client("friend").get(path)).content == content


async def test_lost_bytes_are_a_clear_failure_and_not_an_empty_image(images, filled):
    client, path, _ = filled
    (key,) = images.files()["images"]
    (images.folder / "images" / key).unlink()
    answer = await client.get(path)
    assert answer.status_code == 503
    assert key not in answer.text


def bytes_at(url: str) -> bytes:
    return Path(urlparse(url).path).read_bytes()


async def source(images, image_id: str):
    async with images.db.read() as tx:
        return await operations.source(tx, images.stores, image_id)


async def test_an_agent_is_told_where_the_bytes_are_and_what_they_hash_to(images):
    content = qcow2()
    active = await images.active(images.client(), content, disk_format="qcow2")
    told = await source(images, active["id"])
    assert (told.image_id, told.size, told.disk_format) == (active["id"], len(content), "qcow2")
    assert (told.algorithm, told.digest) == ("sha512", active["os_hash_value"])
    assert bytes_at(told.url) == content


async def test_T6_agents_are_not_told_of_bytes_that_must_not_be_read(images):
    client = images.client()
    with pytest.raises(NotFound):
        await source(images, "nothing")
    with pytest.raises(Conflict):
        await source(images, (await images.make(client))["id"])
    active = await images.active(client)
    await client.post(f"/v2/images/{active['id']}/actions/deactivate")
    with pytest.raises(Forbidden):
        await source(images, active["id"])
    await client.delete(f"/v2/images/{active['id']}")
    with pytest.raises(NotFound):
        await source(images, active["id"])


async def test_no_server_starts_from_a_container_that_nobody_looked_into(images):
    active = await images.active(images.client(), qcow2(backing=True), disk_format="qcow2", container_format="ovf")
    with pytest.raises(Invalid, match="container_format ovf"):
        await source(images, active["id"])


async def test_other_services_get_an_image_as_its_reader_may_see_it(images):
    active = await images.active(images.client(), tags=["t"], color="blue")
    async with images.db.read() as tx:
        found = await operations.get(tx, actor("demo", "reader"), active["id"])
        assert (found.status, found.tags, found.properties) == ("active", ("t",), {"color": "blue"})
        with pytest.raises(NotFound):
            await operations.get(tx, actor("stranger"), active["id"])
