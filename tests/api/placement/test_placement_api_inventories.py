"""Inventories, resource classes and traits."""

from __future__ import annotations

from cumulet.kernel.ids import new_uuid
from cumulet.placement.operations import claims, hosts
from support.hosts import add_host, registration
from support.placement import refusal

DISK = {"total": 100, "reserved": 10, "min_unit": 5, "max_unit": 50, "step_size": 5, "allocation_ratio": 2.0}


async def test_an_inventory_is_made_shown_changed_and_deleted(placement):
    provider_id = await placement.provider("shelf")
    base = f"/resource_providers/{provider_id}/inventories"
    made = await placement.post(base, {"resource_class": "DISK_GB", **DISK})
    assert made.status_code == 201
    assert made.json() == {**DISK, "resource_provider_generation": 1}
    assert made.headers["Location"].endswith(base + "/DISK_GB")
    assert (await placement.get(base + "/DISK_GB")).json() == made.json()
    changed = await placement.put(base + "/DISK_GB", {"total": 7, "resource_provider_generation": 1})
    assert changed.json()["total"] == 7
    assert changed.json()["allocation_ratio"] == 1.0
    assert (await placement.delete(base + "/DISK_GB")).status_code == 204
    assert (await placement.get(base)).json() == {"inventories": {}, "resource_provider_generation": 3}
    assert (await placement.get(base + "/DISK_GB")).status_code == 404
    assert (await placement.delete(base + "/DISK_GB")).status_code == 404


async def test_a_stale_generation_changes_nothing(placement):
    provider_id = await placement.provider("shelf", {"VCPU": 4})
    base = f"/resource_providers/{provider_id}/inventories"
    for path, body in [
        (base, {"inventories": {}, "resource_provider_generation": 0}),
        (base + "/VCPU", {"total": 9, "resource_provider_generation": 7}),
    ]:
        error = refusal(await placement.put(path, body))
        assert (error["status"], error["code"]) == (409, "placement.concurrent_update")
    shown = (await placement.get(base)).json()
    assert shown["resource_provider_generation"] == 1
    assert shown["inventories"]["VCPU"]["total"] == 4


async def test_inventory_that_is_claimed_from_stays(placement):
    provider_id = await placement.provider("host", {"VCPU": 4, "MEMORY_MB": 100})
    await placement.allocate(new_uuid(), {provider_id: {"VCPU": 1}})
    base = f"/resource_providers/{provider_id}/inventories"
    assert refusal(await placement.delete(base))["code"] == "placement.inventory.inuse"
    assert refusal(await placement.delete(base + "/VCPU"))["status"] == 409
    body = {"inventories": {"MEMORY_MB": {"total": 1}}, "resource_provider_generation": await placement.generation(provider_id)}
    assert refusal(await placement.put(base, body))["code"] == "placement.inventory.inuse"
    assert (await placement.get(base)).json()["inventories"]["MEMORY_MB"]["total"] == 100


async def test_C7_an_inventory_may_be_shrunk_below_its_use_and_then_only_shrinks(placement):
    provider_id = await placement.provider("host", {"VCPU": 10})
    server, other = new_uuid(), new_uuid()
    await placement.allocate(server, {provider_id: {"VCPU": 8}})
    await placement.stock(provider_id, {"VCPU": 4})
    assert (await placement.allocate(other, {provider_id: {"VCPU": 1}})).status_code == 409
    smaller = await placement.allocate(server, {provider_id: {"VCPU": 4}}, consumer_generation=1)
    assert smaller.status_code == 204
    larger = await placement.allocate(server, {provider_id: {"VCPU": 5}}, consumer_generation=2)
    assert larger.status_code == 409


async def test_C6_what_the_api_sets_stays_when_the_host_registers_again(placement, service):
    async with service.db.tx() as tx:
        host_id = await add_host(tx, "rack-7")
    path = f"/resource_providers/{host_id}/inventories/MEMORY_MB"
    generation = await placement.generation(host_id)
    body = {"total": 16384, "max_unit": 16384, "reserved": 2048, "resource_provider_generation": generation}
    assert (await placement.put(path, body)).status_code == 200
    async with service.db.tx() as tx:
        memory = (await claims.usage(tx, host_id))["MEMORY_MB"]
        assert (memory.total_source, memory.reserved_source, memory.ratio_source) == ("host", "api", "default")
        await hosts.register(tx, registration("rack-7", last_counter=1, memory_mb=32768))
        memory = (await claims.usage(tx, host_id))["MEMORY_MB"]
        assert (memory.total, memory.reserved, memory.max_unit) == (32768, 2048, 32768)


async def test_an_inventory_that_makes_no_sense_is_refused(placement):
    provider_id = await placement.provider("shelf")
    base = f"/resource_providers/{provider_id}/inventories"
    for wrong in (
        {"total": 0},
        {"total": 2147483648},
        {"total": "many"},
        {"total": 10, "reserved": 11},
        {"total": 10, "step_size": 0},
        {"total": 10, "color": 1},
        {},
    ):
        assert (await placement.post(base, {"resource_class": "VCPU", **wrong})).status_code == 400, wrong
    assert (await placement.post(base, {"resource_class": "CUSTOM_NOTHING", "total": 1})).status_code == 400
    assert (await placement.get(base)).json()["inventories"] == {}


async def test_all_may_be_reserved_since_1_26(placement):
    provider_id = await placement.provider("shelf")
    body = {"resource_class": "VCPU", "total": 4, "reserved": 4}
    assert (await placement.at("1.25").post(f"/resource_providers/{provider_id}/inventories", body)).status_code == 400
    assert (await placement.at("1.26").post(f"/resource_providers/{provider_id}/inventories", body)).status_code == 201


async def test_all_inventory_can_be_deleted_since_1_5(placement):
    provider_id = await placement.provider("shelf", {"VCPU": 4})
    assert (await placement.at("1.4").delete(f"/resource_providers/{provider_id}/inventories")).status_code == 405
    assert (await placement.at("1.5").delete(f"/resource_providers/{provider_id}/inventories")).status_code == 204


async def test_standard_classes_are_listed_and_cannot_be_changed(placement):
    names = [each["name"] for each in (await placement.get("/resource_classes")).json()["resource_classes"]]
    assert names[:3] == ["VCPU", "MEMORY_MB", "DISK_GB"]
    assert (await placement.delete("/resource_classes/VCPU")).status_code == 400
    assert (await placement.post("/resource_classes", {"name": "VCPU"})).status_code == 400


async def test_a_custom_class_lives_until_its_inventory_is_gone(placement):
    path = "/resource_classes/CUSTOM_GOLD"
    assert [(await placement.put(path)).status_code for _ in range(2)] == [201, 204]
    assert (await placement.post("/resource_classes", {"name": "CUSTOM_GOLD"})).status_code == 409
    assert (await placement.get(path)).json()["name"] == "CUSTOM_GOLD"
    provider_id = await placement.provider("mine", {"CUSTOM_GOLD": 5})
    assert (await placement.delete(path)).status_code == 409
    await placement.delete(f"/resource_providers/{provider_id}/inventories")
    assert (await placement.delete(path)).status_code == 204
    assert (await placement.get(path)).status_code == 404
    assert (await placement.put("/resource_classes/gold")).status_code == 400


async def test_a_class_is_renamed_up_to_1_6(placement):
    await placement.put("/resource_classes/CUSTOM_GOLD")
    renamed = await placement.at("1.6").put("/resource_classes/CUSTOM_GOLD", {"name": "CUSTOM_SILVER"})
    assert renamed.json()["name"] == "CUSTOM_SILVER"
    assert (await placement.get("/resource_classes/CUSTOM_GOLD")).status_code == 404


async def test_traits_are_standard_or_custom(placement):
    assert (await placement.get("/traits/HW_CPU_X86_AVX2")).status_code == 204
    assert (await placement.get("/traits/CUSTOM_GOLD")).status_code == 404
    assert [(await placement.put("/traits/CUSTOM_GOLD")).status_code for _ in range(2)] == [201, 204]
    assert (await placement.put("/traits/HW_NEW")).status_code == 400
    assert (await placement.get("/traits?name=startswith:CUSTOM")).json() == {"traits": ["CUSTOM_GOLD"]}
    assert (await placement.get("/traits?name=in:CUSTOM_GOLD,HW_CPU_X86_AVX,NOTHING")).json()["traits"] == [
        "CUSTOM_GOLD",
        "HW_CPU_X86_AVX",
    ]
    assert (await placement.delete("/traits/HW_CPU_X86_AVX2")).status_code == 400


async def test_a_providers_traits_are_set_against_its_generation(placement):
    provider_id = await placement.provider("host")
    path = f"/resource_providers/{provider_id}/traits"
    await placement.put("/traits/CUSTOM_GOLD")
    body = {"traits": ["CUSTOM_GOLD", "HW_CPU_X86_AVX"], "resource_provider_generation": 0}
    assert (await placement.put(path, body)).json() == {**body, "resource_provider_generation": 1}
    assert refusal(await placement.put(path, body))["code"] == "placement.concurrent_update"
    assert (await placement.get("/traits?associated=true")).json()["traits"] == ["CUSTOM_GOLD", "HW_CPU_X86_AVX"]
    assert (await placement.delete("/traits/CUSTOM_GOLD")).status_code == 409
    unknown = {"traits": ["CUSTOM_NOBODY"], "resource_provider_generation": 1}
    assert "CUSTOM_NOBODY" in refusal(await placement.put(path, unknown))["detail"]
    assert (await placement.delete(path)).status_code == 204
    assert (await placement.get(path)).json()["traits"] == []
    assert (await placement.delete("/traits/CUSTOM_GOLD")).status_code == 204
