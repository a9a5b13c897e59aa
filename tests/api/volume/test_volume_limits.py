"""Quotas, limits, and what is refused beyond them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.volumes import V3, Api, VolumeCloud, at

DEFAULTS = {
    "volumes": 10,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "per_volume_gigabytes": -1,
    "groups": 10,
}


async def allow(admin: Api, project: Api, status: int = 200, **limits: Any) -> Any:
    return await admin.call("PUT", f"/os-quota-sets/{project.project_id}", status, {"quota_set": limits})


async def used(api: Api) -> tuple[int, int]:
    found = (await api.get("/limits"))["limits"]["absolute"]
    return found["totalVolumesUsed"], found["totalGigabytesUsed"]


async def test_a_project_begins_with_the_defaults(demo: Api, admin: Api) -> None:
    shown = {"quota_set": {"id": demo.project_id, **DEFAULTS}}
    assert await demo.get(f"/os-quota-sets/{demo.project_id}") == shown
    assert await demo.get(f"/os-quota-sets/{demo.project_id}/defaults") == shown
    assert await admin.get(f"/os-quota-sets/{demo.project_id}") == shown


async def test_limits_are_set_shown_and_forgotten(demo: Api, admin: Api) -> None:
    assert await allow(admin, demo, volumes=3, backups=-1) == {"quota_set": {**DEFAULTS, "volumes": 3, "backups": -1}}
    path = f"/os-quota-sets/{demo.project_id}"
    assert (await demo.get(path))["quota_set"]["volumes"] == 3
    assert (await demo.get("/limits"))["limits"]["absolute"]["maxTotalVolumes"] == 3
    assert (await demo.get(f"{path}/defaults"))["quota_set"]["volumes"] == 10
    await admin.call("DELETE", path, 200)
    assert (await demo.get(path))["quota_set"]["volumes"] == 10


@pytest.mark.parametrize(
    "wrong", [{}, {"volumes": -2}, {"volumes": "x"}, {"volumes": 1.5}, {"volumes": 2**31}, {"colours": 3}, {"volumes": None}]
)
async def test_a_wrong_limit_is_refused_and_none_is_set(demo: Api, admin: Api, wrong: dict[str, Any]) -> None:
    await allow(admin, demo, 400, **wrong)
    assert (await demo.get(f"/os-quota-sets/{demo.project_id}"))["quota_set"] == {"id": demo.project_id, **DEFAULTS}


async def test_a_limit_is_not_set_below_what_is_used(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    await demo.make(size=5)
    await demo.make(size=5)
    assert "gigabytes" in await allow(admin, demo, 400, volumes=2, gigabytes=9)
    assert (await demo.get(f"/os-quota-sets/{demo.project_id}"))["quota_set"]["volumes"] == 10
    await allow(admin, demo, volumes=2, gigabytes=10)


async def test_users_read_their_own_quota_only_and_set_none(demo: Api, other: Api) -> None:
    await other.get(f"/os-quota-sets/{demo.project_id}", 403)
    await other.get(f"/os-quota-sets/{demo.project_id}/defaults", 403)
    for who in (demo, other):
        await allow(who, demo, 403, volumes=100)
        await who.call("DELETE", f"/os-quota-sets/{demo.project_id}", 403)


async def test_use_is_shown_beside_the_limits(volumes: VolumeCloud, demo: Api) -> None:
    await demo.make(size=3)
    shown = (await demo.get(f"/os-quota-sets/{demo.project_id}?usage=True"))["quota_set"]
    assert shown["volumes"] == {"limit": 10, "in_use": 1, "reserved": 0}
    assert shown["gigabytes"] == {"limit": 1000, "in_use": 3, "reserved": 0}
    assert shown["backups"] == {"limit": 10, "in_use": 0, "reserved": 0}
    await demo.get(f"/os-quota-sets/{demo.project_id}?usage=perhaps", 400)


@pytest.mark.parametrize(
    ("limits", "size", "named"),
    [({"volumes": 1}, 1, "volumes"), ({"gigabytes": 3}, 2, "gigabytes"), ({"per_volume_gigabytes": 4}, 5, "larger")],
)
async def test_C12_what_would_pass_a_limit_is_refused_in_cinder_s_envelope(
    demo: Api, admin: Api, limits: dict[str, int], size: int, named: str
) -> None:
    await demo.make(size=2)
    await allow(admin, demo, **limits)
    answer = await demo.client.post(f"{V3}/volumes", json={"volume": {"size": size}})
    assert answer.status_code == 413
    assert answer.headers["Retry-After"] == "0"
    fault = answer.json()["overLimit"]
    assert fault["code"] == 413
    assert named in fault["message"]
    assert await used(demo) == (1, 2)


async def test_C12_growing_counts_from_its_beginning(volumes: VolumeCloud, demo: Api, admin: Api) -> None:
    one, two = await volumes.available(demo), await volumes.available(demo)
    await allow(admin, demo, gigabytes=5, per_volume_gigabytes=4)
    await demo.act(one, "os-extend", {"new_size": 5}, 413)
    await demo.act(one, "os-extend", {"new_size": 3})
    await demo.act(two, "os-extend", {"new_size": 3}, 413)
    assert await used(demo) == (2, 4)
    await demo.act(two, "os-extend", {"new_size": 2})
    await volumes.settle()
    assert await used(demo) == (2, 5)


async def test_what_is_deleted_no_longer_counts_and_what_failed_counts_until_it_is(
    volumes: VolumeCloud, demo: Api, admin: Api
) -> None:
    await allow(admin, demo, volumes=1)
    volume = await volumes.available(demo)
    await demo.make(413)
    await demo.drop(volume)
    await demo.make(413)
    await volumes.settle()
    await demo.make()


async def test_C12_of_twenty_at_once_as_many_are_made_as_may_be(demo: Api, admin: Api) -> None:
    await allow(admin, demo, volumes=7)

    async def attempt() -> int:
        return (await demo.client.post(f"{V3}/volumes", json={"volume": {"size": 1}})).status_code

    outcomes = await asyncio.gather(*(attempt() for _ in range(20)))
    assert sorted(outcomes) == [202] * 7 + [413] * 13
    assert await used(demo) == (7, 7)


async def test_administrators_ask_for_other_projects_limits_since_3_39(demo: Api, admin: Api, other: Api) -> None:
    await demo.make(size=2)
    query = f"/limits?project_id={demo.project_id}"
    assert (await admin.get(query))["limits"]["absolute"]["totalGigabytesUsed"] == 2
    assert (await admin.get(query, **at("3.38")))["limits"]["absolute"]["totalGigabytesUsed"] == 0
    assert (await other.get(query))["limits"]["absolute"]["totalGigabytesUsed"] == 0
