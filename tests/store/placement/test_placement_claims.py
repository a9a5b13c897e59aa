"""The ledger (4-safety.md, C1 to C6)."""

from __future__ import annotations

import asyncio

import pytest

from cumulet.contract.reports import Welcome
from cumulet.kernel.errors import Conflict, Invalid, NoCapacity, NotFound
from cumulet.placement.operations import claims, hosts
from cumulet.placement.operations.claims import Wanted
from support.hosts import PROJECT, USER, add_host, host_id, registration

H1, H2 = host_id("h1"), host_id("h2")
SMALL = {"VCPU": 2, "MEMORY_MB": 4096, "DISK_GB": 20}


async def take(tx, consumer: str, host: str = H1, resources: dict[str, int] | None = None) -> int:
    return await claims.claim(tx, consumer, host, resources or SMALL, project_id=PROJECT, user_id=USER)


async def used(db, host: str = H1) -> dict[str, int]:
    async with db.read() as tx:
        return {name: figures.used for name, figures in (await claims.usage(tx, host)).items()}


async def test_a_claim_is_counted_and_its_release_uncounted(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await take(tx, "s1")
    assert await used(db) == SMALL
    async with db.tx() as tx:
        await claims.release(tx, "s1")
    assert await used(db) == {"VCPU": 0, "MEMORY_MB": 0, "DISK_GB": 0}


async def test_C1_the_last_byte_can_be_claimed_and_not_one_more(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await take(tx, "s1", resources={"MEMORY_MB": 16384 - 512})
    with pytest.raises(NoCapacity, match="1 MEMORY_MB wanted, 0 free"):
        async with db.tx() as tx:
            await take(tx, "s2", resources={"MEMORY_MB": 1})
    assert (await used(db))["MEMORY_MB"] == 16384 - 512


async def test_C1_a_claim_that_fails_for_one_class_takes_nothing_of_the_others(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        with pytest.raises(NoCapacity, match="DISK_GB"):
            await take(tx, "s1", resources={"VCPU": 1, "MEMORY_MB": 64, "DISK_GB": 101})
    assert await used(db) == {"VCPU": 0, "MEMORY_MB": 0, "DISK_GB": 0}


async def test_C1_a_fractional_ratio_is_rounded_down(db) -> None:
    async with db.tx() as tx:
        initial = hosts.Initial(vcpu_ratio=1.3)
        assert isinstance(await hosts.register(tx, registration(vcpus=3), initial), Welcome)
        await take(tx, "s1", resources={"VCPU": 3})
        with pytest.raises(NoCapacity):
            await take(tx, "s2", resources={"VCPU": 1})


async def test_a_guest_cannot_be_larger_than_the_host_whatever_the_ratio(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        with pytest.raises(NoCapacity, match="from 1 to 8"):
            await take(tx, "s1", resources={"VCPU": 9})


async def test_a_class_without_inventory_cannot_be_claimed(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        with pytest.raises(NoCapacity, match="it has no VGPU"):
            await take(tx, "s1", resources={"VCPU": 1, "VGPU": 1})
    assert (await used(db))["VCPU"] == 0


async def test_claims_need_a_host_and_a_positive_amount(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        with pytest.raises(NotFound):
            await take(tx, "s1", host_id("nobody"))
        with pytest.raises(Invalid, match="VCPU"):
            await take(tx, "s1", resources={"VCPU": 0})
        with pytest.raises(Invalid):
            await claims.claim(tx, "s1", H1, {}, project_id=PROJECT, user_id=USER)


async def test_C3_a_forced_host_skips_filters_but_not_the_claim(db, clock) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await hosts.set_enabled(tx, H1, False, "repair")
    await clock.advance(3600)
    async with db.tx() as tx:
        with pytest.raises(NoCapacity):
            await claims.candidates(tx, Wanted(SMALL))
        await take(tx, "s1")
        with pytest.raises(NoCapacity):
            await take(tx, "s2", resources={"MEMORY_MB": 16384 - 512})
    assert await used(db) == SMALL


async def test_C4_a_move_holds_both_ends_and_releases_exactly_one(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await add_host(tx, "h2")
        first = await take(tx, "s1", H1)
        second = await take(tx, "s1", H2)
        assert second > first
    assert await used(db, H1) == await used(db, H2) == SMALL
    async with db.tx() as tx:
        await claims.release(tx, "s1", H1)
        assert await claims.claims_of(tx, "s1") == {H2: SMALL}
    assert (await used(db, H1))["VCPU"] == 0
    assert await used(db, H2) == SMALL


async def test_C4_a_second_claim_of_one_consumer_on_one_host_is_refused(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await take(tx, "s1")
        with pytest.raises(Conflict, match="holds a claim"):
            await take(tx, "s1")
        with pytest.raises(Conflict, match="holds a claim"):
            await take(tx, "s1", resources={"MEMORY_MB": 64})
    assert await used(db) == SMALL


async def test_releasing_twice_or_nothing_changes_nothing(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await take(tx, "s1")
        await take(tx, "s2")
        await claims.release(tx, "s1")
        await claims.release(tx, "s1")
        await claims.release(tx, "s1", H1)
        await claims.release(tx, "s2", H2)
        await claims.release(tx, "never heard of")
    assert await used(db) == SMALL


async def test_a_consumers_epoch_grows_with_each_claim_and_survives_their_release(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await add_host(tx, "h2")
        assert await claims.epoch(tx, "s1") == 0
        assert await take(tx, "s1", H1) == 1
        await claims.release(tx, "s1")
        assert await claims.epoch(tx, "s1") == 1
        assert await take(tx, "s1", H2) == 2
        assert await take(tx, "s1", H1) == 3
        assert await take(tx, "s2", H1) == 1
        assert await claims.epoch(tx, "s1") == 3


async def test_a_claim_disappears_with_the_transaction_it_was_made_in(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)

    async def take_and_fail() -> None:
        async with db.tx() as tx:
            await take(tx, "s1")
            raise RuntimeError("the server row could not be written")

    with pytest.raises(RuntimeError):
        await take_and_fail()
    assert (await used(db))["MEMORY_MB"] == 0
    async with db.read() as tx:
        assert await claims.epoch(tx, "s1") == 0


async def test_M7_ten_moves_to_one_host_do_not_all_see_the_same_free_memory(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
    granted = 0
    for at in range(10):
        async with db.tx() as tx:
            try:
                await take(tx, f"s{at}")
            except NoCapacity:
                continue
            granted += 1
    assert granted == (16384 - 512) // 4096
    assert (await used(db))["MEMORY_MB"] == granted * 4096


async def test_C1_M2_claims_that_race_for_the_last_room_get_it_once(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)

    async def grab(consumer: str) -> bool:
        try:
            async with db.tx() as tx:
                await take(tx, consumer)
        except NoCapacity:
            return False
        return True

    granted = await asyncio.gather(*(grab(f"s{at}") for at in range(12)))
    assert sum(granted) == (16384 - 512) // 4096
    assert (await used(db))["MEMORY_MB"] == sum(granted) * 4096


async def test_C4_two_moves_that_cross_do_not_wait_for_each_other(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await add_host(tx, "h2")
        await take(tx, "s1", H1)
        await take(tx, "s2", H2)

    async def move(consumer: str, source: str, target: str) -> None:
        async with db.tx() as tx:
            await take(tx, consumer, target)
        async with db.tx() as tx:
            await claims.release(tx, consumer, source)

    await asyncio.gather(move("s1", H1, H2), move("s2", H2, H1))
    async with db.read() as tx:
        assert await claims.claims_of(tx, "s1") == {H2: SMALL}
        assert await claims.claims_of(tx, "s2") == {H1: SMALL}
