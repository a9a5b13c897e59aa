"""Data that stays on a web server, other regions' images, and where data is."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from msgspec.structs import replace

from cumulet.image.bytestores.settings import FileSettings, HttpSettings
from cumulet.image.settings import ImportSettings
from cumulet.kernel.fetching import Reach
from support.images import ImageCloud, image_cloud, qcow2
from support.web import WebServer

CONTENT = b"kept elsewhere" * 1000
REGION = "another-region"
REMOTE = "22222222-2222-2222-2222-222222222222"


@pytest.fixture
async def images(tmp_path):
    """An image service that reads web servers."""
    named = {"file": FileSettings(path=str(tmp_path / "images")), "web": HttpSettings(private=True)}
    settings = ImportSettings(reach=Reach(ports=(), private=True))
    async with image_cloud(tmp_path, named, imports=settings) as cloud:
        yield cloud


async def add(images: ImageCloud, image_id: str, url: str, **validation: str) -> int:
    body: dict[str, Any] = {"url": url} | ({"validation_data": validation} if validation else {})
    answer = await images.client().post(f"/v2/images/{image_id}/locations", json=body)
    await images.settle()
    return answer.status_code


async def shown(images: ImageCloud, image_id: str) -> dict[str, Any]:
    return (await images.client().get(f"/v2/images/{image_id}")).json()


async def test_T5_data_at_a_location_is_read_before_the_image_is_active(images, web):
    url = web.put("/image", CONTENT)
    made = await images.make(images.client())
    assert await add(images, made["id"], url) == 202
    active = await shown(images, made["id"])
    assert (active["status"], active["stores"], active["size"]) == ("active", "web", len(CONTENT))
    assert (active["checksum"], active["os_hash_value"]) == (hashlib.md5(CONTENT).hexdigest(), hashlib.sha512(CONTENT).hexdigest())
    assert (await images.client().get(made["file"], headers={"Range": "bytes=5-9"})).content == CONTENT[5:10]
    assert images.everything() == []
    task = await images.task(made["id"])
    assert (task["type"], task["status"]) == ("location_import", "success")


async def test_where_data_is_is_told_to_services_only(images, web):
    url = web.put("/image", CONTENT)
    made = await images.make(images.client())
    await add(images, made["id"], url)
    path = f"/v2/images/{made['id']}/locations"
    assert (await images.client().get(path)).status_code == 403
    answer = await images.client("demo", "admin").get(path)
    assert answer.json() == [{"url": url, "metadata": {"store": "web"}}]
    assert "locations" not in await shown(images, made["id"])


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_an_announced_hash_is_compared(images, web, algorithm):
    url = web.put("/image", CONTENT)
    right = hashlib.new(algorithm, CONTENT).hexdigest()
    made = await images.make(images.client())
    assert await add(images, made["id"], url, os_hash_algo=algorithm, os_hash_value="0" * len(right)) == 202
    assert (await shown(images, made["id"]))["status"] == "queued"
    assert "not the one that was announced" in (await images.task(made["id"]))["message"]
    assert await add(images, made["id"], url, os_hash_algo=algorithm, os_hash_value=right) == 202
    assert (await shown(images, made["id"]))["status"] == "active"


@pytest.mark.parametrize(
    "validation",
    [
        {"os_hash_value": "0" * 128},
        {"os_hash_algo": "sha123", "os_hash_value": "0"},
        {"os_hash_algo": "sha512", "os_hash_value": "0"},
        {"x": "y"},
    ],
)
async def test_validation_data_must_make_sense(images, validation):
    made = await images.make(images.client())
    assert await add(images, made["id"], "http://127.0.0.1/", **validation) == 400


async def test_an_unsafe_image_at_a_location_is_refused(images, web):
    url = web.put("/image", qcow2(backing=True))
    made = await images.make(images.client(), disk_format="qcow2")
    assert await add(images, made["id"], url) == 202
    assert (await shown(images, made["id"]))["status"] == "queued"
    assert "backing file" in (await images.task(made["id"]))["message"]


async def test_only_a_queued_image_gets_a_location_and_only_one_that_can_be_read(images, web):
    active = await images.active(images.client())
    assert await add(images, active["id"], web.put("/image", CONTENT)) == 409
    made = await images.make(images.client())
    for url in ("file:///etc/passwd", "rbd://pool/image", "nonsense"):
        assert await add(images, made["id"], url) == 400
    assert (await images.client("other").post(f"/v2/images/{made['id']}/locations", json={"url": "http://x/"})).status_code == 404


async def test_deleting_an_image_leaves_its_web_server_alone(images, web):
    made = await images.make(images.client())
    await add(images, made["id"], web.put("/image", CONTENT))
    assert (await images.client().delete(f"/v2/images/{made['id']}")).status_code == 204
    assert {method for method, _, _ in web.asked} <= {"GET", "HEAD"}


async def from_region(images: ImageCloud, web: WebServer, region: str = REGION, image_id: str = REMOTE) -> Any:
    """The status of the answer, and the image afterwards."""
    images.regions.urls[REGION] = f"http://127.0.0.1:{web.port}/image/"
    made = await images.make(images.client(), disk_format="iso")
    method = {"name": "glance-download", "glance_region": region, "glance_image_id": image_id}
    answer = await images.client().post(f"/v2/images/{made['id']}/import", json={"method": method})
    await images.settle()
    return answer.status_code, await shown(images, made["id"])


async def test_an_image_comes_from_another_region_with_what_it_needs(images, web):
    there = {"id": REMOTE, "status": "active", "disk_format": "raw", "container_format": "bare", "hw_disk_bus": "scsi", "note": "x"}
    web.put(f"/image/v2/images/{REMOTE}", json.dumps(there).encode())
    web.put(f"/image/v2/images/{REMOTE}/file", CONTENT)
    status, found = await from_region(images, web)
    assert (status, found["status"], found["size"]) == (202, "active", len(CONTENT))
    assert (found["disk_format"], found["hw_disk_bus"], "note" in found) == ("raw", "scsi", False)
    # A test beside this one may still ask a server that had this port before.
    asked = [headers for _, path, headers in web.asked if path.startswith("/image/")]
    assert {headers.get("X-Auth-Token") for headers in asked} == {"demo:member"}
    async with images.db.read() as tx:
        from cumulet.kernel import workflow

        assert "demo:member" not in str(await workflow.list_unfinished(tx))


@pytest.mark.parametrize(
    ("there", "region", "said"),
    [
        ({"status": "queued"}, REGION, "not active"),
        (None, REGION, "404"),
        ({"status": "active"}, REGION, "does not answer as one"),
        ({"status": "active"}, "nowhere", "no such image service"),
    ],
)
async def test_an_image_that_cannot_come_from_another_region_stays_queued(images, web, there, region, said):
    if there is not None:
        web.put(f"/image/v2/images/{REMOTE}", json.dumps(there).encode())
    status, found = await from_region(images, web, region)
    assert (status, found["status"], found["disk_format"]) == (202, "queued", "iso")
    assert said in (await images.task(found["id"]))["message"]
    assert images.everything() == []


async def test_the_other_regions_image_must_be_named_properly(images, web):
    assert (await from_region(images, web, image_id="no uuid"))[0] == 400


def test_a_token_is_not_readable_where_it_waits(images):
    sealed = images.parts.seal("a token")
    assert "token" not in sealed
    assert images.parts.unseal(sealed) == "a token"
    with pytest.raises(ValueError):
        replace(images.parts, vault=None).seal("a token")


async def patch(images: ImageCloud, image_id: str, *changes: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    media = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    answer = await images.client().patch(f"/v2/images/{image_id}", json=list(changes), headers=media)
    await images.settle()
    return answer.status_code, await shown(images, image_id)


def place(url: str, path: str = "/locations/-") -> dict[str, Any]:
    return {"op": "add", "path": path, "value": {"url": url, "metadata": {"note": "x"}}}


@pytest.fixture
async def open_images(tmp_path):
    """An image service whose users see where images' bytes are."""
    named = {"file": FileSettings(path=str(tmp_path / "images")), "web": HttpSettings(private=True)}
    async with image_cloud(tmp_path, named, show_locations=True) as cloud:
        yield cloud


async def test_patches_name_locations_only_where_users_see_them(images, web):
    made = await images.make(images.client())
    status, found = await patch(images, made["id"], place(web.put("/image", CONTENT)))
    assert (status, found["status"], "locations" in found) == (403, "queued", False)


async def test_a_location_is_added_and_removed_by_a_patch(open_images, web):
    images = open_images
    made = await images.make(images.client())
    assert made["locations"] == []
    first, second = (web.put(path, CONTENT) for path in ("/one", "/two"))
    status, found = await patch(images, made["id"], place(first), {"op": "add", "path": "/colour", "value": "blue"})
    assert (status, found["status"], found["colour"]) == (200, "active", "blue")
    assert found["locations"] == [{"url": first, "metadata": {"note": "x", "store": "web"}}]
    assert (await patch(images, made["id"], {"op": "remove", "path": "/locations/0"}))[0] == 403
    status, found = await patch(images, made["id"], place(second))
    assert (status, len(found["locations"])) == (200, 2)
    status, found = await patch(images, made["id"], {"op": "remove", "path": "/locations/0"})
    assert (status, len(found["locations"])) == (200, 1)


async def test_other_bytes_are_not_one_more_place_of_an_image(open_images, web):
    active = await open_images.active(open_images.client(), CONTENT)
    status, found = await patch(open_images, active["id"], place(web.put("/other", b"other bytes")))
    assert (status, found["status"], len(found["locations"])) == (200, "active", 1)
    assert "not the one that was announced" in (await open_images.task(active["id"]))["message"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"op": "replace", "path": "/locations", "value": []}, 403),
        ({"op": "replace", "path": "/locations", "value": "x"}, 403),
        ({"op": "add", "path": "/locations", "value": []}, 400),
        ({"op": "add", "path": "/locations/x", "value": {"url": "http://x/"}}, 400),
        ({"op": "add", "path": "/locations/-", "value": "http://x/"}, 400),
        ({"op": "add", "path": "/locations/-", "value": {"url": "file:///etc/passwd", "metadata": {}}}, 400),
        ({"op": "remove", "path": "/locations/7"}, 400),
        ({"op": "remove", "path": "/locations"}, 400),
    ],
)
async def test_a_patch_of_locations_that_makes_no_sense_changes_nothing(open_images, change, status):
    active = await open_images.active(open_images.client(), CONTENT)
    assert (await patch(open_images, active["id"], change)) == (status, active)
