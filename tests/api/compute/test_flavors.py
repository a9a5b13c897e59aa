"""Flavors over HTTP: their extra specs and who may use them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.projects import add_project
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud

SIZE = {"ram": 128, "vcpus": 1, "disk": 1}


def at(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


async def made(cloud: ComputeCloud, **fields: Any) -> dict[str, Any]:
    answer = await cloud.admin(**LATEST).post("/flavors", json={"flavor": {"name": "new", **SIZE, **fields}})
    assert answer.status_code == 200, answer.text
    flavor: dict[str, Any] = answer.json()["flavor"]
    return flavor


async def test_a_new_flavor_is_shown_to_everybody(cloud: ComputeCloud) -> None:
    flavor = await made(cloud, id="auto", description="small", **{"OS-FLV-EXT-DATA:ephemeral": "2"})
    assert (await cloud.client(**LATEST).get(f"/flavors/{flavor['id']}")).json() == {"flavor": flavor}
    assert flavor["description"] == "small"
    assert flavor["OS-FLV-EXT-DATA:ephemeral"] == 2
    assert flavor["extra_specs"] == {}
    assert flavor["swap"] == 0


async def test_a_flavor_at_the_lowest_version_has_neither_description_nor_extra_specs(cloud: ComputeCloud) -> None:
    flavor = await made(cloud)
    old = (await cloud.client().get(f"/flavors/{flavor['id']}")).json()["flavor"]
    assert set(flavor) - set(old) == {"description", "extra_specs"}
    assert old["swap"] == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " padded"},
        {"name": "x" * 256},
        {"ram": 0},
        {"vcpus": 0},
        {"vcpus": "many"},
        {"disk": -1},
        {"swap": -1},
        {"rxtx_factor": 0},
        {"id": " 1"},
        {"id": "a/b"},
        {"id": ""},
        {"os-flavor-access:is_public": "perhaps"},
        {"color": "red"},
    ],
)
async def test_a_wrong_flavor_is_refused_and_not_made(cloud: ComputeCloud, wrong: dict[str, Any]) -> None:
    admin = cloud.admin(**LATEST)
    before = (await admin.get("/flavors")).json()
    answer = await admin.post("/flavors", json={"flavor": {"name": "new", **SIZE, **wrong}})
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["badRequest"]["message"]
    assert (await admin.get("/flavors")).json() == before


@pytest.mark.parametrize("taken", [{"name": "m1.small", "id": "other"}, {"name": "other", "id": "small"}])
async def test_two_flavors_have_neither_the_same_name_nor_the_same_id(cloud: ComputeCloud, taken: dict[str, str]) -> None:
    answer = await cloud.admin().post("/flavors", json={"flavor": {**SIZE, **taken}})
    assert answer.status_code == 409


async def test_only_the_description_of_a_flavor_changes(cloud: ComputeCloud) -> None:
    flavor, admin = await made(cloud), cloud.admin(**LATEST)
    path = f"/flavors/{flavor['id']}"
    changed = await admin.put(path, json={"flavor": {"description": "tiny"}})
    assert changed.json() == {"flavor": {**flavor, "description": "tiny"}}
    assert (await admin.put(path, json={"flavor": {"description": None}})).json()["flavor"]["description"] is None
    assert (await admin.put(path, json={"flavor": {"ram": 1}})).status_code == 400
    assert (await admin.put(path, json={"flavor": {}})).status_code == 400
    assert (await cloud.admin().put(path, json={"flavor": {"description": "x"}})).status_code == 404
    assert (await cloud.client(**LATEST).put(path, json={"flavor": {"description": "x"}})).status_code == 403


async def test_flavors_are_filtered_sorted_and_paged(cloud: ComputeCloud) -> None:
    for ram in (64, 256, 1024):
        await made(cloud, name=f"ram{ram}", ram=ram, disk=ram // 64)
    client = cloud.client(**LATEST)

    async def names(query: str) -> list[str]:
        return [flavor["name"] for flavor in (await client.get(f"/flavors{query}")).json()["flavors"]]

    assert await names("?sort_key=memory_mb&sort_dir=desc") == ["ram1024", "m1.small", "ram256", "ram64"]
    assert await names("?sort_key=name&minRam=256&minDisk=4") == ["ram1024", "ram256"]
    first = (await client.get("/flavors/detail?sort_key=name&limit=2")).json()
    assert [flavor["name"] for flavor in first["flavors"]] == ["m1.small", "ram1024"]
    second = (await client.get(first["flavors_links"][0]["href"])).json()
    assert [flavor["name"] for flavor in second["flavors"]] == ["ram256", "ram64"]


@pytest.mark.parametrize(
    "query", ["minRam=lots", "limit=-1", "limit=x", "marker=nobody", "sort_key=color", "is_public=x", "color=red"]
)
async def test_a_wrong_query_for_flavors_is_refused(cloud: ComputeCloud, query: str) -> None:
    assert (await cloud.admin(**LATEST).get(f"/flavors?{query}")).status_code == 400


async def test_old_versions_ignore_unknown_parameters(cloud: ComputeCloud) -> None:
    assert (await cloud.client(**at("2.74")).get("/flavors?color=red")).status_code == 200


async def test_a_private_flavor_is_seen_by_administrators_and_by_the_projects_that_may_use_it(cloud: ComputeCloud) -> None:
    await add_project(cloud.db, DEMO)
    flavor, admin = await made(cloud, **{"os-flavor-access:is_public": False}), cloud.admin(**LATEST)
    path = f"/flavors/{flavor['id']}"
    assert (await cloud.client().get(path)).status_code == 404
    assert (await admin.get(f"{path}/os-flavor-access")).json() == {"flavor_access": []}
    allowed = await admin.post(f"{path}/action", json={"addTenantAccess": {"tenant": DEMO}})
    assert allowed.json() == {"flavor_access": [{"flavor_id": flavor["id"], "tenant_id": DEMO}]}
    assert (await cloud.client().get(path)).status_code == 200
    assert len((await cloud.client().get("/flavors")).json()["flavors"]) == 2
    assert (await cloud.client(OTHER).get(path)).status_code == 404
    assert len((await admin.get("/flavors")).json()["flavors"]) == 1
    assert len((await admin.get("/flavors?is_public=None")).json()["flavors"]) == 2
    assert len((await admin.get("/flavors?is_public=false")).json()["flavors"]) == 1
    forbidden = await admin.post(f"{path}/action", json={"removeTenantAccess": {"tenant": DEMO}})
    assert forbidden.json() == {"flavor_access": []}
    assert (await cloud.client().get(path)).status_code == 404


async def test_access_that_makes_no_sense_is_refused(cloud: ComputeCloud) -> None:
    await add_project(cloud.db, DEMO)
    flavor, admin = await made(cloud, **{"os-flavor-access:is_public": False}), cloud.admin(**LATEST)
    action, public = f"/flavors/{flavor['id']}/action", "/flavors/small/action"

    async def status(path: str, name: str, tenant: str = DEMO) -> int:
        return (await admin.post(path, json={name: {"tenant": tenant}})).status_code

    assert await status(action, "addTenantAccess", "0" * 32) == 400
    assert await status(action, "addTenantAccess", "") == 400
    assert await status(action, "removeTenantAccess") == 404
    assert await status(action, "addTenantAccess") == 200
    assert await status(action, "addTenantAccess") == 409
    assert await status(public, "addTenantAccess") == 409
    assert (await cloud.admin(**at("2.6")).post(public, json={"addTenantAccess": {"tenant": DEMO}})).status_code == 200
    assert (await admin.get("/flavors/small/os-flavor-access")).status_code == 404
    assert (await cloud.client().post(action, json={"addTenantAccess": {"tenant": OTHER}})).status_code == 403


async def test_extra_specs_are_set_read_changed_and_forgotten(cloud: ComputeCloud) -> None:
    admin, path = cloud.admin(**LATEST), "/flavors/small/os-extra_specs"
    specs = {"hw:cpu_policy": "shared", "quota:cpu_shares": 64, "my:own": "x"}
    set_ = await admin.post(path, json={"extra_specs": specs})
    assert set_.json() == {"extra_specs": {**specs, "quota:cpu_shares": "64"}}
    assert (await admin.put(f"{path}/my:own", json={"my:own": "y"})).json() == {"my:own": "y"}
    client = cloud.client(**LATEST)
    expected = {"hw:cpu_policy": "shared", "quota:cpu_shares": "64", "my:own": "y"}
    assert (await client.get(path)).json() == {"extra_specs": expected}
    assert (await client.get(f"{path}/my:own")).json() == {"my:own": "y"}
    assert (await client.get("/flavors/small")).json()["flavor"]["extra_specs"] == expected
    assert (await client.delete(f"{path}/my:own")).status_code == 403
    assert (await admin.delete(f"{path}/my:own")).status_code == 200
    assert (await admin.delete(f"{path}/my:own")).status_code == 404
    assert (await client.get(f"{path}/my:own")).status_code == 404
    assert (await client.get("/flavors/none/os-extra_specs")).status_code == 404


@pytest.mark.parametrize(
    "specs",
    [
        {"hw:cpu_policy": "mostly"},
        {"hw:nonsense": "1"},
        {"hw:numa_nodes": "0"},
        {"hw:numa_nodes": "one"},
        {"hw:boot_menu": "perhaps"},
        {"hw:redirected_usb_ports": "16"},
        {"hw:mem_page_size": "huge"},
        {"resources:BEANS": "1"},
        {"resources1:VCPU": "x"},
        {"trait:HW_NONSENSE": "required"},
        {"trait:HW_CPU_X86_AVX2": "maybe"},
        {"key!": "value"},
        {"": "value"},
        {"key": "x" * 256},
        {"key": None},
        {"key": True},
    ],
)
async def test_wrong_extra_specs_are_refused_and_none_is_set(cloud: ComputeCloud, specs: dict[str, Any]) -> None:
    admin, path = cloud.admin(**LATEST), "/flavors/small/os-extra_specs"
    assert (await admin.post(path, json={"extra_specs": {"fine": "1", **specs}})).status_code == 400
    assert (await admin.get(path)).json() == {"extra_specs": {}}


@pytest.mark.parametrize(
    "spec",
    [
        {"hw:numa_cpus.0": "0-3,^2"},
        {"hw:mem_page_size": "2MiB"},
        {"resources:CUSTOM_GPU": "1"},
        {"resources_gpus:VGPU": "1"},
        {"trait:HW_CPU_X86_AVX2": "required"},
        {"trait:CUSTOM_FAST": "forbidden"},
        {"pci_passthrough:alias": "gpu:1,nic:2"},
        {"capabilities:cpu_info:arch": "x86_64"},
        {"plain": "anything"},
    ],
)
async def test_extra_specs_that_upstream_knows_are_taken(cloud: ComputeCloud, spec: dict[str, str]) -> None:
    answer = await cloud.admin(**LATEST).post("/flavors/small/os-extra_specs", json={"extra_specs": spec})
    assert answer.status_code == 200, answer.text


async def test_extra_specs_were_not_checked_in_old_versions(cloud: ComputeCloud) -> None:
    answer = await cloud.admin(**at("2.85")).post("/flavors/small/os-extra_specs", json={"extra_specs": {"hw:nonsense": "1"}})
    assert answer.status_code == 200


async def test_an_extra_spec_is_changed_under_its_own_name_only(cloud: ComputeCloud) -> None:
    admin, path = cloud.admin(), "/flavors/small/os-extra_specs/a"
    assert (await admin.put(path, json={"b": "1"})).status_code == 400
    assert (await admin.put(path, json={"a": "1", "b": "1"})).status_code == 400
    assert (await admin.put(path, json={})).status_code == 400


async def test_a_deleted_flavor_is_gone_with_its_access_list(cloud: ComputeCloud) -> None:
    await add_project(cloud.db, DEMO)
    flavor, admin = await made(cloud, id="7", **{"os-flavor-access:is_public": False}), cloud.admin(**LATEST)
    await admin.post("/flavors/7/action", json={"addTenantAccess": {"tenant": DEMO}})
    assert (await cloud.client().delete("/flavors/7")).status_code == 403
    assert (await admin.delete("/flavors/7")).status_code == 202
    assert (await admin.delete("/flavors/7")).status_code == 404
    again = await made(cloud, id="7", **{"os-flavor-access:is_public": False})
    assert again["id"] == flavor["id"]
    assert (await admin.get("/flavors/7/os-flavor-access")).json() == {"flavor_access": []}
