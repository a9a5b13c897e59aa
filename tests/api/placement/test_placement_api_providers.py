"""Resource providers, and their aggregates."""

from __future__ import annotations

from cumulet.kernel.ids import new_uuid
from support.hosts import add_host
from support.placement import refusal


async def listed(placement, query: str) -> set[str]:
    answer = await placement.get(f"/resource_providers?{query}")
    assert answer.status_code == 200, answer.text
    return {provider["name"] for provider in answer.json()["resource_providers"]}


async def test_a_provider_is_made_shown_renamed_and_deleted(placement):
    made = await placement.post("/resource_providers", {"name": "shelf"})
    provider = made.json()
    assert made.headers["Location"].endswith(f"/placement/resource_providers/{provider['uuid']}")
    path = f"/resource_providers/{provider['uuid']}"
    assert (await placement.get(path)).json() == provider
    renamed = (await placement.put(path, {"name": "rack"})).json()
    assert (renamed["name"], renamed["generation"]) == ("rack", 0)
    assert (await placement.delete(path)).status_code == 204
    assert (await placement.get(path)).status_code == 404


async def test_before_1_20_a_made_provider_is_only_pointed_at(placement):
    answer = await placement.at("1.19").post("/resource_providers", {"name": "shelf"})
    assert (answer.status_code, answer.content) == (201, b"")
    path = answer.headers["Location"].split("/placement")[1]
    shown = (await placement.at("1.0").get(path)).json()
    assert set(shown) == {"uuid", "name", "generation", "links"}
    assert [link["rel"] for link in shown["links"]] == ["self", "inventories", "usages"]


async def test_names_and_ids_are_unique(placement):
    provider_id = await placement.provider("shelf")
    for body in ({"name": "shelf"}, {"name": "another", "uuid": provider_id}):
        error = refusal(await placement.post("/resource_providers", body))
        assert (error["status"], error["code"]) == (409, "placement.duplicate_name")
    other = await placement.provider("rack")
    assert refusal(await placement.put(f"/resource_providers/{other}", {"name": "shelf"}))["code"] == "placement.duplicate_name"


async def test_a_body_with_an_unknown_field_changes_nothing(placement):
    error = refusal(await placement.post("/resource_providers", {"name": "shelf", "color": "blue"}))
    assert error["status"] == 400
    assert "color" in error["detail"]
    old = refusal(await placement.at("1.13").post("/resource_providers", {"name": "shelf", "parent_provider_uuid": None}))
    assert "parent_provider_uuid" in old["detail"]
    assert await listed(placement, "name=shelf") == set()


async def test_a_child_belongs_to_its_parents_tree(placement):
    root = await placement.provider("host")
    child = await placement.provider("numa0", parent=root)
    shown = (await placement.get(f"/resource_providers/{child}")).json()
    assert (shown["parent_provider_uuid"], shown["root_provider_uuid"]) == (root, root)
    assert await listed(placement, f"in_tree={child}") == {"host", "numa0"}
    error = refusal(await placement.delete(f"/resource_providers/{root}"))
    assert error["code"] == "placement.resource_provider.cannot_delete_parent"


async def test_moving_a_provider_moves_all_below_it_since_1_37(placement):
    one, two = await placement.provider("one"), await placement.provider("two")
    middle = await placement.provider("middle", parent=one)
    leaf = await placement.provider("leaf", parent=middle)
    move = {"name": "middle", "parent_provider_uuid": two}
    assert (await placement.at("1.36").put(f"/resource_providers/{middle}", move)).status_code == 400
    assert (await placement.put(f"/resource_providers/{middle}", move)).json()["root_provider_uuid"] == two
    assert (await placement.get(f"/resource_providers/{leaf}")).json()["root_provider_uuid"] == two
    loop = await placement.put(f"/resource_providers/{middle}", {"name": "middle", "parent_provider_uuid": leaf})
    assert loop.status_code == 400
    alone = await placement.put(f"/resource_providers/{middle}", {"name": "middle", "parent_provider_uuid": None})
    assert alone.json()["root_provider_uuid"] == middle
    assert await listed(placement, f"in_tree={leaf}") == {"middle", "leaf"}


async def test_an_unknown_parent_is_refused(placement):
    answer = await placement.post("/resource_providers", {"name": "orphan", "parent_provider_uuid": new_uuid()})
    assert answer.status_code == 400


async def test_a_provider_with_claims_is_not_deleted(placement):
    provider_id = await placement.provider("host", {"VCPU": 4})
    await placement.allocate(new_uuid(), {provider_id: {"VCPU": 1}})
    error = refusal(await placement.delete(f"/resource_providers/{provider_id}"))
    assert (error["status"], error["code"]) == (409, "placement.resource_provider.inuse")


async def test_C8_a_registered_host_cannot_be_deleted_as_a_provider(placement, service):
    async with service.db.tx() as tx:
        host_id = await add_host(tx, "rack-7")
    assert "rack-7" in await listed(placement, "")
    error = refusal(await placement.delete(f"/resource_providers/{host_id}"))
    assert "retired" in error["detail"]


async def test_providers_are_found_by_name_id_traits_aggregates_and_room(placement):
    plain = await placement.provider("plain", {"VCPU": 4})
    fancy = await placement.provider("fancy", {"VCPU": 8, "MEMORY_MB": 1024})
    group, other = new_uuid(), new_uuid()
    await placement.mark(plain, traits=["HW_CPU_X86_AVX"], aggregates=[group])
    await placement.mark(fancy, traits=["HW_CPU_X86_AVX", "CUSTOM_GOLD"], aggregates=[group, other])
    both = {"plain", "fancy"}
    for query, expected in {
        "name=plain": {"plain"},
        f"uuid={fancy}": {"fancy"},
        "required=HW_CPU_X86_AVX": both,
        "required=HW_CPU_X86_AVX,!CUSTOM_GOLD": {"plain"},
        "required=in:CUSTOM_GOLD,HW_CPU_X86_AVX2": {"fancy"},
        f"member_of={group}": both,
        f"member_of={group}&member_of={other}": {"fancy"},
        f"member_of=in:{other},{new_uuid()}": {"fancy"},
        f"member_of={group}&member_of=!{other}": {"plain"},
        "resources=VCPU:4": both,
        "resources=VCPU:5": {"fancy"},
        "resources=VCPU:4,MEMORY_MB:1": {"fancy"},
        f"in_tree={new_uuid()}": set(),
    }.items():
        assert await listed(placement, query) == expected, query


async def test_a_filter_that_cannot_be_understood_is_named(placement):
    for query, word in {
        "color=blue": "color",
        "uuid=hello": "uuid",
        "member_of=a,b": "member_of",
        "member_of=hello": "member_of",
        "required=CUSTOM_NOBODY": "CUSTOM_NOBODY",
        "required=,": "required",
        "resources=VCPU": "resources",
        "resources=VCPU:0": "VCPU",
        "resources=VCPU:many": "many",
        "resources=CUSTOM_NOTHING:1": "CUSTOM_NOTHING",
    }.items():
        error = refusal(await placement.get(f"/resource_providers?{query}"))
        assert error["status"] == 400, query
        assert word in error["detail"], query


async def test_filters_appear_at_their_microversion(placement):
    for query, since in {
        "member_of=" + new_uuid(): 3,
        "resources=VCPU:1": 4,
        "in_tree=" + new_uuid(): 14,
        "required=HW_CPU_X86_AVX": 18,
    }.items():
        assert (await placement.at(f"1.{since - 1}").get(f"/resource_providers?{query}")).status_code == 400
        assert (await placement.at(f"1.{since}").get(f"/resource_providers?{query}")).status_code == 200


async def test_aggregates_are_set_against_the_generation_since_1_19(placement):
    provider_id = await placement.provider("host")
    path, group = f"/resource_providers/{provider_id}/aggregates", new_uuid()
    assert (await placement.at("1.18").put(path, [group])).json() == {"aggregates": [group]}
    assert (await placement.get(path)).json() == {"aggregates": [group], "resource_provider_generation": 0}
    body = {"aggregates": [], "resource_provider_generation": 0}
    assert (await placement.put(path, body)).json()["resource_provider_generation"] == 1
    assert refusal(await placement.put(path, body))["code"] == "placement.concurrent_update"
    assert (await placement.at("1.18").put(path, [group, group])).status_code == 400
