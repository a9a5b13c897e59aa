"""Which hosts can hold something, and the reason when none can."""

from __future__ import annotations

import pytest

from cumulet.kernel.errors import NoCapacity
from cumulet.placement.operations import candidates, claims, hosts
from cumulet.placement.operations.claims import Wanted
from cumulet.placement.search import Group, Search
from cumulet.placement.store import aggregates
from cumulet.placement.store import traits as known_traits
from support.hosts import PROJECT, USER, add_host, host_id

SMALL = {"VCPU": 2, "MEMORY_MB": 4096, "DISK_GB": 20}
LARGE = {"VCPU": 2, "MEMORY_MB": 14000, "DISK_GB": 20}
GROUP, OTHER = host_id("an aggregate"), host_id("another aggregate")


async def names(tx, wanted: Wanted, **more) -> set[str]:
    by_id = {host.id: host.hostname for host in await hosts.list(tx)}
    return {by_id[found.host_id] for found in await claims.candidates(tx, wanted, **more)}


@pytest.fixture
async def three(db):
    async with db.tx() as tx:
        for name in ("h1", "h2", "h3"):
            await add_host(tx, name)
    return db


async def test_candidates_tell_what_is_free_and_what_can_be_claimed(three) -> None:
    async with three.tx() as tx:
        await claims.claim(tx, "s1", host_id("h1"), SMALL, project_id=PROJECT, user_id=USER)
        [found] = await claims.candidates(tx, Wanted({"VCPU": 1}, hosts=[host_id("h1")]))
        assert found.capacity == {"VCPU": 32, "MEMORY_MB": 15872, "DISK_GB": 100}
        assert found.free == {"VCPU": 30, "MEMORY_MB": 11776, "DISK_GB": 80}


async def test_full_dead_disabled_and_excluded_hosts_are_no_candidates(three, clock) -> None:
    async with three.tx() as tx:
        assert await names(tx, Wanted(LARGE)) == {"h1", "h2", "h3"}
        assert len(await claims.candidates(tx, Wanted(LARGE), limit=2)) == 2
        await claims.claim(tx, "s1", host_id("h1"), LARGE, project_id=PROJECT, user_id=USER)
        assert await names(tx, Wanted(LARGE)) == {"h2", "h3"}
        assert await names(tx, Wanted(LARGE, excluded=[host_id("h2")])) == {"h3"}
        await hosts.set_enabled(tx, host_id("h3"), False, "broken fan")
        assert await names(tx, Wanted(LARGE)) == {"h2"}
    await clock.advance(31)
    async with three.tx() as tx:
        with pytest.raises(NoCapacity, match="3 down"):
            await claims.candidates(tx, Wanted(LARGE))


async def test_candidates_have_every_required_trait_and_no_forbidden_one(three) -> None:
    async with three.tx() as tx:
        await add_host(tx, "h4", cpu_features=["avx2", "vmx"])
        both = ["HW_CPU_X86_AVX2", "HW_CPU_X86_VMX"]
        assert await names(tx, Wanted(SMALL, required=both)) == {"h4"}
        assert await names(tx, Wanted(SMALL, required=[both[0], both[0]], forbidden=[both[1]])) == {"h1", "h2", "h3"}
        with pytest.raises(NoCapacity, match="4 without the required traits HW_CPU_X86_SGX"):
            await claims.candidates(tx, Wanted(SMALL, required=["HW_CPU_X86_SGX"]))


async def test_candidates_are_in_one_aggregate_of_each_group(three) -> None:
    async with three.tx() as tx:
        await aggregates.put(tx, host_id("h1"), [GROUP])
        await aggregates.put(tx, host_id("h2"), [GROUP, OTHER])
        assert await names(tx, Wanted(SMALL, aggregates=[[GROUP]])) == {"h1", "h2"}
        assert await names(tx, Wanted(SMALL, aggregates=[[GROUP], [OTHER]])) == {"h2"}
        assert await names(tx, Wanted(SMALL, aggregates=[[GROUP, OTHER]], not_in=[OTHER])) == {"h1"}


async def test_a_refusal_names_each_constraint_with_figures_and_no_host_names(three) -> None:
    async with three.tx() as tx:
        await claims.claim(tx, "s1", host_id("h1"), LARGE, project_id=PROJECT, user_id=USER)
        await hosts.set_enabled(tx, host_id("h3"), False, None)
        with pytest.raises(NoCapacity) as refused:
            await claims.candidates(tx, Wanted({"VCPU": 1, "MEMORY_MB": 16000}, excluded=[host_id("h2")]))
    message = refused.value.message
    assert message == (
        "No host can hold this. Of 3 hosts: 1 excluded; 1 disabled; 1 without 16000 MEMORY_MB free (the nearest has 1872)."
    )
    assert "h1" in refused.value.internal
    assert "h3" in refused.value.internal


async def test_without_hosts_the_refusal_says_so(db) -> None:
    async with db.tx() as tx:
        with pytest.raises(NoCapacity, match="there are no hosts"):
            await claims.candidates(tx, Wanted(SMALL))


async def test_traits_that_few_trees_have_are_found_among_many_without_looking_at_all(db) -> None:
    async with db.tx() as tx:
        await known_traits.define(tx, "CUSTOM_RARE")
        for number in range(40):
            await add_host(tx, f"h{number}")
        await known_traits.put(tx, host_id("h33"), ["CUSTOM_RARE"])
    async with db.read() as tx:
        group = Group("", {"VCPU": 1}, required=[["CUSTOM_RARE"]])
        found, world = await candidates.search(tx, Search([group], limit=1))
        assert [candidate.providers() for candidate in found] == [[host_id("h33")]]
        assert len(world.trees) == 1
