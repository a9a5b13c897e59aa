"""How many statements placement needs: a claim 3, candidates 3 for any number of hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cumulet.kernel.errors import NoCapacity
from cumulet.placement.operations import claims
from cumulet.placement.operations.claims import Wanted
from support.hosts import PROJECT, USER, add_host, host_id
from support.placement import PlacementCloud, placement_cloud

SMALL = {"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 1}


@pytest.fixture
async def service() -> AsyncIterator[PlacementCloud]:
    """The placement service, which authenticates without the database."""
    async with placement_cloud() as made:
        yield made


async def register(service: PlacementCloud, count: int) -> None:
    async with service.db.tx() as tx:
        for at in range(count):
            await add_host(tx, f"h{at}")


async def test_a_claim_takes_4_statements_however_many_resources_it_has(service):
    await register(service, 2)
    for at, resources in enumerate([{"VCPU": 1}, SMALL]):
        async with service.db.tx() as tx:
            before = service.db.statements
            await claims.claim(tx, f"s{at}", host_id("h0"), resources, project_id=PROJECT, user_id=USER)
            assert service.db.statements - before <= 4


async def test_a_release_takes_2_statements_and_1_of_history_for_each_host(service):
    await register(service, 3)
    async with service.db.tx() as tx:
        for at in range(3):
            await claims.claim(tx, "s1", host_id(f"h{at}"), SMALL, project_id=PROJECT, user_id=USER)
        before = service.db.statements
        await claims.release(tx, "s1")
        assert service.db.statements - before <= 2 + 3


@pytest.mark.parametrize("count", [1, 40])
async def test_candidates_take_as_many_statements_for_many_hosts_as_for_one(service, count):
    await register(service, count)
    async with service.db.read() as tx:
        before = service.db.statements
        found = await claims.candidates(tx, Wanted(SMALL, required=["COMPUTE_NODE"]))
        assert len(found) == count
        assert service.db.statements - before == 1
        with pytest.raises(NoCapacity):
            await claims.candidates(tx, Wanted({"VCPU": 1000}))
        assert service.db.statements - before <= 3


@pytest.mark.parametrize("count", [1, 40])
async def test_the_apis_candidates_take_3_statements_for_any_number_of_hosts(service, count):
    await register(service, count)
    admin = service.admin()
    for query in ("", "&limit=1", "&required=COMPUTE_NODE", "&resources1=DISK_GB:1"):
        before = service.db.statements
        answer = await admin.get(f"/allocation_candidates?resources=VCPU:1{query}")
        assert len(answer.json()["allocation_requests"]) == (1 if "limit" in query else count)
        assert service.db.statements - before <= 3, query


async def test_lists_take_one_statement_for_any_number_of_providers(service):
    needed = []
    for count in (1, 30):
        await register(service, count)
        before = service.db.statements
        assert (await service.admin().get("/resource_providers")).status_code == 200
        needed.append(service.db.statements - before)
    assert needed == [1, 1]


async def test_replacing_a_consumers_allocations_needs_no_more_for_more_of_other_consumers(service):
    await register(service, 1)
    admin, needed = service.admin(), []
    for at in range(3):
        before = service.db.statements
        await admin.allocate(f"0000000{at}-0000-0000-0000-000000000000", {host_id("h0"): SMALL})
        needed.append(service.db.statements - before)
    assert needed[0] == needed[1] == needed[2] <= 12
