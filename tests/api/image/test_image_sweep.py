"""Quarantine, and what is cleaned up after crashes."""

from __future__ import annotations

import shutil

import pytest

from cumulet.image.bytestores import Health
from cumulet.image.bytestores.settings import FileSettings
from cumulet.image.model import Attempt, Location
from cumulet.image.operations.upkeep.deleted import listing, restore
from cumulet.image.operations.upkeep.sweep import sweep
from cumulet.image.store import locations, transitions
from cumulet.kernel.clock import stamp
from cumulet.kernel.errors import NotFound
from support.images import image_cloud

HOUR = 3600.0


async def begin(images, image_id: str, upload: str = "crashed") -> Attempt:
    """What an upload does before anything else; then the process dies."""
    attempt = Attempt(image_id, upload)
    async with images.db.tx() as tx:
        assert await transitions.begin(tx, attempt)
    return attempt


async def write(images, key: str, keep: bool) -> None:
    incoming = await images.store.write(key, "sha512")
    await incoming.add(b"bytes")
    if keep:
        await incoming.keep()
    await incoming.close()


async def test_K1_a_deleted_image_comes_back_whole_from_quarantine(images):
    client = images.client()
    active = await images.active(client, b"precious", tags=["t"], color="blue")
    await client.delete(f"/v2/images/{active['id']}")
    assert len(images.files()["quarantine"]) == 1
    assert (await sweep(images.parts)).purged == []
    await restore(images.parts, active["id"])
    back = (await client.get(f"/v2/images/{active['id']}")).json()
    assert back == active
    assert (await client.get(active["file"])).content == b"precious"


async def test_K1_quarantine_is_emptied_after_its_time_and_the_record_forgotten(images):
    client = images.client()
    active = await images.active(client)
    await client.delete(f"/v2/images/{active['id']}")
    await images.clock.advance(71 * HOUR)
    assert (await sweep(images.parts)).purged == []
    await images.clock.advance(2 * HOUR)
    swept = await sweep(images.parts)
    assert (len(swept.purged), swept.forgotten) == (1, [active["id"]])
    assert images.files() == {"incoming": [], "images": [], "quarantine": []}
    with pytest.raises(NotFound):
        await restore(images.parts, active["id"])


async def test_K1_quarantine_gives_way_early_oldest_first_while_the_disk_is_nearly_full(tmp_path, monkeypatch):
    async with image_cloud(tmp_path / "store", reserve=100) as images:
        client = images.client()
        made = []
        for name in ("first", "second", "third"):
            made.append(await images.active(client, name=name))
            await client.delete(f"/v2/images/{made[-1]['id']}")
            await images.clock.advance(60)
        monkeypatch.setattr(images.store.store, "health", lambda: Health(free=50 * (4 - len(images.files()["quarantine"]))))
        swept = await sweep(images.parts)
        assert [key.split(".")[0] for key in swept.purged] == [made[0]["id"]]
        with pytest.raises(NotFound, match="purged"):
            await restore(images.parts, made[0]["id"])
        await restore(images.parts, made[1]["id"])


async def test_deleted_images_are_listed_with_the_time_of_their_end(images):
    client = images.client()
    _, queued, gone = [await images.make(client, name=name) for name in ("kept", "queued", "gone")]
    await images.upload(client, gone["id"], b"some bytes")
    for image in (queued, gone):
        await images.clock.advance(60)
        await client.delete(f"/v2/images/{image['id']}")
    deleted = images.clock.now()
    async with images.db.read() as tx:
        found = await listing(tx, HOUR)
    assert [(one.name, one.size, one.owner, one.stores) for one in found] == [
        ("gone", 10, "demo", ["file"]),
        ("queued", None, "demo", []),
    ]
    assert (found[0].deleted_at, found[0].purged_from) == (stamp(deleted), stamp(deleted + HOUR))


async def test_a_store_that_is_not_enabled_any_more_does_not_keep_the_others_from_restoring(tmp_path):
    two = {name: FileSettings(path=str(tmp_path / name)) for name in ("first", "second")}
    async with image_cloud(tmp_path, two) as images:
        image = await images.active(images.client(), b"precious")
        async with images.db.tx() as tx:
            await locations.add(tx, image["id"], Location("removed", "key"))
        await images.client().delete(f"/v2/images/{image['id']}")
        await restore(images.parts, image["id"])
        assert (await images.client().get(image["file"])).content == b"precious"
        assert (await images.client().get(f"/v2/images/{image['id']}")).json()["stores"] == "first"


async def test_only_deleted_images_are_restored(images):
    active = await images.active(images.client())
    for image_id in (active["id"], "nothing"):
        with pytest.raises(NotFound):
            await restore(images.parts, image_id)


async def test_a_crash_before_any_byte_gives_the_image_back(images):
    made = await images.make(images.client())
    await begin(images, made["id"])
    assert (await sweep(images.parts)).given_up == []
    await images.clock.advance(601)
    assert (await sweep(images.parts)).given_up == [made["id"]]
    assert (await images.upload(images.client(), made["id"], b"again")).status_code == 204


@pytest.mark.parametrize("keep", [False, True])
async def test_a_crash_during_or_after_the_bytes_leaves_none_that_anybody_could_read(images, keep):
    client = images.client()
    made = await images.make(client)
    attempt = await begin(images, made["id"])
    await write(images, attempt.key, keep)
    before = images.files()
    await sweep(images.parts)
    assert images.files() == before
    await images.clock.advance(601)
    swept = await sweep(images.parts)
    assert (swept.dropped, swept.quarantined) == (([], [attempt.key]) if keep else ([attempt.key], []))
    files = images.files()
    assert (files["incoming"], files["images"]) == ([], [])
    assert (await client.get(made["file"])).status_code == 204


async def test_a_crash_between_deleting_the_record_and_moving_the_bytes_is_made_good(images):
    client = images.client()
    active = await images.active(client)
    async with images.db.tx() as tx:
        await transitions.delete(tx, active["id"])
    (key,) = images.files()["images"]
    assert (await sweep(images.parts)).quarantined == [key]
    await restore(images.parts, active["id"])
    assert (await client.get(active["file"])).status_code == 200


async def test_live_bytes_that_are_found_in_quarantine_are_brought_back_and_never_purged(images):
    client = images.client()
    active = await images.active(client)
    (key,) = images.files()["images"]
    await images.store.quarantine(key, images.clock.now())
    await images.clock.advance(100 * HOUR)
    assert (await sweep(images.parts)).purged == []
    assert (await client.get(active["file"])).status_code == 200


async def test_K2_files_that_no_record_knows_are_put_away_and_not_removed_at_once(images):
    """As after a restore of an older database: the bytes are newer than the records."""
    await write(images, "unknown.attempt", keep=True)
    assert (await sweep(images.parts)).quarantined == ["unknown.attempt"]
    assert images.files()["quarantine"] == ["unknown.attempt"]
    assert (await sweep(images.parts)).purged == []


async def test_an_active_image_without_bytes_is_reported_and_left_alone(images):
    active = await images.active(images.client())
    shutil.rmtree(images.folder / "images")
    (images.folder / "images").mkdir()
    assert (await sweep(images.parts)).missing == [active["id"]]
    assert (await images.client().get(f"/v2/images/{active['id']}")).json()["status"] == "active"


async def test_sweeping_twice_is_sweeping_once(images):
    client = images.client()
    await client.delete(f"/v2/images/{(await images.active(client))['id']}")
    await begin(images, (await images.make(client))["id"])
    await images.clock.advance(100 * HOUR)
    await sweep(images.parts)
    again = await sweep(images.parts)
    assert not any(getattr(again, field) for field in again.__struct_fields__)
