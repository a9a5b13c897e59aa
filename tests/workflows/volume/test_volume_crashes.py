"""T1: making, growing, copying and deleting volumes, killed and failed everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.crash import WAYS, Scenario, Way, survives_interruption
from tests.support.servers import DEMO, actor, compute_cloud

from cumulet.contract.commands import CreateVolume
from cumulet.kernel.errors import Unavailable
from cumulet.volume.operations import quotas, snapshots, volumes
from cumulet.volume.operations.snapshots import NewSnapshot
from cumulet.volume.operations.volumes import NewVolume
from cumulet.volume.store import snapshots as snapshot_store

ERRORS = (Unavailable("The host refused."), RuntimeError("injected"))


async def state(tx: Any, name: str, object_id: str) -> str:
    if name != "snapshot":
        return await volumes.status(tx, object_id)
    found = await snapshot_store.find(tx, object_id)
    return found.status if found else "deleted"


async def look(cloud: Any) -> dict[str, Any]:
    """Everything that matters after a workflow on the volumes of the world."""
    async with cloud.db.read() as tx:
        found = {name: await state(tx, name, object_id) for name, object_id in cloud.made.items()}
        used = await quotas.usage(tx, DEMO)
    files = {}
    for world in cloud.worlds:
        for owner, kinds in world.disks.items():
            name = next((name for name, volume_id in cloud.made.items() if volume_id == owner), "a stray")
            files[name] = kinds["volume"].size // 2**30
    return {"states": found, "files": files, "used": (used.volumes, used.gigabytes)}


@asynccontextmanager
async def empty() -> AsyncIterator[Any]:
    async with compute_cloud(hosts=2) as cloud:
        cloud.made = {}  # type: ignore[attr-defined]
        yield cloud


@asynccontextmanager
async def one_volume() -> AsyncIterator[Any]:
    async with empty() as cloud:
        await create(cloud)
        await cloud.settle()
        yield cloud


async def create(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        cloud.made["it"] = (await volumes.create(tx, actor(), NewVolume(size_gb=2), cloud.images)).id


async def create_from_image(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        wanted = NewVolume(size_gb=2, image_id=cloud.image.id)
        cloud.made["it"] = (await volumes.create(tx, actor(), wanted, cloud.images)).id


async def clone(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        wanted = NewVolume(size_gb=3, source_id=cloud.made["it"])
        cloud.made["copy"] = (await volumes.create(tx, actor(), wanted, cloud.images)).id


@asynccontextmanager
async def one_snapshot() -> AsyncIterator[Any]:
    async with one_volume() as cloud:
        await snap(cloud)
        await cloud.settle()
        yield cloud


async def snap(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        cloud.made["snapshot"] = (await snapshots.create(tx, actor(), NewSnapshot(cloud.made["it"]))).id


async def drop_snapshot(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await snapshots.delete(tx, actor(), cloud.made["snapshot"])


async def drop_all(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.delete(tx, actor(), cloud.made["it"], cascade=True)


async def revert(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await snapshots.revert(tx, actor(), cloud.made["it"], cloud.made["snapshot"])


async def from_snapshot(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        wanted = NewVolume(size_gb=None, snapshot_id=cloud.made["snapshot"])
        cloud.made["copy"] = (await volumes.create(tx, actor(), wanted, cloud.images)).id


async def extend(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.extend(tx, actor(), cloud.made["it"], 5, in_use=True)


async def delete(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.delete(tx, actor(), cloud.made["it"])


def world(used: tuple[int, int], **found: tuple[str, int | None]) -> dict[str, Any]:
    """States and sizes, by name."""
    states = {name: state for name, (state, _) in found.items()}
    return {"states": states, "files": {name: size for name, (_, size) in found.items() if size is not None}, "used": used}


MADE, FAILED = world((1, 2), it=("available", 2)), world((1, 2), it=("error", None))
GONE, STUCK = world((0, 0), it=("deleted", None)), world((1, 2), it=("error_deleting", 2))
EMPTIED = world((1, 2), it=("error_deleting", None))
GROWN, KEPT = world((1, 5), it=("available", 5)), [MADE, world((1, 2), it=("available", 5))]
COPIED = world((2, 5), it=("available", 2), copy=("available", 3))
NOT_COPIED = world((2, 5), it=("available", 2), copy=("error", None))
SNAPPED, UNSNAPPED = [
    world((1, 4), it=("available", 2), snapshot=(state, size)) for state, size in (("available", 2), ("error", None))
]
FORGOTTEN = world((1, 2), it=("available", 2), snapshot=("deleted", None))
REFILLED = world((2, 6), it=("available", 2), snapshot=("available", 2), copy=("available", 2))
NOT_REFILLED = world((2, 6), it=("available", 2), snapshot=("available", 2), copy=("error", None))
ALL_GONE = world((0, 0), it=("deleted", None), snapshot=("deleted", None))


def stuck(left: dict[str, Any]) -> bool:
    """Everything that is left says that it could not be deleted, and can be deleted again."""
    return (
        set(left["states"].values()) - {"available"} <= {"error_deleting", "deleted"}
        and "error_deleting" in left["states"].values()
    )


CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "making a blank volume": (empty, create, MADE, FAILED),
    "making a volume from an image": (empty, create_from_image, MADE, FAILED),
    "copying a volume": (one_volume, clone, COPIED, NOT_COPIED),
    "growing a volume": (one_volume, extend, GROWN, lambda left: left in KEPT),
    "deleting a volume": (one_volume, delete, GONE, lambda left: left in (STUCK, EMPTIED)),
    "taking a snapshot": (one_volume, snap, SNAPPED, UNSNAPPED),
    "deleting a snapshot": (one_snapshot, drop_snapshot, FORGOTTEN, stuck),
    "deleting a volume with its snapshots": (one_snapshot, drop_all, ALL_GONE, stuck),
    "going back to a snapshot": (one_snapshot, revert, SNAPPED, SNAPPED),
    "making a volume from a snapshot": (one_snapshot, from_snapshot, REFILLED, NOT_REFILLED),
}


@pytest.mark.parametrize("survives", WAYS)
@pytest.mark.parametrize("name", CASES)
async def test_T1_a_volume_s_workflow_survives_everything(name: str, survives: Way) -> None:
    setup, begin, finished, undone = CASES[name]
    await survives(Scenario(setup=setup, start=begin, snapshot=look, finished=finished, undone=undone, errors=ERRORS))


async def force_delete(cloud: Any) -> None:
    async with cloud.db.tx() as tx:
        await volumes.delete(tx, actor(DEMO, "admin"), cloud.made["it"], force=True)


@pytest.mark.parametrize(("setup", "begin"), [(empty, create), (one_volume, extend)], ids=["being made", "growing"])
async def test_a_volume_is_deleted_by_force_at_any_moment_while_it_is(setup: Any, begin: Any) -> None:
    """What is being done to it is undone or finished, and the deletion follows."""
    scenario = Scenario(setup=setup, start=begin, snapshot=look, finished=GONE, undone=GONE)
    await survives_interruption(scenario, force_delete)


async def test_deleting_by_force_again_and_again_is_as_good_as_once() -> None:
    async with one_volume() as cloud:
        for _ in range(3):
            await force_delete(cloud)
        await cloud.settle()
        assert await look(cloud) == GONE


async def test_K2_undoing_a_volume_leaves_one_alone_that_somebody_else_made() -> None:
    async with empty() as cloud:
        await create(cloud)
        for world in cloud.worlds:
            await cloud.services.agents.send(world.host_id, CreateVolume(cloud.made["it"], 7), key="somebody else", epoch=1)
        await cloud.settle()
        left = await look(cloud)
        assert left["states"] == {"it": "error"}
        assert left["files"] == {"it": 7}
