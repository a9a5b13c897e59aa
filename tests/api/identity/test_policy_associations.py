"""For which endpoints a policy document is."""

from __future__ import annotations

import pytest

from support.identity import V3, listed, make, rows_of

ASSOCIATED = "OS-ENDPOINT-POLICY"


@pytest.fixture
async def admin(cloud):
    return await cloud.admin()


@pytest.fixture
async def place(admin):
    """A service with one endpoint in a region within another; ids by name."""
    await make(admin, "regions", id="North")
    await make(admin, "regions", id="Harbour", parent_region_id="North")
    service = await make(admin, "services", type="tides", name="tides")
    fields = {"service_id": service["id"], "region_id": "Harbour", "interface": "public", "url": "http://tides.example"}
    endpoint = await make(admin, "endpoints", **fields)
    return {"service": service["id"], "endpoint": endpoint["id"]}


async def document(admin) -> str:
    return (await make(admin, "policies", type="application/json", blob="{}"))["id"]


async def of_endpoint(admin, place):
    answer = await admin.get(f"{V3}/endpoints/{place['endpoint']}/{ASSOCIATED}/policy")
    return answer.json()["policy"]["id"] if answer.status_code == 200 else answer.status_code


async def test_the_nearest_document_counts(admin, place):
    assert await of_endpoint(admin, place) == 404
    paths = (
        f"services/{place['service']}",
        f"services/{place['service']}/regions/North",
        f"services/{place['service']}/regions/Harbour",
        f"endpoints/{place['endpoint']}",
    )
    made = []
    for path in paths:
        made.append(await document(admin))
        answer = await admin.put(f"{V3}/policies/{made[-1]}/{ASSOCIATED}/{path}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert await of_endpoint(admin, place) == made[-1]
        assert (await admin.head(f"{V3}/policies/{made[-1]}/{ASSOCIATED}/{path}")).status_code == 204
    near = [await listed(admin, f"policies/{policy_id}/{ASSOCIATED}/endpoints") for policy_id in made]
    assert [len(endpoints) for endpoints in near] == [0, 0, 0, 1]
    for path, policy_id in reversed(list(zip(paths, made, strict=True))):
        assert await of_endpoint(admin, place) == policy_id
        assert (await admin.delete(f"{V3}/policies/{policy_id}/{ASSOCIATED}/{path}")).status_code == 204
        assert (await admin.get(f"{V3}/policies/{policy_id}/{ASSOCIATED}/{path}")).status_code == 404


async def test_a_place_has_one_document(admin, place):
    first, second = await document(admin), await document(admin)
    for policy_id in (first, second):
        await admin.put(f"{V3}/policies/{policy_id}/{ASSOCIATED}/endpoints/{place['endpoint']}")
    assert await of_endpoint(admin, place) == second
    assert (await admin.get(f"{V3}/policies/{first}/{ASSOCIATED}/endpoints/{place['endpoint']}")).status_code == 404


@pytest.mark.parametrize("gone", ["policies", "endpoints", "services"])
async def test_what_is_deleted_takes_its_associations_along(cloud, admin, place, gone):
    policy_id = await document(admin)
    await admin.put(f"{V3}/policies/{policy_id}/{ASSOCIATED}/endpoints/{place['endpoint']}")
    await admin.put(f"{V3}/policies/{policy_id}/{ASSOCIATED}/services/{place['service']}")
    ids = {"policies": policy_id, "endpoints": place["endpoint"], "services": place["service"]}
    assert (await admin.delete(f"{V3}/{gone}/{ids[gone]}")).status_code == 204
    left = [row[:2] for row in rows_of(cloud)["policy_associations"]]
    expected = {"policies": [], "endpoints": [("", place["service"])], "services": []}
    if gone == "services":
        left = [row for row in left if row[1]]
    assert left == expected[gone]


@pytest.mark.parametrize("path", ["endpoints/nothing", "services/nothing", "services/{service}/regions/nowhere"])
async def test_what_is_not_there_has_no_document(admin, place, path):
    policy_id = await document(admin)
    answer = await admin.put(f"{V3}/policies/{policy_id}/{ASSOCIATED}/{path.format(**place)}")
    assert answer.status_code == 404
    assert (await admin.put(f"{V3}/policies/nothing/{ASSOCIATED}/endpoints/{place['endpoint']}")).status_code == 404
