"""Allocations, usages and the reshaper."""

from __future__ import annotations

from typing import Any

from cumulet.kernel.ids import new_uuid
from support.placement import refusal


async def used(placement, provider_id: str) -> dict[str, int]:
    return dict((await placement.get(f"/resource_providers/{provider_id}/usages")).json()["usages"])


async def test_what_is_allocated_is_shown_and_counted(placement):
    host, server = await placement.provider("host", {"VCPU": 8, "DISK_GB": 100}), new_uuid()
    assert (await placement.allocate(server, {host: {"VCPU": 2, "DISK_GB": 20}})).status_code == 204
    assert (await placement.get(f"/allocations/{server}")).json() == {
        "allocations": {host: {"generation": 2, "resources": {"DISK_GB": 20, "VCPU": 2}}},
        "project_id": "p1",
        "user_id": "u1",
        "consumer_generation": 1,
        "consumer_type": "INSTANCE",
    }
    on_host = (await placement.get(f"/resource_providers/{host}/allocations")).json()
    assert on_host["allocations"] == {server: {"resources": {"DISK_GB": 20, "VCPU": 2}, "consumer_generation": 1}}
    assert await used(placement, host) == {"VCPU": 2, "DISK_GB": 20}
    assert (await placement.delete(f"/allocations/{server}")).status_code == 204
    assert (await placement.get(f"/allocations/{server}")).json() == {"allocations": {}}
    assert (await placement.delete(f"/allocations/{server}")).status_code == 404


async def test_a_consumers_generation_guards_its_allocations(placement):
    host, server = await placement.provider("host", {"VCPU": 8}), new_uuid()
    assert (
        refusal(await placement.allocate(server, {host: {"VCPU": 1}}, consumer_generation=3))["code"]
        == "placement.concurrent_update"
    )
    await placement.allocate(server, {host: {"VCPU": 1}})
    for stale in (None, 0, 2):
        error = refusal(await placement.allocate(server, {host: {"VCPU": 2}}, consumer_generation=stale))
        assert (error["status"], error["code"]) == (409, "placement.concurrent_update")
    assert (await placement.allocate(server, {host: {"VCPU": 2}}, consumer_generation=1)).status_code == 204
    assert (await placement.allocate(server, {}, consumer_generation=2)).status_code == 204
    assert (await placement.allocate(server, {host: {"VCPU": 1}}, consumer_generation=None)).status_code == 204
    assert (await placement.get(f"/allocations/{server}")).json()["consumer_generation"] == 1


async def test_C1_more_than_there_is_cannot_be_allocated_by_anybody(placement):
    host = await placement.provider("host", {"VCPU": {"total": 8, "reserved": 1, "allocation_ratio": 1.5}})
    assert (await placement.allocate(new_uuid(), {host: {"VCPU": 10}})).status_code == 204
    error = refusal(await placement.allocate(new_uuid(), {host: {"VCPU": 1}}))
    assert error["status"] == 409
    assert "10 of 10 are claimed" in error["detail"]


async def test_replacing_counts_what_the_consumer_gives_back(placement):
    host, server = await placement.provider("host", {"VCPU": 8}), new_uuid()
    await placement.allocate(server, {host: {"VCPU": 6}})
    assert (await placement.allocate(server, {host: {"VCPU": 8}}, consumer_generation=1)).status_code == 204
    assert (await placement.allocate(server, {host: {"VCPU": 9}}, consumer_generation=2)).status_code == 409
    assert await used(placement, host) == {"VCPU": 8}


async def test_units_are_kept_by_replacements_too(placement):
    host, server = (
        await placement.provider("host", {"DISK_GB": {"total": 100, "min_unit": 10, "max_unit": 50, "step_size": 5}}),
        new_uuid(),
    )
    for amount, status in {5: 409, 12: 409, 55: 409, 20: 204}.items():
        assert (await placement.allocate(server, {host: {"DISK_GB": amount}})).status_code == status, amount
    assert (await placement.allocate(server, {host: {"DISK_GB": 25}}, consumer_generation=1)).status_code == 204


async def test_allocations_name_things_that_exist(placement):
    host = await placement.provider("host", {"VCPU": 8})
    assert (await placement.allocate(new_uuid(), {new_uuid(): {"VCPU": 1}})).status_code == 400
    assert (await placement.allocate(new_uuid(), {host: {"CUSTOM_NOTHING": 1}})).status_code == 400
    assert (await placement.allocate(new_uuid(), {host: {"DISK_GB": 1}})).status_code == 409
    assert (await placement.allocate("hello", {host: {"VCPU": 1}})).status_code == 400
    assert (await placement.allocate(new_uuid(), {host: {"VCPU": 0}})).status_code == 400
    assert await used(placement, host) == {"VCPU": 0}


async def test_several_consumers_change_together_or_not_at_all(placement):
    host = await placement.provider("host", {"VCPU": 8})
    server, move = new_uuid(), new_uuid()
    await placement.allocate(server, {host: {"VCPU": 5}})

    def body(server_vcpus: int, move_vcpus: int) -> dict[str, Any]:
        plain = {"project_id": "p1", "user_id": "u1", "consumer_type": "INSTANCE"}
        held = {server: (server_vcpus, 1), move: (move_vcpus, None)}
        return {
            consumer: {**plain, "consumer_generation": known, "allocations": {host: {"resources": {"VCPU": n}}} if n else {}}
            for consumer, (n, known) in held.items()
        }

    assert (await placement.post("/allocations", body(5, 4))).status_code == 409
    assert await used(placement, host) == {"VCPU": 5}
    assert (await placement.post("/allocations", body(0, 8))).status_code == 204
    assert (await placement.get(f"/allocations/{server}")).json() == {"allocations": {}}
    assert await used(placement, host) == {"VCPU": 8}
    assert (await placement.post("/allocations", {})).status_code == 400


async def test_old_clients_send_a_list_and_no_owner(placement):
    host, server = await placement.provider("host", {"VCPU": 8}), new_uuid()
    listed = {"allocations": [{"resource_provider": {"uuid": host}, "resources": {"VCPU": 1}}]}
    assert (await placement.at("1.7").put(f"/allocations/{server}", listed)).status_code == 204
    assert (await placement.at("1.8").put(f"/allocations/{server}", listed)).status_code == 400
    owned = {**listed, "project_id": "p1", "user_id": "u1"}
    assert (await placement.at("1.11").put(f"/allocations/{server}", owned)).status_code == 204
    assert (await placement.at("1.12").put(f"/allocations/{server}", owned)).status_code == 400
    assert set((await placement.at("1.11").get(f"/allocations/{server}")).json()) == {"allocations"}
    assert (await placement.get(f"/allocations/{server}")).json()["consumer_type"] == "unknown"


async def test_fields_of_allocations_are_required_at_their_microversion(placement):
    host = await placement.provider("host", {"VCPU": 8})
    plain = {"allocations": {host: {"resources": {"VCPU": 1}}}, "project_id": "p1", "user_id": "u1"}
    known = {**plain, "consumer_generation": None}
    path = f"/allocations/{new_uuid()}"
    for version, body, status in [
        ("1.27", known, 400),
        ("1.28", plain, 400),
        ("1.33", {**known, "mappings": {"": [host]}}, 400),
        ("1.37", {**known, "consumer_type": "INSTANCE"}, 400),
        ("1.38", known, 400),
        ("1.38", {**known, "consumer_type": "lower"}, 400),
        ("1.34", {**known, "mappings": {"": [host]}}, 204),
    ]:
        assert (await placement.at(version).put(path, body)).status_code == status, (version, body)


async def test_usages_are_summed_by_project_user_and_type(placement):
    host = await placement.provider("host", {"VCPU": 20})
    for user, kind in [("u1", "INSTANCE"), ("u2", "INSTANCE"), ("u1", "MIGRATION")]:
        await placement.allocate(new_uuid(), {host: {"VCPU": 2}}, user_id=user, consumer_type=kind)
    await placement.allocate(new_uuid(), {host: {"VCPU": 1}}, project_id="p2")

    async def usages(query: str, version: str = "1.39") -> Any:
        return (await placement.at(version).get(f"/usages?{query}")).json()["usages"]

    assert await usages("project_id=p1", "1.37") == {"VCPU": 6}
    assert await usages("project_id=p1&user_id=u2", "1.37") == {"VCPU": 2}
    assert await usages("project_id=nobody", "1.37") == {}
    by_type = {"INSTANCE": {"VCPU": 4, "consumer_count": 2}, "MIGRATION": {"VCPU": 2, "consumer_count": 1}}
    assert await usages("project_id=p1") == by_type
    assert await usages("project_id=p1&consumer_type=MIGRATION") == {"MIGRATION": by_type["MIGRATION"]}
    assert await usages("project_id=p1&consumer_type=all") == {"all": {"VCPU": 6, "consumer_count": 3}}
    assert (await placement.get("/usages")).status_code == 400
    assert (await placement.at("1.37").get("/usages?project_id=p1&consumer_type=all")).status_code == 400


async def test_a_project_sees_its_own_usages_and_nothing_else(service, placement):
    host = await placement.provider("host", {"VCPU": 20})
    reader = service.client("demo", "reader")
    mine = "demo"
    await placement.allocate(new_uuid(), {host: {"VCPU": 3}}, project_id=mine)
    assert (await reader.get(f"/usages?project_id={mine}")).json()["usages"]["INSTANCE"]["VCPU"] == 3
    assert (await reader.get("/usages?project_id=p1")).status_code == 403
    for path in (
        "/resource_providers",
        f"/resource_providers/{host}",
        "/traits",
        "/resource_classes",
        "/allocation_candidates?resources=VCPU:1",
    ):
        assert refusal(await reader.get(path))["status"] == 403, path
    assert (await reader.allocate(new_uuid(), {host: {"VCPU": 1}})).status_code == 403


async def test_a_service_may_do_what_an_administrator_may(service, placement):
    await placement.provider("host", {"VCPU": 20})
    nova = service.client("service", "service")
    assert (await nova.get("/allocation_candidates?resources=VCPU:1")).status_code == 200


async def test_inventory_moves_to_a_child_under_its_claims(placement, service):
    nova = service.client("service", "service")
    host, server = await placement.provider("host", {"VCPU": 8, "VGPU": 4}), new_uuid()
    card = await placement.provider("card", parent=host)
    await placement.allocate(server, {host: {"VCPU": 2, "VGPU": 3}})

    async def reshape(vgpus: int) -> Any:
        inventories = {
            host: {"inventories": {"VCPU": {"total": 8}}, "resource_provider_generation": await placement.generation(host)},
            card: {"inventories": {"VGPU": {"total": vgpus}}, "resource_provider_generation": await placement.generation(card)},
        }
        moved = {host: {"resources": {"VCPU": 2}}, card: {"resources": {"VGPU": 3}}}
        who = {"project_id": "p1", "user_id": "u1", "consumer_generation": 1, "consumer_type": "INSTANCE"}
        return await nova.post("/reshaper", {"inventories": inventories, "allocations": {server: {**who, "allocations": moved}}})

    assert (await reshape(2)).status_code == 409
    assert await used(placement, host) == {"VCPU": 2, "VGPU": 3}
    assert (await reshape(4)).status_code == 204
    assert await used(placement, host) == {"VCPU": 2}
    assert await used(placement, card) == {"VGPU": 3}


async def test_the_reshaper_is_for_services_and_leaves_no_claim_without_inventory(placement, service):
    nova = service.client("service", "service")
    host = await placement.provider("host", {"VCPU": 8})
    await placement.allocate(new_uuid(), {host: {"VCPU": 2}})
    gone = {"inventories": {host: {"inventories": {}, "resource_provider_generation": await placement.generation(host)}}}
    assert (await placement.post("/reshaper", {**gone, "allocations": {}})).status_code == 403
    assert refusal(await nova.post("/reshaper", {**gone, "allocations": {}}))["code"] == "placement.inventory.inuse"
    unknown = {"inventories": {new_uuid(): {"inventories": {}, "resource_provider_generation": 0}}, "allocations": {}}
    assert refusal(await nova.post("/reshaper", unknown))["code"] == "placement.resource_provider.not_found"


async def test_an_administrator_of_the_system_is_no_administrator_here(service):
    assert (await service.client("system", "admin").get("/resource_providers")).status_code == 403
