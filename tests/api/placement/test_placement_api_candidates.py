"""Allocation candidates over HTTP; the search itself is tested in tests/unit/placement."""

from __future__ import annotations

from typing import Any

from cumulet.kernel.ids import new_uuid
from support.placement import refusal


async def found(placement, query: str) -> dict[str, Any]:
    answer = await placement.get(f"/allocation_candidates?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_candidate_can_be_sent_back_as_allocations(placement):
    host = await placement.provider("host", {"VCPU": 8, "MEMORY_MB": 1024, "DISK_GB": 10})
    candidates = await found(placement, "resources=VCPU:2,MEMORY_MB:512")
    [request] = candidates["allocation_requests"]
    assert request == {"allocations": {host: {"resources": {"VCPU": 2, "MEMORY_MB": 512}}}, "mappings": {"": [host]}}
    assert candidates["provider_summaries"] == {
        host: {
            "resources": {
                "DISK_GB": {"capacity": 10, "used": 0},
                "MEMORY_MB": {"capacity": 1024, "used": 0},
                "VCPU": {"capacity": 8, "used": 0},
            },
            "traits": [],
            "parent_provider_uuid": None,
            "root_provider_uuid": host,
        }
    }
    who = {"project_id": "p", "user_id": "u", "consumer_generation": None, "consumer_type": "INSTANCE"}
    assert (await placement.put(f"/allocations/{new_uuid()}", {**request, **who})).status_code == 204
    assert (await found(placement, "resources=VCPU:7"))["allocation_requests"] == []


async def test_answers_had_fewer_fields_before(placement):
    host = await placement.provider("host", {"VCPU": 8, "DISK_GB": 10})
    oldest = await found(placement.at("1.10"), "resources=VCPU:1")
    assert oldest["allocation_requests"] == [{"allocations": [{"resource_provider": {"uuid": host}, "resources": {"VCPU": 1}}]}]
    assert oldest["provider_summaries"] == {host: {"resources": {"VCPU": {"capacity": 8, "used": 0}}}}
    keyed = await found(placement.at("1.12"), "resources=VCPU:1")
    assert keyed["allocation_requests"] == [{"allocations": {host: {"resources": {"VCPU": 1}}}}]
    assert "traits" in (await found(placement.at("1.17"), "resources=VCPU:1"))["provider_summaries"][host]


async def test_two_providers_of_one_tree_are_candidates_since_1_29(placement):
    host = await placement.provider("host", {"VCPU": 8})
    card = await placement.provider("card", {"VGPU": 2}, parent=host)
    [request] = (await found(placement, "resources=VCPU:1,VGPU:1"))["allocation_requests"]
    assert set(request["allocations"]) == {host, card}
    assert (await found(placement.at("1.28"), "resources=VCPU:1,VGPU:1"))["allocation_requests"] == []


async def test_a_limit_is_kept_and_reached_although_the_first_trees_do_not_do(placement):
    marked = []
    for at in range(6):
        host = await placement.provider(f"host{at}", {"VCPU": 8})
        if at % 2:
            await placement.mark(host, traits=["CUSTOM_GOLD"])
            marked.append(host)
    assert len((await found(placement, "resources=VCPU:1&limit=2"))["allocation_requests"]) == 2
    gold = await found(placement, "resources=VCPU:1&required=CUSTOM_GOLD&limit=3")
    assert {next(iter(request["allocations"])) for request in gold["allocation_requests"]} == set(marked)


async def test_groups_traits_aggregates_and_trees_narrow_the_search(placement):
    group = new_uuid()
    plain = await placement.provider("plain", {"VCPU": 8, "VGPU": 1})
    gold = await placement.provider("gold", {"VCPU": 8, "VGPU": 2})
    await placement.mark(gold, traits=["CUSTOM_GOLD"], aggregates=[group])
    for query, expected in {
        "resources=VCPU:1": {plain, gold},
        "resources=VCPU:1&required=CUSTOM_GOLD": {gold},
        "resources=VCPU:1&required=!CUSTOM_GOLD": {plain},
        f"resources=VCPU:1&member_of={group}": {gold},
        f"resources=VCPU:1&member_of=!{group}": {plain},
        f"resources=VCPU:1&in_tree={plain}": {plain},
        f"resources=VCPU:1&in_tree={new_uuid()}": set(),
        "resources=VCPU:1&root_required=!CUSTOM_GOLD": {plain},
        "resources=VCPU:1&resources1=VGPU:2": {gold},
        "resources1=VGPU:1&resources2=VGPU:1&group_policy=none": {gold},
        "resources1=VGPU:1&resources2=VGPU:1&group_policy=isolate": set(),
        "resources_A=VCPU:1&required_B=CUSTOM_GOLD&same_subtree=_A,_B&group_policy=none": {gold},
    }.items():
        requests = (await found(placement, query))["allocation_requests"]
        assert {next(iter(request["allocations"])) for request in requests} == expected, query


async def test_what_cannot_be_understood_is_refused(placement):
    for query in (
        "",
        "required=CUSTOM_GOLD",
        "resources=",
        "resources=CUSTOM_NOTHING:1",
        "resources=VCPU:1&required=CUSTOM_NOTHING",
        "resources=VCPU:1&required=HW_CPU_X86_AVX,!HW_CPU_X86_AVX",
        "resources=VCPU:1&limit=0",
        "resources=VCPU:1&color=blue",
        "resources=VCPU:1&in_tree=hello",
        "resources1=VCPU:1&resources2=VCPU:1",
        "resources1=VCPU:1&group_policy=sometimes",
        "resources=VCPU:1&required1=HW_CPU_X86_AVX",
        "resources=VCPU:1&same_subtree=_NOBODY",
        "resources=VCPU:1&root_required=HW_CPU_X86_AVX&root_required=HW_CPU_X86_AVX2",
    ):
        assert refusal(await placement.get(f"/allocation_candidates?{query}"))["status"] == 400, query


async def test_parameters_appear_at_their_microversion(placement):
    for query, since in {
        "limit=1": 16,
        "required=HW_CPU_X86_AVX": 17,
        "member_of=" + new_uuid(): 21,
        "required=!HW_CPU_X86_AVX": 22,
        "resources1=VCPU:1": 25,
        "in_tree=" + new_uuid(): 31,
        "member_of=!" + new_uuid(): 32,
        "resources_A=VCPU:1": 33,
        "root_required=HW_CPU_X86_AVX": 35,
        "required=in:HW_CPU_X86_AVX,HW_CPU_X86_AVX2": 39,
    }.items():
        path = f"/allocation_candidates?resources=VCPU:1&{query}"
        assert (await placement.at(f"1.{since - 1}").get(path)).status_code == 400, query
        assert (await placement.at(f"1.{since}").get(path)).status_code == 200, query
