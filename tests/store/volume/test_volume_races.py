"""Two who want the same volume at the same time, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from cumulet.kernel.db import Condition, Database, Duplicate, Page
from cumulet.kernel.errors import Invalid, Problem
from cumulet.kernel.policy import Actor
from cumulet.volume.model import VolumeType
from cumulet.volume.operations import attachments, descriptions, outside, quotas, states, types, volumes, zones
from cumulet.volume.operations.volumes import NewVolume, Volume
from cumulet.volume.store import attachments as attachment_store
from cumulet.volume.store import types as type_store
from cumulet.volume.store import volumes as store
from support.hosts import add_host, host_id
from support.volumes import new_volume

DEMO = Actor(user_id="u", project_id="d" * 32, roles=frozenset({"member", "reader"}))
OTHER = Actor(user_id="v", project_id="e" * 32, roles=frozenset({"member", "reader"}))
ADMIN = Actor(user_id="a", project_id="a" * 32, roles=frozenset({"admin"}), is_admin=True)


async def together(db: Database, *works: Any) -> list[Any]:
    """Run each in a transaction of its own, at once; what each came to."""

    async def one(work: Any) -> Any:
        async with db.tx() as tx:
            return await work(tx)

    return await asyncio.gather(*(one(work) for work in works), return_exceptions=True)


def refused(results: list[Any]) -> int:
    """How many were told why they cannot have it."""
    assert all(not isinstance(r, BaseException) or isinstance(r, Problem) for r in results), results
    return sum(isinstance(r, Problem) for r in results)


async def ready(db: Database, **fields: Any) -> Volume:
    """A volume as it is when its file has been made."""
    async with db.tx() as tx:
        await types.bootstrap(tx)
        volume = new_volume(DEMO.project_id or "", host_id("h1"), tx.stamp, **fields)
        await store.add(tx, volume)
    return volume


async def test_D23_twenty_servers_want_one_volume_and_one_gets_it(db: Database) -> None:
    volume = await ready(db)

    def take(server: str) -> Any:
        return lambda tx: attachments.reserve(tx, DEMO, volume.id, server)

    results = await together(db, *(take(f"server {number}") for number in range(20)))
    assert refused(results) == 19
    winner = next(result for result in results if not isinstance(result, BaseException))
    async with db.read() as tx:
        assert (await attachments.of_volumes(tx, [volume.id]))[volume.id].server_id == winner.server_id
        assert await volumes.status(tx, volume.id) == "reserved"


async def test_K9_a_volume_is_deleted_or_attached_never_both(db: Database) -> None:
    for turn in range(4):
        volume = await ready(db)
        works = [
            lambda tx, v=volume: attachments.reserve(tx, DEMO, v.id, "server"),
            lambda tx, v=volume: volumes.delete(tx, DEMO, v.id),
            lambda tx, v=volume: states.reserve(tx, DEMO, v.id),
            lambda tx, v=volume: outside.create(tx, DEMO, v.id, None, ("rw", None)),
        ]
        results = await together(
            db,
            *works[turn:],
            *works[:turn],
        )
        assert refused(results) == 3
        async with db.read() as tx:
            status, taken = await volumes.status(tx, volume.id), await attachments.of_volumes(tx, [volume.id])
        assert (status in ("deleting", "attaching")) != bool(taken)


async def test_K9_each_attachment_of_a_volume_has_a_greater_generation(db: Database) -> None:
    volume, seen = await ready(db), []
    for server in ("one", "two", "three"):
        async with db.tx() as tx:
            taken = await attachments.reserve(tx, DEMO, volume.id, server)
            seen.append(taken.generation)
        async with db.tx() as tx:
            await attachments.release(tx, taken.id)
    assert seen == [1, 2, 3]


async def test_K9_releasing_an_old_attachment_does_not_end_the_new_one(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        old = await attachments.reserve(tx, DEMO, volume.id, "old")
        await attachments.release(tx, old.id)
        new = await attachments.reserve(tx, DEMO, volume.id, "new")
        await attachments.release(tx, old.id)
        await attachments.undo_detaching(tx, old.id)
    async with db.read() as tx:
        assert (await attachments.of_volumes(tx, [volume.id]))[volume.id] == new
        assert await volumes.status(tx, volume.id) == "reserved"


async def test_an_attachment_goes_its_way_and_every_step_may_come_twice(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        taken = await attachments.reserve(tx, DEMO, volume.id, "server")
        for _ in range(2):
            disk = await attachments.connect(tx, taken.id, host_id("h1"), "vdb")
        assert (disk.path, disk.serial, disk.device, disk.readonly) == (f"/volumes/{volume.id}", volume.id, "vdb", False)
        for _ in range(2):
            await attachments.complete(tx, taken.id)
        assert await volumes.status(tx, volume.id) == "in-use"
        await attachments.detaching(tx, taken.id)
        with pytest.raises(Invalid):
            await attachments.detaching(tx, taken.id)
        for _ in range(2):
            await attachments.undo_detaching(tx, taken.id)
        assert await volumes.status(tx, volume.id) == "in-use"
        for _ in range(2):
            await attachments.release(tx, taken.id)
        assert await volumes.status(tx, volume.id) == "available"


async def test_a_volume_is_only_connected_where_it_is(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        taken = await attachments.reserve(tx, DEMO, volume.id, "server")
        with pytest.raises(Problem, match="another host"):
            await attachments.connect(tx, taken.id, host_id("h2"), "vdb")
        assert await volumes.status(tx, volume.id) == "reserved"


async def test_C12_a_limit_is_not_passed_by_many_at_once(db: Database) -> None:
    async with db.tx() as tx:
        await types.bootstrap(tx)
        await quotas.change(tx, DEMO.project_id or "", {"volumes": 5, "gigabytes": 12})

    def make(tx: Any) -> Any:
        return volumes.create(tx, DEMO, NewVolume(size_gb=3))

    assert refused(await together(db, *[make] * 12)) == 8
    async with db.read() as tx:
        used = await quotas.usage(tx, DEMO.project_id or "")
    assert (used.volumes, used.gigabytes) == (4, 12)


async def test_C12_volumes_that_grow_at_once_share_what_is_left(db: Database) -> None:
    made = [await ready(db) for _ in range(4)]
    async with db.tx() as tx:
        await quotas.change(tx, DEMO.project_id or "", {"gigabytes": 10})

    def grow(volume: Volume) -> Any:
        return lambda tx: volumes.extend(tx, DEMO, volume.id, 4, in_use=False)

    assert refused(await together(db, *(grow(volume) for volume in made))) == 2
    async with db.read() as tx:
        assert (await quotas.usage(tx, DEMO.project_id or "")).gigabytes == 10


async def test_T2_two_who_describe_a_volume_do_not_undo_each_other(db: Database) -> None:
    volume = await ready(db)
    await together(
        db,
        *(lambda tx, n=n: descriptions.add(tx, DEMO, volume.id, {f"key{n}": "x"}) for n in range(8)),
        lambda tx: volumes.update(tx, DEMO, volume.id, {"name": "renamed"}),
        lambda tx: attachments.reserve(tx, DEMO, volume.id, "server"),
    )
    async with db.read() as tx:
        found = await volumes.get(tx, DEMO, volume.id)
    assert (found.name, found.status, len(found.metadata)) == ("renamed", "reserved", 8)


async def test_T2_a_state_is_only_left_from_where_it_may_be_left(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        assert not await store.move(tx, volume.id, "in-use", ("attaching",))
        assert await store.move(tx, volume.id, "in-use", ("available", "attaching"), fault="x")
        found = await volumes.get(tx, DEMO, volume.id)
    assert (found.status, found.fault) == ("in-use", "x")


async def test_T8_a_store_read_is_scoped(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        taken = await attachments.reserve(tx, DEMO, volume.id, "server")
        for look in (volumes.get(tx, OTHER, volume.id), outside.get(tx, OTHER, taken.id), volumes.hold(tx, OTHER, volume.id)):
            with pytest.raises(Problem):
                await look
        assert await volumes.page(tx, OTHER, Page(), all_projects=True) == []
        assert await outside.page(tx, OTHER, Page(), all_projects=True) == []
        assert len(await volumes.page(tx, ADMIN, Page(), all_projects=True)) == 1
        assert await volumes.count(tx, ADMIN, (), all_projects=False) == 0


async def test_metadata_is_found_by_what_it_is_now(db: Database) -> None:
    volume = await ready(db, metadata={"a": "1"})

    async def found(key: str, value: str) -> int:
        async with db.read() as tx:
            return len(await volumes.page(tx, DEMO, Page([Condition("metadata", volumes.item(key, value))])))

    assert await found("a", "1") == 1
    async with db.tx() as tx:
        await descriptions.add(tx, DEMO, volume.id, {"b": 'with "quotes" and \\ and ü'}, replace=True)
    assert (await found("a", "1"), await found("b", 'with "quotes" and \\ and ü')) == (0, 1)


async def test_what_hangs_on_a_volume_goes_with_it(db: Database) -> None:
    volume = await ready(db, metadata={"a": "1"})
    async with db.tx() as tx:
        taken = await attachments.reserve(tx, DEMO, volume.id, "server")
        await attachments.release(tx, taken.id)
        await store.remove(tx, volume.id)
        assert await store.find(tx, volume.id) is None


async def test_K3_the_database_itself_knows_that_a_volume_has_one_attachment(db: Database) -> None:
    volume = await ready(db)
    async with db.tx() as tx:
        taken = await attachments.reserve(tx, DEMO, volume.id, "server")
    with pytest.raises(Duplicate):
        async with db.tx() as tx:
            await attachment_store.add(tx, replace(taken, id="another"))
    with pytest.raises(Duplicate):
        async with db.tx() as tx:
            await store.remove(tx, volume.id)


async def test_a_type_that_is_being_used_is_not_removed(db: Database) -> None:
    async with db.tx() as tx:
        kind = await types.create(tx, "fast", {"description": None, "is_public": True, "extra_specs": {}})
    results = await together(
        db,
        lambda tx: volumes.create(tx, DEMO, NewVolume(size_gb=1, volume_type="fast")),
        lambda tx: types.delete(tx, kind.id),
    )
    assert len([r for r in results if isinstance(r, BaseException)]) == 1, results
    async with db.read() as tx:
        assert (await type_store.find(tx, kind.id) is None) == isinstance(results[0], BaseException)


async def test_the_default_type_is_made_once_whoever_begins(db: Database) -> None:
    await together(db, *[lambda tx: volumes.create(tx, DEMO, NewVolume(size_gb=1))] * 3, *[types.bootstrap] * 3)
    async with db.read() as tx:
        found: list[VolumeType] = await types.index(tx, ADMIN, Page(), None)
    assert len(found) == 1


async def test_a_type_is_for_the_projects_that_were_let_in(db: Database) -> None:
    async with db.tx() as tx:
        kind = await types.create(tx, "secret", {"description": None, "is_public": False, "extra_specs": {}})
        await types.grant(tx, kind.id, DEMO.project_id or "")
        assert [found.name for found in await types.index(tx, DEMO, Page())] == ["secret"]
        assert await types.index(tx, OTHER, Page()) == []
        assert [found.name for found in await types.index(tx, ADMIN, Page(), False)] == ["secret"]
        await types.set_default(tx, DEMO, DEMO.project_id or "", kind.id)
        await types.set_default(tx, DEMO, DEMO.project_id or "", "secret")
        assert await types.defaults(tx) == [(DEMO.project_id, kind.id)]
        await types.delete(tx, kind.id)
        assert await types.defaults(tx) == []


async def test_operators_words_about_hosts_are_kept(db: Database) -> None:
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await zones.set_enabled(tx, await zones.named(tx, "h1@files"), False, "fan")
        await zones.set_frozen(tx, await zones.named(tx, "h1"), True)
        (known,) = await zones.index(tx)
        assert (known.settings.enabled, known.settings.disabled_reason, known.settings.frozen) == (False, "fan", True)
        assert await zones.available(tx) == {"nova": False}
