"""Getting bytes in: what is stored, and that nothing stays of what went wrong."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest

from cumulet.image.bytestores import BLOCK
from cumulet.image.operations import images as operations
from cumulet.image.operations import uploads
from cumulet.kernel.errors import Unavailable
from support.asgi import Upload, pieces
from support.images import actor, image_cloud, qcow2

NOTHING = {"incoming": [], "images": [], "quarantine": []}


async def shown(images, image_id: str) -> dict:
    return (await images.client("admin", "admin").get(f"/v2/images/{image_id}")).json()


async def assert_untouched(images, made: dict) -> None:
    """The image is queued as it was made, no bytes are left, and it can still be filled."""
    now = await shown(images, made["id"])
    assert {**now, "updated_at": ""} == {**made, "updated_at": ""}
    assert images.files() == NOTHING
    assert (await images.upload(images.client(), made["id"], b"second try")).status_code == 204


def start(images, made: dict, **headers: str) -> Upload:
    return Upload(images.app, f"/image/v2/images/{made['id']}/file", "demo:member", headers)


async def test_T5_an_uploaded_image_is_active_with_its_hashes_and_its_bytes(images):
    client = images.client()
    content = os.urandom(2 * BLOCK + 77)
    active = await images.active(client, content)
    expected = {
        "status": "active",
        "size": len(content),
        "virtual_size": len(content),
        "checksum": hashlib.md5(content).hexdigest(),
        "os_hash_algo": "sha512",
        "os_hash_value": hashlib.sha512(content).hexdigest(),
        "stores": "file",
    }
    assert {name: active[name] for name in expected} == expected
    (key,) = images.files()["images"]
    assert (images.folder / "images" / key).read_bytes() == content


async def test_the_virtual_size_of_a_qcow2_is_that_of_its_disk(images):
    active = await images.active(images.client(), qcow2(9 << 20), disk_format="qcow2")
    assert (active["size"], active["virtual_size"]) == (65536, 9 << 20)


async def test_an_image_may_be_empty(images):
    active = await images.active(images.client(), b"")
    assert (active["size"], active["checksum"]) == (0, hashlib.md5(b"").hexdigest())


async def test_a_body_without_a_length_is_taken_as_it_comes(images):
    made = await images.make(images.client())
    upload = start(images, made)
    for _ in range(3):
        await upload.send(bytes(1000))
    assert await upload.end() == 204
    assert (await shown(images, made["id"]))["size"] == 3000


@pytest.mark.parametrize("media", ["application/json", "text/plain", ""])
async def test_only_octets_are_taken(images, media):
    made = await images.make(images.client())
    answer = await images.client().put(f"/v2/images/{made['id']}/file", content=b"x", headers={"Content-Type": media})
    assert answer.status_code == 415
    await assert_untouched(images, made)


async def test_an_image_must_say_what_it_is_before_it_is_filled(images):
    client = images.client()
    made = (await client.post("/v2/images", json={})).json()
    answer = await images.upload(client, made["id"], b"x")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Properties disk_format, container_format must be set prior to saving data."


async def test_an_image_is_filled_once(images):
    client = images.client()
    active = await images.active(client, b"first")
    assert (await images.upload(client, active["id"], b"second")).status_code == 409
    assert (await client.get(f"/v2/images/{active['id']}/file")).content == b"first"


async def test_T2_of_two_uploads_at_once_the_second_is_refused(images):
    client = images.client()
    made = await images.make(client)
    first = start(images, made)
    await first.send(b"first")
    assert (await shown(images, made["id"]))["status"] == "saving"
    answer = await images.upload(client, made["id"], b"second")
    assert answer.status_code == 409
    assert "saving" in answer.json()["message"]
    assert await first.end() == 204
    assert (await client.get(f"/v2/images/{made['id']}/file")).content == b"first"


async def test_T5_nothing_stays_of_a_client_that_goes_away_without_having_said_how_much_it_sends(images):
    made = await images.make(images.client())
    upload = start(images, made)
    await upload.send(bytes(3 * BLOCK))
    assert await upload.vanish() == 400
    await assert_untouched(images, made)


async def test_T5_nothing_stays_of_an_upload_that_ends_before_its_content_length(images):
    made = await images.make(images.client())
    upload = start(images, made, **{"content-length": "5000"})
    await upload.send(bytes(4000))
    assert await upload.end() == 400
    assert b"4000 bytes, but 5000 were announced" in upload.body
    await assert_untouched(images, made)


@pytest.mark.parametrize(("announced", "status"), [("9", 400), ("11", 400), ("ten", 400), ("10", 204)])
async def test_the_announced_image_size_must_be_right(images, announced, status):
    made = await images.make(images.client())
    answer = await images.upload(images.client(), made["id"], bytes(10), **{"x-openstack-image-size": announced})
    assert answer.status_code == status
    if status != 204:
        await assert_untouched(images, made)


@pytest.mark.parametrize(
    ("declared", "content", "why"),
    [
        ("qcow2", qcow2(backing=True), "backing file"),
        ("qcow2", qcow2(incompatible=1 << 2), "external data file"),
        ("qcow2", qcow2(incompatible=1 << 20), "unknown features"),
        ("raw", qcow2(backing=True), "backing file"),
        ("qcow2", bytes(70000), "disk_format is qcow2, but its content is raw"),
        ("raw", qcow2(), "disk_format is raw, but its content is qcow2"),
        ("vhd", bytes(2 * BLOCK), "disk_format is vhd, but its content is raw"),
        ("qcow2", b"", "disk_format is qcow2, but its content is raw"),
    ],
)
async def test_an_unsafe_or_misdeclared_image_is_refused_and_leaves_nothing(images, declared, content, why):
    client = images.client()
    made = await images.make(client, disk_format=declared)
    answer = await images.upload(client, made["id"], content)
    assert answer.status_code == 415
    assert why in answer.json()["message"]
    assert (await shown(images, made["id"]))["status"] == "queued"
    assert images.files() == NOTHING


async def test_a_refused_image_is_not_received_to_its_end(images):
    made = await images.make(images.client(), disk_format="qcow2")
    upload = start(images, made)
    await upload.send(bytes(BLOCK))
    await upload.task
    assert upload.status == 415


async def test_other_containers_are_not_looked_into_but_no_server_starts_from_them(images):
    active = await images.active(images.client(), b"a package", disk_format="qcow2", container_format="ova")
    assert (active["status"], active["virtual_size"]) == ("active", None)


async def test_an_image_above_the_limit_is_refused_early_if_it_says_so_and_late_if_not(tmp_path):
    async with image_cloud(tmp_path / "small", largest=1500) as images:
        made = await images.make(images.client())
        announced = start(images, made, **{"content-length": "2000"})
        await announced.send(b"")
        await announced.task
        assert announced.status == 413
        silent = start(images, made)
        await silent.send(bytes(2000))
        await silent.end()
        assert silent.status == 413
        await assert_untouched(images, made)


async def test_what_cannot_fit_on_the_disk_is_refused_before_it_is_sent(images):
    made = await images.make(images.client())
    room_that_others_make_meanwhile = 16 << 30
    size = images.store.store.health().free + room_that_others_make_meanwhile
    upload = start(images, made, **{"content-length": str(size)})
    await upload.send(b"x")
    await upload.task
    assert upload.status == 413
    assert b"full" in upload.body
    await assert_untouched(images, made)


async def test_a_disk_that_fills_up_during_the_upload_leaves_nothing(images):
    made = await images.make(images.client())
    upload = start(images, made)
    await upload.send(b"x" * BLOCK)
    (key,) = images.files()["incoming"]
    _fill_disk_of(images.folder / "incoming" / key)
    await upload.send(b"x" * BLOCK)
    assert await upload.end() == 413
    assert b"The image store is full." in upload.body
    await assert_untouched(images, made)


def _fill_disk_of(path) -> None:
    """Whoever has this file open writes to a full device from now on."""
    full = os.open("/dev/full", os.O_RDWR)
    for number in os.listdir("/proc/self/fd"):
        link = f"/proc/self/fd/{number}"
        if os.path.exists(link) and os.path.samefile(link, path):
            os.dup2(full, int(number))
    os.close(full)


async def test_a_store_that_cannot_be_written_says_so_and_leaves_the_image_queued(images):
    made = await images.make(images.client())
    (images.folder / "incoming").rmdir()
    answer = await images.upload(images.client(), made["id"], b"x")
    assert answer.status_code == 503
    assert str(images.folder) not in answer.text
    (images.folder / "incoming").mkdir()
    await assert_untouched(images, made)


async def test_the_bytes_of_an_image_deleted_during_its_upload_are_discarded(images):
    client = images.client()
    made = await images.make(client)
    upload = start(images, made)
    await upload.send(bytes(BLOCK))
    assert (await client.delete(f"/v2/images/{made['id']}")).status_code == 204
    assert await upload.end() == 410
    assert images.files() == NOTHING
    assert (await client.get(f"/v2/images/{made['id']}")).status_code == 404


async def test_a_long_upload_of_a_deleted_image_ends_before_its_end(images):
    client = images.client()
    made = await images.make(client)
    upload = start(images, made)
    await upload.send(bytes(BLOCK))
    await client.delete(f"/v2/images/{made['id']}")
    await images.clock.advance(61)
    await upload.send(bytes(BLOCK))
    await upload.task
    assert (upload.status, images.files()) == (410, NOTHING)


async def test_a_cancelled_upload_leaves_nothing(images):
    made = await images.make(images.client())
    upload = start(images, made)
    await upload.send(bytes(3 * BLOCK))
    upload.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload.task
    await assert_untouched(images, made)


async def test_an_image_becomes_active_with_the_bytes_of_the_attempt_that_made_it_so(images):
    """The first attempt stalls, is given up by the sweeper, and wakes up after a second one has succeeded."""
    from cumulet.image.operations.upkeep.sweep import sweep

    client = images.client()
    made = await images.make(client)
    stalled = start(images, made)
    await stalled.send(b"stalled" * BLOCK)
    await images.clock.advance(700)
    assert (await sweep(images.parts)).given_up == [made["id"]]
    assert (await images.upload(client, made["id"], b"second")).status_code == 204
    assert await stalled.end() == 409
    assert (await client.get(f"/v2/images/{made['id']}/file")).content == b"second"
    assert len(images.files()["images"]) == 1


async def test_an_upload_that_goes_on_is_not_given_up(images):
    from cumulet.image.operations.upkeep.sweep import sweep

    made = await images.make(images.client())
    upload = start(images, made)
    for _ in range(20):
        await upload.send(bytes(BLOCK))
        await images.clock.advance(100)
        assert (await sweep(images.parts)).given_up == []
    assert await upload.end() == 204


async def test_bytes_that_became_an_images_are_kept_even_if_the_answer_fails(images):
    """The database reports a failure of the commit that made the image active, although it happened."""
    client = images.client()
    made = await images.make(client)
    commits = _fail_after_commit(images.db, number=2)
    async with images.db.read() as tx:
        image = await operations.get(tx, actor("demo"), made["id"])
    with pytest.raises(Unavailable):
        await uploads.receive(images.parts, image, pieces(b"content"))
    assert commits == ["saving", "active"]
    assert (await client.get(f"/v2/images/{made['id']}/file")).content == b"content"


def _fail_after_commit(db, number: int) -> list[str]:
    """Let the `number`th commit succeed and be reported as failed."""
    from contextlib import asynccontextmanager

    real, seen, names = db.tx, [], ["saving", "active"]

    @asynccontextmanager
    async def tx():
        async with real() as opened:
            yield opened
        if len(seen) < number:
            seen.append(names[len(seen)])
            if len(seen) == number:
                raise Unavailable("The database could not be written.")

    db.tx = tx
    return seen


async def test_an_unknown_store_is_refused_by_name(images):
    made = await images.make(images.client())
    answer = await images.upload(images.client(), made["id"], b"x", **{"x-image-meta-store": "tape"})
    assert answer.status_code == 400
    assert "tape" in answer.json()["message"]
    assert (await images.upload(images.client(), made["id"], b"x", **{"x-image-meta-store": "file"})).status_code == 204
