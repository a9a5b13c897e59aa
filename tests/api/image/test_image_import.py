"""Staging and importing: what becomes of the bytes, the image and its task, for each method."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import zipfile
from typing import Any

import pytest

from cumulet.image.bytestores.settings import FileSettings, HttpSettings
from cumulet.image.operations.upkeep.deleted import restore
from cumulet.image.operations.upkeep.sweep import sweep
from cumulet.image.settings import ImportSettings
from cumulet.image.store import tasks
from cumulet.kernel.fetching import Reach
from support.images import image_cloud, qcow2

OPEN = Reach(ports=(), private=True)
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def stores(tmp_path):
    """An image service with two stores of files, and one of web servers."""
    named = {name: FileSettings(path=str(tmp_path / name)) for name in ("fast", "cold")}
    settings = ImportSettings(reach=OPEN)
    async with image_cloud(tmp_path, {**named, "web": HttpSettings(private=True)}, imports=settings) as cloud:
        yield cloud


async def stage(images, image_id: str, content: bytes, **headers: str):
    return await images.client().put(f"/v2/images/{image_id}/stage", content=content, headers={**OCTETS, **headers})


async def begin(images, image_id: str, name: str = "glance-direct", client: Any = None, **more: Any):
    method = {"name": name, **{key: more.pop(key) for key in ("uri", "glance_image_id", "glance_region") if key in more}}
    return await (client or images.client()).post(f"/v2/images/{image_id}/import", json={"method": method, **more})


async def shown(images, image_id: str) -> dict[str, Any]:
    return (await images.client().get(f"/v2/images/{image_id}")).json()


async def staged(images, content: bytes = b"staged", **fields: Any) -> dict[str, Any]:
    made = await images.make(images.client(), **fields)
    assert (await stage(images, made["id"], content)).status_code == 204
    return made


async def imported(images, made: dict[str, Any], *arguments: Any, **more: Any) -> dict[str, Any]:
    answer = await begin(images, made["id"], *arguments, **more)
    assert answer.status_code == 202, answer.text
    await images.settle()
    return await shown(images, made["id"])


async def test_staged_bytes_wait_unread_until_they_are_imported(images):
    content = os.urandom(3 << 20)
    made = await staged(images, content)
    waiting = await shown(images, made["id"])
    assert (waiting["status"], waiting["size"]) == ("uploading", len(content))
    assert (await images.client().get(made["file"])).status_code == 204
    done = await imported(images, made)
    assert (done["status"], done["stores"], done["os_glance_failed_import"]) == ("active", "file", "")
    assert done["os_hash_value"] == hashlib.sha512(content).hexdigest()
    assert (await images.client().get(made["file"])).content == content
    assert len(images.everything()) == 1
    task = await images.task(made["id"])
    assert (task["type"], task["status"], task["result"]) == ("api_image_import", "success", {"image_id": made["id"]})


async def test_bytes_are_staged_once_and_imported_once(images):
    made = await staged(images)
    assert (await stage(images, made["id"], b"again")).status_code == 409
    assert (await begin(images, made["id"])).status_code == 202
    assert (await begin(images, made["id"])).status_code == 409
    await images.settle()
    assert (await begin(images, made["id"])).status_code == 409


async def test_staged_bytes_survive_the_sweeper_and_go_with_their_image(images):
    made = await staged(images)
    await images.clock.advance(10_000)
    assert (await sweep(images.parts)).given_up == []
    assert len(images.everything()) == 1
    assert (await images.client().delete(f"/v2/images/{made['id']}")).status_code == 204
    await sweep(images.parts)
    await images.clock.advance(100 * 3600)
    await sweep(images.parts)
    assert images.everything() == []


async def test_staging_checks_the_announced_size_and_hash(images):
    made = await images.make(images.client())
    wrong = {"Content-MD5": hashlib.md5(b"other").hexdigest()}
    assert (await stage(images, made["id"], b"bytes", **wrong)).status_code == 400
    assert (await shown(images, made["id"]))["status"] == "queued"
    assert images.everything() == []


async def test_T5_an_unsafe_staged_image_is_not_imported_and_leaves_nothing(images):
    made = await staged(images, qcow2(backing=True), disk_format="qcow2")
    failed = await imported(images, made)
    assert (failed["status"], failed["size"], failed["os_glance_failed_import"]) == ("queued", None, "file")
    assert images.everything() == []
    task = await images.task(made["id"])
    assert task["status"] == "failure"
    assert "backing file" in task["message"]
    assert (await images.upload(images.client(), made["id"], qcow2())).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"method": {}}, 400),
        ({"method": "glance-direct"}, 400),
        ({"method": {"name": "teleport"}}, 400),
        ({"method": {"name": "web-download"}}, 400),
        ({"method": {"name": "glance-direct"}, "all_stores": "yes"}, 400),
        ({"method": {"name": "glance-direct"}, "all_stores_must_succeed": 1}, 400),
        ({"method": {"name": "glance-direct"}, "stores": "fast"}, 400),
        ({"method": {"name": "glance-direct"}, "stores": ["fast"], "all_stores": True}, 400),
        ({"method": {"name": "glance-direct"}, "stores": ["nowhere"]}, 409),
        ({"method": {"name": "glance-direct"}, "stores": ["web"]}, 409),
        ({"method": {"name": "copy-image"}, "all_stores": True}, 403),
        ({"method": {"name": "web-download", "uri": "http://127.0.0.1/"}}, 409),
    ],
)
async def test_an_import_that_cannot_be_done_is_refused_and_changes_nothing(stores, body, status):
    made = await staged(stores)
    answer = await stores.client().post(f"/v2/images/{made['id']}/import", json=body)
    assert answer.status_code == status, answer.text
    assert (await shown(stores, made["id"]))["status"] == "uploading"


async def test_an_image_without_formats_or_data_is_not_imported(stores):
    bare = (await stores.client().post("/v2/images", json={})).json()
    assert (await begin(stores, bare["id"], "web-download", uri="http://127.0.0.1/")).status_code == 409
    made = await stores.make(stores.client())
    assert (await begin(stores, made["id"])).status_code == 409
    assert (await begin(stores, made["id"], client=stores.client("stranger"))).status_code in (403, 404)


async def test_an_image_goes_into_all_stores_or_those_that_are_named(stores):
    every = await imported(stores, await staged(stores), all_stores=True)
    assert (every["status"], sorted(every["stores"].split(","))) == ("active", ["cold", "fast"])
    one = await imported(stores, await staged(stores), stores=["cold"])
    assert one["stores"] == "cold"
    assert (await stores.client().get(one["file"])).content == b"staged"


async def test_the_heaviest_store_is_named_and_read_first(tmp_path):
    named = {name: FileSettings(path=str(tmp_path / name), weight=at) for at, name in enumerate(("light", "heavy"))}
    async with image_cloud(tmp_path, named) as images:
        done = await imported(images, await staged(images), all_stores=True)
        assert done["stores"] == "heavy,light"


async def _break(stores, name: str) -> None:
    """Nothing can be written into the store any more."""
    (stores.stores.known[name].store.root / "incoming").rmdir()


async def test_if_every_store_must_succeed_one_failure_takes_everything_back(stores):
    await _break(stores, "cold")
    made = await staged(stores)
    failed = await imported(stores, made, stores=["fast", "cold"])
    assert (failed["status"], failed["os_glance_failed_import"], failed["os_glance_importing_to_stores"]) == (
        "queued",
        "fast,cold",
        "",
    )
    assert stores.everything() == []


async def test_if_one_store_is_enough_the_others_failures_are_told(stores):
    await _break(stores, "cold")
    made = await staged(stores)
    done = await imported(stores, made, stores=["cold", "fast"], all_stores_must_succeed=False)
    assert (done["status"], done["stores"], done["os_glance_failed_import"]) == ("active", "fast", "cold")
    task = await stores.task(made["id"])
    assert task["status"] == "success"
    assert "cold failed" in task["message"]


async def test_if_no_store_succeeds_the_import_fails(stores):
    await _break(stores, "cold")
    made = await staged(stores)
    failed = await imported(stores, made, stores=["cold"], all_stores_must_succeed=False)
    assert failed["status"] == "queued"
    assert stores.everything() == []


async def test_an_active_image_is_copied_to_more_stores(stores):
    active = await stores.active(stores.client(), b"to be copied")
    admin = stores.client("demo", "admin")
    assert active["stores"] == "fast"
    assert (await begin(stores, active["id"], "copy-image", admin, stores=["fast"])).status_code == 400
    copied = await imported(stores, active, "copy-image", admin, all_stores=True)
    assert (copied["status"], sorted(copied["stores"].split(","))) == ("active", ["cold", "fast"])
    assert (await begin(stores, active["id"], "copy-image", admin, all_stores=True)).status_code == 202
    assert len((await stores.client().get(f"/v2/images/{active['id']}/tasks")).json()["tasks"]) == 1


async def test_a_copy_of_bytes_that_have_changed_in_their_store_is_refused(stores):
    active = await stores.active(stores.client(), b"to be copied")
    (path,) = (stores.folder / "images").iterdir()
    path.write_bytes(b"was  damaged")
    after = await imported(stores, active, "copy-image", stores.client("demo", "admin"), stores=["cold"])
    assert (after["status"], after["stores"], after["os_glance_failed_import"]) == ("active", "fast", "cold")
    assert "not what they were" in (await stores.task(active["id"]))["message"]
    assert len(stores.everything()) == 1


async def test_an_image_is_taken_out_of_one_of_its_stores_into_quarantine(stores):
    both = await imported(stores, await staged(stores), all_stores=True)
    admin = stores.client("demo", "admin")
    assert (await stores.client().delete(f"/v2/stores/cold/{both['id']}")).status_code == 403
    assert (await admin.delete(f"/v2/stores/cold/{both['id']}")).status_code == 204
    assert (await shown(stores, both["id"]))["stores"] == "fast"
    assert len(list((stores.stores.known["cold"].store.root / "quarantine").iterdir())) == 1
    assert (await admin.delete(f"/v2/stores/cold/{both['id']}")).status_code == 404
    assert (await admin.delete(f"/v2/stores/nowhere/{both['id']}")).status_code == 404
    assert (await admin.delete(f"/v2/stores/fast/{both['id']}")).status_code == 403
    assert (await stores.client().get(both["file"])).content == b"staged"


async def test_an_image_is_downloaded_from_the_web(stores, web):
    content = os.urandom(2 << 20)
    url = web.put("/image", content)
    made = await stores.make(stores.client())
    done = await imported(stores, made, "web-download", uri=url)
    assert (done["status"], done["size"]) == ("active", len(content))
    assert (await stores.client().get(made["file"])).content == content
    assert len(stores.everything()) == 1


async def test_a_redirect_is_followed(stores, web):
    web.put("/image", b"at the end")
    url = web.put("/moved", status=302, headers={"Location": "/image"})
    assert (await imported(stores, await stores.make(stores.client()), "web-download", uri=url))["status"] == "active"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"status": 404}, "404"),
        ({"status": 500}, "500"),
        ({"body": b"cut", "announced": 1000}, "stopped sending"),
        ({"body": b"x", "announced": 1 << 50}, "limit"),
        ({"status": 302, "headers": {"Location": "/page"}}, "redirects"),
        ({"status": 302, "headers": {"Location": "file:///etc/passwd"}}, "Invalid URI"),
    ],
)
async def test_a_download_that_fails_says_why_and_leaves_nothing(stores, web, page, said):
    url = web.put("/page", **page)
    made = await stores.make(stores.client())
    assert (await imported(stores, made, "web-download", uri=url))["status"] == "queued"
    task = await stores.task(made["id"])
    assert task["status"] == "failure"
    assert said in task["message"]
    assert stores.everything() == []


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "ftp://example.org/i",
        "http://user:secret@example.org/i",
        "nonsense",
        "http://",
        "http://example.org:22/i",
    ],
)
async def test_a_url_that_is_not_allowed_is_refused_at_once(images, uri):
    made = await images.make(images.client())
    assert (await begin(images, made["id"], "web-download", uri=uri)).status_code == 400
    assert (await shown(images, made["id"]))["status"] == "queued"


async def test_a_user_cannot_reach_the_clouds_own_services_by_a_download(tmp_path, web):
    url = web.put("/secret", b"the cloud's own")
    for name in (url, url.replace("127.0.0.1", "localhost")):
        async with image_cloud(tmp_path / str(len(name)), imports=ImportSettings(reach=Reach(ports=()))) as images:
            made = await images.make(images.client())
            assert (await imported(images, made, "web-download", uri=name))["status"] == "queued"
            assert "not public" in (await images.task(made["id"]))["message"]
    assert web.asked == []


def _zip(*contents: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, content in enumerate(contents):
            archive.writestr(f"{at}.img", content)
    return out.getvalue()


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, _zip], ids=["gzip", "xz", "zip"])
async def test_a_compressed_image_is_unpacked_on_its_way(images, compress):
    content = os.urandom(1 << 20) + bytes(3 << 20)
    made = await staged(images, compress(content), container_format="compressed")
    done = await imported(images, made)
    assert (done["status"], done["container_format"], done["size"]) == ("active", "bare", len(content))
    assert (await images.client().get(made["file"])).content == content
    assert len(images.everything()) == 1


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(bytes(100))[:-9],
        lzma.compress(bytes(100))[:-9],
        gzip.compress(b"x")[:10] + b"\xff" * 9,
        _zip(b"1", b"2"),
        _zip(b"x")[:-9],
    ],
    ids=["cut gzip", "cut xz", "damaged gzip", "two files", "cut zip"],
)
async def test_a_damaged_archive_is_not_imported(images, content):
    made = await staged(images, content, container_format="compressed")
    assert (await imported(images, made))["status"] == "queued"
    assert (await images.task(made["id"]))["status"] == "failure"
    assert images.everything() == []


async def test_a_small_archive_of_a_huge_image_is_given_up_at_the_limit(tmp_path):
    async with image_cloud(tmp_path, largest=4 << 20) as images:
        made = await staged(images, gzip.compress(bytes(64 << 20)), container_format="compressed")
        assert (await imported(images, made))["status"] == "queued"
        assert "limit" in (await images.task(made["id"]))["message"]
        assert images.everything() == []


async def test_properties_are_injected_into_users_images_and_not_into_administrators(tmp_path):
    settings = ImportSettings(plugins=("inject_image_metadata",), inject={"hw_disk_bus": "virtio"})
    async with image_cloud(tmp_path, imports=settings) as images:
        assert (await imported(images, await staged(images)))["hw_disk_bus"] == "virtio"
        by_admin = await imported(images, await staged(images), client=images.client("demo", "admin"))
        assert "hw_disk_bus" not in by_admin


async def test_an_image_deleted_during_its_import_leaves_nothing(images):
    made = await staged(images)
    assert (await begin(images, made["id"])).status_code == 202
    assert (await images.client().delete(f"/v2/images/{made['id']}")).status_code == 204
    await images.settle()
    assert images.everything() == []


async def test_a_property_that_shows_an_import_is_nobodys_to_write(images):
    done = await imported(images, await staged(images))
    change = [{"op": "replace", "path": "/os_glance_failed_import", "value": "x"}]
    patch = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    answer = await images.client().patch(f"/v2/images/{done['id']}", json=change, headers=patch)
    assert answer.status_code == 403
    change = [{"op": "add", "path": "/colour", "value": "blue"}]
    answer = await images.client().patch(f"/v2/images/{done['id']}", json=change, headers=patch)
    assert (answer.status_code, answer.json()["colour"]) == (200, "blue")


async def test_T6_a_deactivated_image_is_neither_copied_nor_located_nor_read(stores):
    active = await imported(stores, await staged(stores))
    admin = stores.client("demo", "admin")
    assert (await admin.post(f"/v2/images/{active['id']}/actions/deactivate")).status_code == 204
    assert (await begin(stores, active["id"], "copy-image", admin, all_stores=True)).status_code == 409
    assert (await admin.get(f"/v2/images/{active['id']}/locations")).json() == []
    assert (await admin.get(active["file"])).status_code == 403


async def test_T6_an_image_deactivated_while_it_is_copied_stays_unreadable(stores):
    active = await stores.active(stores.client())
    admin = stores.client("demo", "admin")
    assert (await begin(stores, active["id"], "copy-image", admin, all_stores=True)).status_code == 202
    await admin.post(f"/v2/images/{active['id']}/actions/deactivate")
    await stores.settle()
    assert (await shown(stores, active["id"]))["status"] == "deactivated"
    assert (await admin.get(active["file"])).status_code == 403


async def test_K1_a_deleted_image_comes_back_in_every_store_that_still_has_it(stores):
    both = await imported(stores, await staged(stores), all_stores=True)
    assert (await stores.client().delete(f"/v2/images/{both['id']}")).status_code == 204
    for name in ("fast", "cold"):
        assert len(list((stores.stores.known[name].store.root / "quarantine").iterdir())) == 1
    (path,) = (stores.stores.known["fast"].store.root / "quarantine").iterdir()
    path.unlink()
    await restore(stores.parts, both["id"])
    back = await shown(stores, both["id"])
    assert (back["status"], back["stores"]) == ("active", "cold")
    assert (await stores.client().get(both["file"])).content == b"staged"


async def test_an_import_counts_against_the_projects_storage(tmp_path, web):
    settings = ImportSettings(reach=OPEN)
    async with image_cloud(tmp_path, storage_quota=1000, imports=settings) as images:
        url = web.put("/image", bytes(600))
        first = await imported(images, await images.make(images.client()), "web-download", uri=url)
        assert first["status"] == "active"
        second = await imported(images, await images.make(images.client()), "web-download", uri=url)
        assert second["status"] == "queued"
        assert "limit" in (await images.task(second["id"]))["message"]
        assert len(images.everything()) == 1


async def test_the_import_of_an_image_that_is_deleted_meanwhile_fails(stores):
    made = await staged(stores)
    await stores.client().post(f"/v2/images/{made['id']}/import", json={"method": {"name": "glance-direct"}})
    await stores.client().delete(f"/v2/images/{made['id']}")
    await stores.settle()
    [task] = (await stores.client("ops", "admin").get("/v2/tasks")).json()["tasks"]
    assert task["status"] == "failure"
    assert stores.everything() == []


async def test_a_task_says_how_far_it_is(stores, monkeypatch):
    told = []
    real = tasks.say

    async def say(tx, task_id, message):
        told.append(message)
        await real(tx, task_id, message)

    monkeypatch.setattr(tasks, "say", say)
    await imported(stores, await staged(stores, os.urandom(4 << 20)))
    assert told == [f"fast: copied {1 << 20} of {4 << 20} bytes (25 %)"]


async def test_a_signed_image_is_imported_only_if_the_signature_is_right(images):
    signed = {"img_signature": "AAAA", "img_signature_hash_method": "SHA-256", "img_signature_key_type": "RSA-PSS"}
    made = await staged(images, **signed, img_signature_certificate_uuid="33333333-3333-3333-3333-333333333333")
    assert (await begin(images, made["id"])).status_code == 400
    assert (await shown(images, made["id"]))["status"] == "uploading"
