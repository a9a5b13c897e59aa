"""Copies of images that are kept far away."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cumulet.image.bytestores.cache import Cache
from cumulet.image.bytestores.settings import FileSettings, HttpSettings
from cumulet.image.operations.upkeep import caching
from cumulet.image.settings import ImportSettings
from cumulet.kernel.fetching import Reach
from support.images import ImageCloud, image_cloud
from support.web import WebServer

CONTENT = b"kept elsewhere" * 100_000
LIMIT = 2 * len(CONTENT) + 1


@pytest.fixture
async def images(tmp_path):
    """An image service with a cache that has room for two copies."""
    named = {"file": FileSettings(path=str(tmp_path / "images")), "web": HttpSettings(private=True)}
    settings = ImportSettings(reach=Reach(ports=(), private=True))
    async with image_cloud(tmp_path, named, imports=settings) as cloud:
        with_cache(cloud, tmp_path)
        yield cloud


def with_cache(images: ImageCloud, folder: Any) -> Cache:
    """Open the cache, as after a start."""
    return images.open_cache(folder / "cache", LIMIT)


async def far(images: ImageCloud, web: WebServer, name: str) -> dict[str, Any]:
    """An image whose bytes are on the web server."""
    made = await images.make(images.client(), name=name)
    body = {"url": web.put(f"/{name}", name.encode() + CONTENT[len(name) :])}
    assert (await images.client().post(f"/v2/images/{made['id']}/locations", json=body)).status_code == 202
    await images.settle()
    return (await images.client().get(f"/v2/images/{made['id']}")).json()


async def state(images: ImageCloud) -> dict[str, Any]:
    return (await images.client("ops", "admin").get("/v2/cache")).json()


async def cached(images: ImageCloud) -> list[str]:
    return [copy["image_id"] for copy in (await state(images))["cached_images"]]


async def queue(images: ImageCloud, image_id: str) -> int:
    return (await images.client("ops", "admin").put(f"/v2/cache/{image_id}")).status_code


async def download(images: ImageCloud, image: dict[str, Any], **headers: str) -> bytes:
    answer = await images.client().get(image["file"], headers=headers)
    assert answer.status_code in (200, 206), answer.text
    return answer.content


async def test_what_is_downloaded_whole_from_afar_is_read_from_the_cache_the_next_time(images, web):
    image = await far(images, web, "a")
    first = await download(images, image)
    assert await state(images) == {"cached_images": [], "queued_images": [image["id"]]}
    await caching.fill(images.parts)
    web.take("/a")
    await images.clock.advance(60)
    assert await download(images, image) == first
    assert await download(images, image, Range="bytes=5-9") == first[5:10]
    said = await state(images)
    now = images.clock.now()
    copy = {"image_id": image["id"], "hits": 2, "last_accessed": now, "last_modified": now - 60, "size": len(first)}
    assert said == {"cached_images": [copy], "queued_images": []}


async def test_neither_parts_nor_what_is_on_this_machine_is_queued_by_a_download(images, web):
    image = await far(images, web, "a")
    await download(images, image, Range="bytes=5-9")
    await download(images, await images.active(images.client(), CONTENT))
    assert (await state(images))["queued_images"] == []


async def test_an_administrator_may_queue_any_active_image(images):
    image = await images.active(images.client(), CONTENT)
    assert await queue(images, image["id"]) == 202
    assert await queue(images, image["id"]) == 202
    assert (await state(images))["queued_images"] == [image["id"]]
    await caching.fill(images.parts)
    assert await cached(images) == [image["id"]]


async def test_only_images_with_bytes_are_queued(images):
    assert await queue(images, "no-such-image") == 404
    assert await queue(images, (await images.make(images.client()))["id"]) == 400


async def test_what_does_not_have_the_checksum_is_never_read_from_the_cache(images, web, caplog):
    image = await far(images, web, "a")
    web.put("/a", CONTENT[1:] + b"x")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    assert (await cached(images), (await state(images))["queued_images"]) == ([], [image["id"]])
    assert "has the sha512" in caplog.text
    assert list((images.parts.cache.bytes.store.root / "incoming").iterdir()) == []


async def test_a_server_that_is_down_is_tried_again(images, web):
    image = await far(images, web, "a")
    content = await download(images, image)
    web.take("/a")
    await caching.fill(images.parts)
    assert (await state(images))["queued_images"] == [image["id"]]
    web.put("/a", content)
    await caching.fill(images.parts)
    assert await cached(images) == [image["id"]]


async def test_the_least_recently_read_copy_makes_room(images, web):
    a, b, c = [await far(images, web, name) for name in "abc"]
    for image in (a, b):
        await queue(images, image["id"])
        await caching.fill(images.parts)
        await images.clock.advance(10)
    await download(images, a)
    await queue(images, c["id"])
    await caching.fill(images.parts)
    assert set(await cached(images)) == {a["id"], c["id"]}
    assert sum(path.stat().st_size for path in images.parts.cache.bytes.store.root.rglob("*") if path.is_file()) <= LIMIT


async def test_what_is_larger_than_the_cache_is_not_cached_and_removes_nothing(images, web, caplog):
    a = await far(images, web, "a")
    await queue(images, a["id"])
    await caching.fill(images.parts)
    large = await images.active(images.client(), CONTENT * 3)
    await queue(images, large["id"])
    await caching.fill(images.parts)
    assert await state(images) == {"cached_images": (await state(images))["cached_images"], "queued_images": []}
    assert await cached(images) == [a["id"]]
    assert f"{3 * len(CONTENT)} bytes are more than the cache's {LIMIT}" in caplog.text


async def test_copies_leave_room_for_images_on_the_same_disk(images, caplog):
    image = await images.active(images.client(), CONTENT)
    await queue(images, image["id"])
    await caching.fill(replace(images.parts, settings=replace(images.parts.settings, reserve=1 << 60)))
    assert await state(images) == {"cached_images": [], "queued_images": []}
    assert f"{1 << 60} are kept free" in caplog.text


@pytest.mark.parametrize(("target", "left"), [("", (0, 0)), ("cache", (0, 1)), ("queue", (1, 0)), ("CACHE", (0, 1))])
async def test_the_cache_the_queue_or_both_are_cleared(images, web, target, left):
    for name in "ab":
        await queue(images, (await far(images, web, name))["id"])
        if name == "a":
            await caching.fill(images.parts)
    answer = await images.client("ops", "admin").delete("/v2/cache", headers={"x-image-cache-clear-target": target})
    assert answer.status_code == 204
    said = await state(images)
    assert (len(said["cached_images"]), len(said["queued_images"])) == left


async def test_another_target_is_refused(images):
    answer = await images.client("ops", "admin").delete("/v2/cache", headers={"x-image-cache-clear-target": "all"})
    assert (answer.status_code, "'all'" in answer.text) == (400, True)


async def test_one_image_is_removed_from_cache_and_queue(images, web):
    image = await far(images, web, "a")
    operator = images.client("ops", "admin")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    await queue(images, image["id"])
    assert (await operator.delete(f"/v2/cache/{image['id']}")).status_code == 204
    assert await state(images) == {"cached_images": [], "queued_images": []}
    assert (await operator.delete(f"/v2/cache/{image['id']}")).status_code == 204
    assert (await operator.delete("/v2/cache/no-such-image")).status_code == 404


async def test_a_deactivated_image_is_not_read_from_the_cache(images, web):
    image = await far(images, web, "a")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    await images.client("ops", "admin").post(f"/v2/images/{image['id']}/actions/deactivate")
    assert (await images.client().get(image["file"])).status_code == 403


async def test_the_copy_of_a_deleted_image_goes_with_the_next_round(images, web):
    image = await far(images, web, "a")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    assert (await images.client().delete(f"/v2/images/{image['id']}")).status_code == 204
    assert (await images.client().get(image["file"])).status_code == 404
    await caching.fill(images.parts)
    assert await cached(images) == []
    assert images.parts.cache.bytes.store.complete() == []


async def test_copies_and_queue_outlive_the_process(images, web, tmp_path):
    a, b = await far(images, web, "a"), await far(images, web, "b")
    await queue(images, a["id"])
    await caching.fill(images.parts)
    await download(images, a)
    await queue(images, b["id"])
    images.parts.cache.close()
    before = (images.parts.cache.copies, images.parts.cache.queue)
    again = with_cache(images, tmp_path)
    assert (again.copies, again.queue) == before
    await caching.fill(images.parts)
    assert set(await cached(images)) == {a["id"], b["id"]}


@pytest.mark.parametrize("said", [b"", b"not json", b'{"copies": 3}'])
async def test_an_unreadable_index_costs_the_copies_and_nothing_else(images, web, tmp_path, said):
    image = await far(images, web, "a")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    (tmp_path / "cache" / "index.json").write_bytes(said)
    again = with_cache(images, tmp_path)
    assert (again.copies, again.bytes.store.complete()) == ([], [])
    assert len(await download(images, image)) == len(CONTENT)


async def test_a_copy_that_vanished_is_no_reason_to_fail(images, web):
    image = await far(images, web, "a")
    await queue(images, image["id"])
    await caching.fill(images.parts)
    copy = images.parts.cache.find(image["id"], images.parts.cache.copies[0].key)
    images.parts.cache.bytes.store.drop(copy.file)
    assert len(await download(images, image)) == len(CONTENT)
    assert await cached(images) == []


async def test_only_administrators_see_and_change_the_cache(images):
    member = images.client()
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/any"), ("DELETE", "/any")):
        assert (await member.request(method, f"/v2/cache{path}")).status_code == 403


async def test_versions_that_mean_a_cache_are_listed_where_there_is_one(images):
    versions = [version["id"] for version in (await images.client().get("/versions")).json()["versions"]]
    assert versions == [f"v2.{minor}" for minor in range(17, -1, -1)]
