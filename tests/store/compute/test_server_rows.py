"""Servers' rows on both databases."""

from __future__ import annotations

from typing import Any

from cumulet.compute.model import ACTIVE, BUILDING, STOPPED, Server, Usage
from cumulet.compute.store import actions, disks, guests, quotas, servers
from cumulet.kernel.db import Database, Page

PROJECT, OTHER = "p" * 32, "o" * 32


def server(identity: str, **changes: Any) -> Server:
    """A row."""
    plain: dict[str, Any] = dict.fromkeys(Server.__struct_fields__)
    plain |= {
        "id": identity,
        "project_id": PROJECT,
        "user_id": "u",
        "name": "web",
        "hostname": "web",
        "state": BUILDING,
        "power": 0,
        "image_properties": {"hw_disk_bus": "virtio"},
        "flavor_id": "f",
        "flavor": {"name": "small", "vcpus": 1},
        "hints": {},
        "config_drive": False,
        "metadata": {"a": "ä"},
        "tags": [],
        "personality": [],
        "disk_config": "MANUAL",
        "root_device": "/dev/vda",
        "reservation_id": "r-1",
        "launch_index": 0,
        "password": "",
        "created_at": "2026-01-01T00:00:00.000000",
        "updated_at": "2026-01-01T00:00:00.000000",
        "power_at": "2026-01-01T00:00:00.000000",
        "version": 0,
    }
    return Server(**{**plain, **changes})


async def test_a_row_comes_back_as_it_was_written(db: Database) -> None:
    written = server("s1", tags=["blue", "red"], fault={"code": 500})
    async with db.tx() as tx:
        await servers.add(tx, written)
        assert await servers.find(tx, "s1", None) == written
        assert await servers.find(tx, "s1", PROJECT) == written


async def test_T8_a_server_is_found_in_its_own_project_only(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1"))
        assert await servers.find(tx, "s1", OTHER) is None
        assert await servers.find_even_deleted(tx, "s1", OTHER) is None


async def test_each_change_raises_the_version_and_a_deleted_server_cannot_change(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1"))
        assert await servers.change(tx, "s1", name="x", deleted_at=tx.stamp)
        assert not await servers.change(tx, "s1", name="y")
        assert await servers.find(tx, "s1", None) is None
        found = await servers.find_even_deleted(tx, "s1", PROJECT)
    assert found is not None
    assert (found.name, found.version) == ("x", 1)


async def test_T2_a_task_begins_only_in_the_right_state_and_only_once(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1", state=ACTIVE))
        assert not await servers.begin(tx, "s1", (STOPPED,), task="powering-on")
        assert await servers.begin(tx, "s1", (ACTIVE, STOPPED), task="powering-off")
        assert not await servers.begin(tx, "s1", (ACTIVE, STOPPED), task="rebooting")


async def test_T2_what_a_host_saw_is_not_written_over_what_happened_since(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1", state=ACTIVE, host_id="h"))
        [seen] = await servers.on_host(tx, "h")
        await servers.change(tx, "s1", name="meanwhile")
        assert not await servers.observe(tx, seen, STOPPED, 4)
        [seen] = await servers.on_host(tx, "h")
        assert await servers.observe(tx, seen, STOPPED, 4)


async def test_lists_match_patterns_and_page_in_a_stable_order(db: Database) -> None:
    async with db.tx() as tx:
        for at in range(5):
            await servers.add(tx, server(f"s{at}", name=f"web-{at}" if at else "db"))
    async with db.read() as tx:
        page = Page().where("project_id", PROJECT).where("name matches", "^web-[0-9]$").where("deleted_at", None, "null")
        names = [found.id for found in await servers.names(tx, page)]
        first = [key.id for key in await servers.keys(tx, Page(page.conditions, limit=2))]
        rest = [key.id for key in await servers.keys(tx, Page(page.conditions, limit=9, marker=first[-1]))]
    assert names == ["s4", "s3", "s2", "s1"]
    assert first + rest == names


async def test_servers_are_found_by_tag(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1", tags=["red"]))
        await servers.add(tx, server("s2", tags=["red", "blue"]))
        assert sorted(await servers.tagged(tx, ["red", "green"])) == [("s1", "red"), ("s2", "red")]
        await servers.retag(tx, "s2", ["green"])
        assert sorted(await servers.tagged(tx, ["red", "green"])) == [("s1", "red"), ("s2", "green")]


async def test_a_renamed_host_is_shown_on_its_servers_only_if_its_name_changed(db: Database) -> None:
    async with db.tx() as tx:
        await servers.add(tx, server("s1", host_id="h", host_name="old"))
        await servers.rename_host(tx, "h", "new")
        await servers.rename_host(tx, "h", "new")
        found = await servers.find(tx, "s1", None)
    assert found is not None
    assert (found.host_name, found.version) == ("new", 1)


async def test_usage_grows_and_shrinks_by_what_is_given(db: Database) -> None:
    async with db.tx() as tx:
        assert await quotas.usage(tx, PROJECT) == Usage()
        assert await quotas.grow(tx, PROJECT, Usage(2, 4, 1024)) == Usage(2, 4, 1024)
        assert await quotas.grow(tx, PROJECT, Usage(-1, -2, -512)) == Usage(1, 2, 512)
        assert await quotas.usage(tx, PROJECT) == Usage(1, 2, 512)


async def test_an_action_is_finished_by_its_server_request_and_name(db: Database) -> None:
    async with db.tx() as tx:
        for name in ("create", "reboot"):
            await actions.add(
                tx, server_id="s1", action=name, request_id=f"req-{name}", user_id="u", project_id=PROJECT, message=None, events=[]
            )
        await actions.finish(tx, ("s1", "req-create", "create"), "Error", [{"event": "e"}])
        newest = [found.action for found in await actions.page(tx, Page().where("server_id", "s1"))]
        finished, other = await actions.find(tx, "s1", "req-create"), await actions.last(tx, "s1", "reboot")
    assert newest == ["reboot", "create"]
    assert finished is not None
    assert (finished.message, finished.events) == ("Error", [{"event": "e"}])
    assert other is not None
    assert other.message is None


async def test_unknown_guests_are_replaced_as_a_whole(db: Database) -> None:
    async with db.tx() as tx:
        assert await guests.unmanaged(tx, "h") == []
        await guests.set_unmanaged(tx, "h", [{"name": "a"}])
        await guests.set_unmanaged(tx, "h", [{"name": "b"}])
        assert await guests.unmanaged(tx, "h") == [{"name": "b"}]
        assert [found.host_id for found in await guests.all_unmanaged(tx)] == ["h"]


async def test_the_disks_of_a_server_are_forgotten_with_it(db: Database) -> None:
    async with db.tx() as tx:
        await disks.remove_all(tx, "s1")
        assert await disks.of_server(tx, "s1") == []
        assert await disks.volumes_of(tx, ["s1"]) == {}
