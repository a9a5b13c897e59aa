"""Volume types, their extra specs, who may use them, projects' defaults; and what they mean for volumes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.volumes import Api, VolumeCloud, at

from cumulet.volume.model import DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME

MISSING = "00000000-0000-4000-8000-000000000000"


async def kind(admin: Api, name: str = "fast", status: int = 200, **fields: Any) -> Any:
    found = await admin.call("POST", "/types", status, {"volume_type": {"name": name, **fields}})
    return found["volume_type"] if status < 400 else found


async def private(admin: Api, name: str = "secret") -> Any:
    return await kind(admin, name, **{"os-volume-type-access:is_public": False})


async def names(api: Api, query: str = "", **headers: str) -> list[str]:
    return [found["name"] for found in (await api.get(f"/types{query}", **headers))["volume_types"]]


async def test_there_is_a_default_type_from_the_beginning(demo: Api) -> None:
    found = (await demo.get("/types/default"))["volume_type"]
    assert (found["id"], found["name"], found["is_public"]) == (DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME, True)
    assert await names(demo) == [DEFAULT_TYPE_NAME]


async def test_a_type_is_made_changed_and_removed(admin: Api) -> None:
    made = await kind(admin, description="For databases", extra_specs={"storage_protocol": "file"})
    path = f"/types/{made['id']}"
    assert (made["description"], made["is_public"], made["extra_specs"]) == ("For databases", True, {"storage_protocol": "file"})
    changed = await admin.call("PUT", path, 200, {"volume_type": {"name": "faster", "is_public": "false"}})
    assert (changed["volume_type"]["name"], changed["volume_type"]["is_public"]) == ("faster", False)
    assert (await admin.get(path))["volume_type"].items() >= changed["volume_type"].items()
    await admin.call("DELETE", path, 202)
    await admin.get(path, 404)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"name": ""}, {"name": "   "}, {"name": None}, {"name": "x" * 256}, {"name": 5}, {"description": "x" * 256}),
        *({"extra_specs": {"a/b": "c"}}, {"extra_specs": {"a": 1}}, {"extra_specs": []}, {"unheard": 1}),
        {"os-volume-type-access:is_public": "perhaps"},
    ],
)
async def test_a_wrong_type_is_refused(admin: Api, wrong: dict[str, Any]) -> None:
    await admin.call("POST", "/types", 400, {"volume_type": {"name": "fast", **wrong}})
    assert await names(admin) == [DEFAULT_TYPE_NAME]


@pytest.mark.parametrize("wrong", [{}, {"name": ""}, {"name": "  "}, {"name": None}, {"is_public": "perhaps"}, {"extra_specs": {}}])
async def test_a_wrong_change_is_refused(admin: Api, wrong: dict[str, Any]) -> None:
    made = await kind(admin)
    await admin.call("PUT", f"/types/{made['id']}", 400, {"volume_type": wrong})


async def test_types_have_different_names(admin: Api) -> None:
    await kind(admin, "one")
    two = await kind(admin, "two")
    assert "one" in await kind(admin, "one", 409)
    await admin.call("PUT", f"/types/{two['id']}", 409, {"volume_type": {"name": "one"}})
    await admin.call("PUT", f"/types/{two['id']}", 200, {"volume_type": {"name": "two"}})


async def test_a_type_is_not_removed_while_it_is_needed(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    made = await kind(admin)
    volume = await volumes.available(demo, volume_type="fast")
    assert "in use" in await admin.call("DELETE", f"/types/{made['id']}", 400)
    assert "default" in await admin.call("DELETE", f"/types/{DEFAULT_TYPE_ID}", 400)
    await demo.drop(volume)
    await volumes.settle()
    await admin.call("DELETE", f"/types/{made['id']}", 202)
    await admin.call("DELETE", f"/types/{made['id']}", 404)


async def test_users_change_no_types(demo: Api, admin: Api) -> None:
    made = await kind(admin)
    path = f"/types/{made['id']}"
    await kind(demo, "mine", 403)
    await demo.call("PUT", path, 403, {"volume_type": {"name": "mine"}})
    await demo.call("DELETE", path, 403)
    await demo.call("POST", f"{path}/extra_specs", 403, {"extra_specs": {"a": "b"}})
    await demo.call("PUT", f"{path}/extra_specs/a", 403, {"a": "b"})
    await demo.call("DELETE", f"{path}/extra_specs/a", 403)
    await demo.get(f"{path}/os-volume-type-access", 403)
    await demo.call("POST", f"{path}/action", 403, {"addProjectAccess": {"project": demo.project_id}})
    await demo.get("/default-types", 403)
    await demo.call("PUT", f"/default-types/{demo.project_id}", 403, {"default_type": {"volume_type": "fast"}})


async def test_specs_are_added_changed_and_removed(admin: Api) -> None:
    made = await kind(admin, extra_specs={"a": "1"})
    specs = f"/types/{made['id']}/extra_specs"
    assert await admin.call("POST", specs, 200, {"extra_specs": {"b": "2", "c:d": "3"}}) == {"extra_specs": {"b": "2", "c:d": "3"}}
    assert await admin.get(specs) == {"extra_specs": {"a": "1", "b": "2", "c:d": "3"}}
    assert await admin.call("PUT", f"{specs}/a", 200, {"a": "9"}) == {"a": "9"}
    assert await admin.get(f"{specs}/a") == {"a": "9"}
    await admin.call("DELETE", f"{specs}/b", 202)
    assert (await admin.get(specs))["extra_specs"] == {"a": "9", "c:d": "3"}
    for method in ("GET", "DELETE"):
        await admin.call(method, f"{specs}/b", 404)
    for wrong in ({"b": "1"}, {"a": "1", "b": "2"}, {}, {"a": 1}):
        await admin.call("PUT", f"{specs}/a", 400, wrong)
    for wrong in ({}, {"extra_specs": []}, {"extra_specs": {"": "x"}}, {"extra_specs": {"x": "y" * 256}}):
        await admin.call("POST", specs, 400, wrong)
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/a"), ("PUT", "/a"), ("DELETE", "/a")):
        await admin.call(
            method, f"/types/{MISSING}/extra_specs{path}", 404, {"extra_specs": {"a": "b"}} if method == "POST" else {"a": "1"}
        )


async def test_users_see_only_the_specs_that_concern_them(admin: Api, demo: Api) -> None:
    made = await kind(admin, extra_specs={"volume_backend_name": "files", "multiattach": "<is> False"})
    path = f"/types/{made['id']}"
    shown = (await demo.get(path))["volume_type"]
    assert shown["extra_specs"] == {"multiattach": "<is> False"}
    assert "qos_specs_id" not in shown
    assert (await demo.get(f"{path}/extra_specs"))["extra_specs"] == {"multiattach": "<is> False"}
    await demo.get(f"{path}/extra_specs/volume_backend_name", 404)
    assert await names(demo, "?extra_specs={'volume_backend_name':'files'}") == []
    assert await names(demo, "?extra_specs={'multiattach':'<is> False'}") == ["fast"]
    assert await names(admin, "?extra_specs={'volume_backend_name':'files'}") == ["fast"]
    assert len(await names(admin, "?extra_specs={'volume_backend_name':'files'}", **at("3.51"))) == 2
    await admin.get("/types?extra_specs=files", 400)


async def test_a_private_type_is_for_the_projects_that_were_let_in(volumes: VolumeCloud, admin: Api, demo: Api, other: Api) -> None:
    made = await private(admin)
    path, access = f"/types/{made['id']}", f"/types/{made['id']}/os-volume-type-access"
    assert "secret" not in await names(demo)
    await demo.get(path, 404)
    await demo.make(404, volume_type="secret")
    await admin.call("POST", f"{path}/action", 202, {"addProjectAccess": {"project": demo.project_id}})
    await admin.call("POST", f"{path}/action", 409, {"addProjectAccess": {"project": demo.project_id}})
    assert await admin.get(access) == {"volume_type_access": [{"volume_type_id": made["id"], "project_id": demo.project_id}]}
    assert "secret" in await names(demo)
    assert (await volumes.available(demo, volume_type=made["id"]))["volume_type"] == "secret"
    await other.get(path, 404)
    await admin.call("POST", f"{path}/action", 202, {"removeProjectAccess": {"project": demo.project_id}})
    await admin.call("POST", f"{path}/action", 404, {"removeProjectAccess": {"project": demo.project_id}})
    await demo.get(path, 404)


async def test_a_public_type_has_no_list_of_projects(admin: Api, demo: Api) -> None:
    made = await kind(admin)
    path = f"/types/{made['id']}"
    await admin.get(f"{path}/os-volume-type-access", 404)
    for action in ("addProjectAccess", "removeProjectAccess"):
        await admin.call("POST", f"{path}/action", 409, {action: {"project": demo.project_id}})
        await admin.call("POST", f"/types/{MISSING}/action", 404, {action: {"project": demo.project_id}})
        await admin.call("POST", f"{path}/action", 400, {action: {}})


async def test_administrators_ask_for_public_private_or_all_types(admin: Api) -> None:
    await kind(admin)
    await private(admin)
    assert sorted(await names(admin)) == [DEFAULT_TYPE_NAME, "fast"]
    assert await names(admin, "?is_public=false") == ["secret"]
    assert sorted(await names(admin, "?is_public=None")) == [DEFAULT_TYPE_NAME, "fast", "secret"]
    await admin.get("/types?is_public=perhaps", 400)


async def test_types_are_sorted_and_paged(admin: Api) -> None:
    for name in "bca":
        await kind(admin, name)
    found, query = [], "?limit=2&sort=name:asc"
    while query:
        page = await admin.get(f"/types{query}")
        found += [one["name"] for one in page["volume_types"]]
        query = page["volume_type_links"][0]["href"].partition("/types")[2] if "volume_type_links" in page else ""
    assert found == [DEFAULT_TYPE_NAME, "a", "b", "c"]
    assert await names(admin, "?sort=name:desc&offset=1&limit=1") == ["b"]
    await admin.get(f"/types?marker={MISSING}", 404)


async def test_a_project_can_have_a_default_of_its_own(volumes: VolumeCloud, admin: Api, demo: Api, other: Api) -> None:
    made = await kind(admin)
    path = f"/default-types/{demo.project_id}"
    await admin.get(path, 404)
    wanted = {"default_type": {"project_id": demo.project_id, "volume_type_id": made["id"]}}
    assert await admin.call("PUT", path, 200, {"default_type": {"volume_type": "fast"}}) == wanted
    assert await admin.get(path) == wanted
    assert await admin.get("/default-types") == {"default_types": [wanted["default_type"]]}
    assert (await demo.make())["volume_type"] == "fast"
    assert (await other.make())["volume_type"] == DEFAULT_TYPE_NAME
    assert (await demo.get("/types/default"))["volume_type"]["name"] == "fast"
    await admin.call("PUT", path, 400, {"default_type": {"volume_type": "nothing"}})
    await admin.call("DELETE", path, 204)
    assert (await demo.make())["volume_type"] == DEFAULT_TYPE_NAME
    await admin.get("/default-types", 404, **at("3.61"))


@pytest.mark.parametrize(
    "spec", [{"multiattach": "<is> True"}, {"volume_backend_name": "ceph"}, {"replication_enabled": "<is> True"}, {"iops": ">= 5"}]
)
async def test_a_type_that_no_host_satisfies_is_refused_with_the_spec(admin: Api, demo: Api, spec: dict[str, str]) -> None:
    await kind(admin, extra_specs=spec)
    assert next(iter(spec)) in await demo.make(400, volume_type="fast")


async def test_a_type_bounds_the_sizes_of_its_volumes(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    await kind(admin, extra_specs={"provisioning:min_vol_size": "2", "provisioning:max_vol_size": "4"})
    assert "less than" in await demo.make(400, size=1, volume_type="fast")
    assert "larger than" in await demo.make(400, size=5, volume_type="fast")
    volume = await volumes.available(demo, size=2, volume_type="fast")
    await demo.act(volume, "os-extend", {"new_size": 5}, 400)
    await demo.act(volume, "os-extend", {"new_size": 4})


async def test_a_volume_becomes_one_of_another_type(volumes: VolumeCloud, admin: Api, demo: Api) -> None:
    fast = await kind(admin)
    await kind(admin, "large", extra_specs={"provisioning:min_vol_size": "9"})
    await kind(admin, "far", extra_specs={"RESKEY:availability_zones": "mars"})
    await kind(admin, "shared", extra_specs={"multiattach": "<is> True"})
    await private(admin)
    volume = await volumes.available(demo)
    for name, status in (("large", 400), ("far", 400), ("shared", 400), (DEFAULT_TYPE_NAME, 400), ("secret", 404), ("none", 404)):
        await demo.act(volume, "os-retype", {"new_type": name}, status)
    await demo.act(volume, "os-retype", {"new_type": "fast", "migration_policy": "whatever"}, 400)
    await demo.act(volume, "os-retype", {"new_type": fast["id"], "migration_policy": "never"})
    shown = await demo.show(volume)
    assert (shown["volume_type"], shown["volume_type_id"], shown["status"]) == ("fast", fast["id"], "available")
