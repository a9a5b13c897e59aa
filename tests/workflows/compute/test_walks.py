"""Whatever users do, and whatever goes wrong meanwhile: what is counted is what there is, and what is deleted leaves nothing."""

from __future__ import annotations

import os
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import running_cloud
from tests.support.site import COMPUTE, NETWORK, VOLUME, made
from tests.support.volumes import VolumeCloud
from tests.support.walking import HEADERS, KINDS, User, Walk

from cumulet.agent.fake.world import FakeDisk
from cumulet.kernel import ids

STEPS = 100
SEEDS = range(int(os.environ.get("CUMULET_TEST_WALKS", "2")))
COUNTED = ("network", "router", "floatingip", "security_group")


async def disagreements(walk: Walk) -> list[str]:
    """What is counted and is not there, or is there and not counted."""
    admin = await walk.cloud.admin()
    audit = await made(admin.get("/operator/v1/audit"))
    found = [f"audit: {one}" for one in audit["findings"] if one["severity"] != "warning"]
    servers = {one["id"]: one for user in walk.users for one in await user.all("server")}
    running = {key for key, one in servers.items() if one["status"] == "ACTIVE"}
    guests = {key for world in walk.worlds for key in world.guests}
    found += [f"server {key} is active and has no guest" for key in running - guests]
    found += [f"guest {key} has no server" for key in guests - {*servers}]
    volumes = {one["id"]: one for user in walk.users for one in await user.all("volume")}
    files = {disk.owner for disk in _disks(walk) if disk.kind == "volume"}
    snapshots = {one["id"]: one for user in walk.users for one in await user.all("snapshot")}
    found += [f"file of volume {key}, which is gone" for key in files - {*volumes} - {*snapshots}]
    found += [
        f"volume {k} has no file" for k, one in volumes.items() if one["status"] in ("available", "in-use") and k not in files
    ]
    roots = {disk.owner for disk in _disks(walk) if disk.kind == "root"}
    found += [f"root disk of server {key}, which is gone" for key in roots - {*servers}]
    for user in walk.users:
        found += await _counted(walk, user)
    return found


def _disks(walk: Walk) -> list[FakeDisk]:
    return [disk for world in walk.worlds for disks in world.disks.values() for disk in disks.values()]


async def _counted(walk: Walk, user: User) -> list[str]:
    there: dict[str, list[dict[str, Any]]] = {kind: await user.all(kind) for kind in KINDS}
    admin = await walk.cloud.admin()
    path = f"{VOLUME}/os-quota-sets/{user.project_id}?usage=true"
    volumes = (await made(admin.get(path, headers=HEADERS[VOLUME])))["quota_set"]
    limits = (await made(user.ask("GET", COMPUTE, "limits")))["limits"]["absolute"]
    networks = (await made(admin.get(f"{NETWORK}/quotas/{user.project_id}/details")))["quota"]
    pairs = {
        "servers": (limits["totalInstancesUsed"], len(there["server"])),
        "cores": (limits["totalCoresUsed"], len(there["server"])),
        "volumes": (volumes["volumes"]["in_use"], len(there["volume"])),
        "snapshots": (volumes["snapshots"]["in_use"], len(there["snapshot"])),
        "gigabytes": (volumes["gigabytes"]["in_use"], sum(one["size"] for kind in ("volume", "snapshot") for one in there[kind])),
        **{
            f"{kind}s": (networks[kind]["used"], len(there[kind])) for kind in ("network", "router", "floatingip", "security_group")
        },
    }
    return [f"{user.project_id}: {what} are {n} by the quota, {m} by the list" for what, (n, m) in pairs.items() if n != m]


async def delete_everything(walk: Walk) -> list[str]:
    """Users delete all they have, several times, as what is used by something else goes later; what is left then."""
    for _ in SEEDS:
        for user in walk.users:
            await _take_apart(user)
            for kind, (mount, path) in KINDS.items():
                for one in await user.all(kind):
                    await user.ask("DELETE", mount, f"{path}/{one['id']}")
        await walk.rest()
    left = [f"{kind} {one['id']}" for user in walk.users for kind in KINDS for one in await user.all(kind)]
    return [one for one in left if not one.startswith("security_group")]


async def _take_apart(user: User) -> None:
    for router in await user.all("router"):
        ports = (await made(user.ask("GET", NETWORK, f"ports?device_id={router['id']}")))["ports"]
        for port in ports:
            path = f"routers/{router['id']}/remove_router_interface"
            await user.ask("PUT", NETWORK, path, {"port_id": port["id"]})


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_users_do_and_whatever_fails_counts_agree_and_deleting_leaves_nothing(tmp_path, monkeypatch, seed):
    random = Random(seed)
    monkeypatch.setattr(ids.uuid, "uuid4", lambda: UUID(int=random.getrandbits(128), version=4))
    monkeypatch.setattr(ids.secrets, "randbelow", random.randrange)
    async with running_cloud(tmp_path, FakeClock(), fake_hosts=2) as cloud:
        moving = VolumeCloud(cloud)
        await moving.start()
        users = [User(await cloud.client(name), random) for name in ("one", "two")]
        walk = Walk(cloud, moving, users, random)
        await walk.furnish()
        for _ in range(STEPS):
            await walk.step()
        await walk.rest()
        assert walk.done > STEPS / 3
        assert await disagreements(walk) == []
        assert await delete_everything(walk) == []
        assert await disagreements(walk) == []
        for world in walk.worlds:
            assert world.guests == {}
        assert _disks(walk) == []
