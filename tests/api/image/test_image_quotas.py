"""Limits on a project's images, by unified limits; exact, whoever uploads beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cumulet.image.bytestores.settings import FileSettings
from cumulet.image.store import usage
from support.asgi import Upload
from support.images import image_cloud
from support.limits import register

MIB = 1 << 20


async def used(images, project="demo"):
    async with images.db.read() as tx:
        return await usage.of_project(tx, project)


async def put(images, client, size, announced=True):
    made = await images.make(client)

    async def pieces():
        yield bytes(size)

    return made["id"], await images.upload(client, made["id"], bytes(size) if announced else pieces())


async def test_without_registered_limits_nothing_is_limited_or_shown(images):
    client = images.client()
    await images.active(client)
    assert (await client.get("/v2/info/usage")).json() == {"usage": {}}


async def test_usage_is_shown_in_mib_beside_its_limits(images):
    await register(images.db, "image", image_size_total=5, image_stage_total=7, image_count_total=9, image_count_uploading=-1)
    client = images.client()
    await put(images, client, 2 * MIB + 5)
    await images.make(client)
    assert (await client.get("/v2/info/usage")).json()["usage"] == {
        "image_size_total": {"limit": 5, "usage": 2},
        "image_stage_total": {"limit": 7, "usage": 0},
        "image_count_total": {"limit": 9, "usage": 2},
        "image_count_uploading": {"limit": -1, "usage": 0},
    }


async def test_a_project_makes_no_more_images_than_it_may(images):
    await register(images.db, "image", image_count_total=2)
    client = images.client()
    first = await images.make(client)
    await images.make(client)
    refused = await client.post("/v2/images", json={})
    assert refused.status_code == 413
    assert "image_count_total: it would have 3, the limit is 2" in refused.json()["message"]
    assert (await used(images)).count == 2
    assert (await images.client("other").post("/v2/images", json={})).status_code == 201
    await client.delete(f"/v2/images/{first['id']}")
    assert (await client.post("/v2/images", json={})).status_code == 201


@pytest.mark.parametrize("announced", [True, False])
async def test_an_upload_over_the_limit_leaves_nothing(images, announced):
    await register(images.db, "image", image_size_total=2)
    client = images.client()
    assert (await put(images, client, 2 * MIB, announced))[1].status_code == 204
    image_id, refused = await put(images, client, 1, announced)
    assert refused.status_code == 413
    assert "image_size_total" in refused.json()["message"]
    assert (await client.get(f"/v2/images/{image_id}")).json()["status"] == "queued"
    assert (await used(images)).size == 2 * MIB
    files = images.files()
    assert (files["incoming"], len(files["images"])) == ([], 1)


async def test_an_announced_size_over_the_limit_is_refused_before_the_bytes_are_read(images):
    await register(images.db, "image", image_size_total=1)
    client = images.client()
    made = await images.make(client)
    read = []

    async def pieces():
        for _ in range(2):
            read.append(1)
            yield bytes(MIB)

    answer = await images.upload(client, made["id"], pieces(), **{"X-OpenStack-Image-Size": str(2 * MIB)})
    assert answer.status_code == 413
    assert images.files()["incoming"] == []


async def test_deleted_images_do_not_count(images):
    await register(images.db, "image", image_size_total=1)
    client = images.client()
    image_id, answer = await put(images, client, MIB)
    assert answer.status_code == 204
    await client.delete(f"/v2/images/{image_id}")
    assert (await put(images, client, MIB))[1].status_code == 204


@pytest.mark.parametrize("announced", [True, False])
async def test_50_parallel_uploads_fill_a_quota_exactly(images, announced):
    await register(images.db, "image", image_size_total=10)
    client = images.client()
    answers = await asyncio.gather(*(put(images, client, MIB, announced) for _ in range(50)))
    statuses = [answer.status_code for _, answer in answers]
    assert (statuses.count(204), statuses.count(413)) == (10, 40)
    assert (await used(images)).size == 10 * MIB
    listed = (await client.get("/v2/images?status=active&limit=100")).json()["images"]
    assert sorted(image["id"] for image in listed) == sorted(i for i, answer in answers if answer.status_code == 204)
    files = images.files()
    assert (files["incoming"], len(files["images"])) == ([], 10)


async def test_50_parallel_requests_make_no_image_too_many(images):
    await register(images.db, "image", image_count_total=7)
    client = images.client()
    answers = await asyncio.gather(*(client.post("/v2/images", json={}) for _ in range(50)))
    assert [answer.status_code for answer in answers].count(201) == 7
    assert (await used(images)).count == 7


async def test_no_more_images_are_filled_at_once_than_may(images):
    await register(images.db, "image", image_count_uploading=2)
    client = images.client()
    made = [await images.make(client) for _ in range(3)]
    uploads = [Upload(images.app, f"/image/v2/images/{one['id']}/file", "demo:member") for one in made[:2]]
    for upload in uploads:
        await upload.send(b"bytes")
    refused = await images.upload(client, made[2]["id"], b"bytes")
    assert refused.status_code == 413
    assert "image_count_uploading: it would have 3, the limit is 2" in refused.json()["message"]
    assert [await upload.end() for upload in uploads] == [204, 204]
    assert (await images.upload(client, made[2]["id"], b"bytes")).status_code == 204


async def test_a_projects_own_limit_counts_instead_of_everybodys(cloud):
    admin, member = await cloud.client("ops", "admin"), await cloud.client("demo")
    [service] = (await admin.get("/identity/v3/services?type=image")).json()["services"]
    everybody = {"service_id": service["id"], "resource_name": "image_count_total", "default_limit": 0}
    own = {"service_id": service["id"], "resource_name": "image_count_total", "project_id": member.project_id, "resource_limit": 1}
    assert (await admin.post("/identity/v3/registered_limits", json={"registered_limits": [everybody]})).status_code == 201
    assert (await member.post("/image/v2/images", json={})).status_code == 413
    assert (await admin.post("/identity/v3/limits", json={"limits": [own]})).status_code == 201
    assert (await member.post("/image/v2/images", json={})).status_code == 201
    assert (await member.post("/image/v2/images", json={})).status_code == 413
    shown = (await member.get("/image/v2/info/usage")).json()["usage"]
    assert shown == {"image_count_total": {"limit": 1, "usage": 1}}


async def test_every_project_may_have_a_storage_quota(tmp_path: Path):
    async with image_cloud(tmp_path / "store", storage_quota=MIB) as images:
        assert (await put(images, images.client(), MIB))[1].status_code == 204
        assert (await put(images, images.client(), 1))[1].status_code == 413
        assert (await put(images, images.client("other"), MIB))[1].status_code == 204


async def stage(images, client, size):
    made = await images.make(client)
    octets = {"Content-Type": "application/octet-stream"}
    return made["id"], await client.put(f"/v2/images/{made['id']}/stage", content=bytes(size), headers=octets)


async def test_50_parallel_stagings_fill_the_staging_quota_exactly(images):
    await register(images.db, "image", image_stage_total=10)
    client = images.client()
    answers = await asyncio.gather(*(stage(images, client, MIB) for _ in range(50)))
    statuses = [answer.status_code for _, answer in answers]
    assert (statuses.count(204), statuses.count(413)) == (10, 40)
    assert (await used(images)).stage == 10 * MIB
    shown = (await client.get("/v2/info/usage")).json()["usage"]["image_stage_total"]
    assert shown == {"limit": 10, "usage": 10}


async def test_imports_fill_a_quota_exactly_and_free_the_staging(images):
    await register(images.db, "image", image_size_total=3, image_stage_total=5)
    client = images.client()
    staged = [(await stage(images, client, MIB))[0] for _ in range(5)]
    begun = [await client.post(f"/v2/images/{one}/import", json={"method": {"name": "glance-direct"}}) for one in staged]
    await images.settle()
    assert (await used(images)).size <= 3 * MIB
    statuses = [(await client.get(f"/v2/images/{one}")).json()["status"] for one in staged]
    assert statuses.count("active") == 3
    assert [answer.status_code for answer in begun].count(413) + statuses.count("queued") >= 2


async def test_a_copy_in_a_second_store_counts_and_is_refused_over_the_limit(tmp_path: Path):
    two = {name: FileSettings(path=str(tmp_path / name)) for name in ("fast", "cold")}
    copy = {"method": {"name": "copy-image"}, "stores": ["cold"]}
    async with image_cloud(tmp_path, two) as images:
        await register(images.db, "image", image_size_total=3)
        client, admin = images.client(), images.client("demo", "admin")
        first, second = [(await put(images, client, size))[0] for size in (MIB, MIB - 1)]
        for image_id in (first, second):
            assert (await admin.post(f"/v2/images/{image_id}/import", json=copy)).status_code == 202
            await images.settle()
        assert (await client.get(f"/v2/images/{first}")).json()["stores"] == "fast,cold"
        assert (await used(images)).size == 3 * MIB - 1
        assert (await client.get(f"/v2/images/{second}")).json()["stores"] == "fast"
        task = await images.task(second)
        assert task["status"] == "failure"
        assert "image_size_total" in task["message"]
        assert len(list((tmp_path / "cold" / "images").iterdir())) == 1
