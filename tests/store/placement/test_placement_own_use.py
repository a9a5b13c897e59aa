"""A host that uses more memory for itself than is reserved: so much less of it can be claimed (M19)."""

from __future__ import annotations

import pytest

from cumulet.contract.commands import Guest, PagePool
from cumulet.kernel.errors import NoCapacity
from cumulet.placement.operations import claims, hosts
from cumulet.placement.operations.hosts import Initial
from cumulet.placement.operations.inventories import Stock
from cumulet.placement.operations.inventories import put as set_by_api
from cumulet.placement.operations.ledger import grants, moves, past
from support.hosts import PROJECT, USER, add_host, beat, host_id

H1 = host_id("h1")
TOTAL, RESERVED = 16384, 512


async def claim(tx, name: str, memory: int) -> None:
    await moves.place(tx, name, moves.Wish(H1, {"MEMORY_MB": memory}, PROJECT, USER))


async def memory(db):
    async with db.read() as tx:
        return (await claims.usage(tx, H1))["MEMORY_MB"]


async def beats(db, clock, *readings: int, guests: list[Guest] | None = None) -> None:
    """A heartbeat every 20 seconds; each says what the host itself uses, in MiB."""
    running = guests or []
    for own in readings:
        async with db.tx() as tx:
            await hosts.heartbeat(tx, beat(free_memory_mb=TOTAL - own - sum(guest.rss_mb for guest in running), guests=running))
        await clock.advance(20)


@pytest.fixture
async def host(db):
    """A host of 16 GiB with one server of 10,000 MiB."""
    async with db.tx() as tx:
        await add_host(tx)
        await claim(tx, "s1", 10_000)
    return db


async def test_M19_what_a_host_uses_beyond_its_reserve_is_taken_off_what_can_be_claimed(host, clock):
    await beats(host, clock, *[2000] * 4)
    now = await memory(host)
    assert (now.own_use, now.reserved, now.kept, now.capacity) == (2048, RESERVED, 2048, TOTAL - 2048)
    async with host.tx() as tx:
        [found] = await claims.candidates(tx, claims.Wanted({"MEMORY_MB": 1}))
        assert found.free["MEMORY_MB"] == TOTAL - 2048 - 10_000
        with pytest.raises(NoCapacity):
            await claim(tx, "s2", TOTAL - 2048 - 10_000 + 1)
        await claim(tx, "s2", TOTAL - 2048 - 10_000)
        change = (await past.of_host(tx, H1))[1].change
        assert change == {"MEMORY_MB": {"own_use": [0, 2048]}}


async def test_M19_no_claim_is_revoked_and_nothing_grows_until_it_is_resolved(host, clock):
    await beats(host, clock, *[9000] * 4)
    now = await memory(host)
    assert (now.used, now.capacity, now.overcommitted) == (10_000, TOTAL - 9216, True)
    async with host.tx() as tx:
        [finding] = await hosts.findings(tx, H1)
        assert finding.cause == "The host itself was measured to use 9000 MiB of memory; 512 MiB are reserved (default)."
        [crossing] = past.crossings(past.moments(await past.figures(tx, H1), await past.of_host(tx, H1)))
        assert (crossing.used, crossing.capacity, crossing.capacity_before) == (10_000, TOTAL - 9216, TOTAL - RESERVED)
        with pytest.raises(NoCapacity):
            await claim(tx, "s2", 1)
    await clock.advance(600)
    await beats(host, clock, *[300] * 7)
    assert ((await memory(host)).own_use, (await memory(host)).overcommitted) == (0, False)
    async with host.tx() as tx:
        await claim(tx, "s2", 1)


async def test_M19_what_was_used_for_a_moment_does_not_count(host, clock):
    await beats(host, clock, 300, 9000, 300, 300, 9000, 300, 9000, 9000, 300)
    assert (await memory(host)).own_use == 0


async def test_M19_what_counts_counts_for_ten_minutes_at_least_and_grows_at_once(host, clock):
    await beats(host, clock, *[2000] * 4, *[300] * 6)
    assert (await memory(host)).own_use == 2048
    await beats(host, clock, *[4000] * 7)
    assert (await memory(host)).own_use == 4096


async def test_M19_the_memory_of_guests_is_not_the_hosts_own(host, clock):
    known = Guest("g1", "running", 2, 9500, "s1", rss_mb=9700)
    stranger = Guest("made-by-hand", "running", 1, 1000, None, rss_mb=1100)
    await beats(host, clock, *[400] * 4, guests=[known, stranger])
    assert (await memory(host)).own_use == 0


async def test_M22_memory_that_guests_share_or_have_given_back_is_neither_free_nor_the_hosts_own(host, clock):
    twice = [Guest(f"g{n}", "running", 2, 5000, "s1" if n else None, rss_mb=5000) for n in range(2)]
    for _ in range(4):
        async with host.tx() as tx:  # of the same pages: more is free than if each guest had its own
            await hosts.heartbeat(tx, beat(free_memory_mb=TOTAL - 5400, guests=twice))
        await clock.advance(20)
    deflated = [Guest("g1", "running", 2, 10_000, "s1", rss_mb=500)]
    await beats(host, clock, *[400] * 4, guests=deflated)
    now = await memory(host)
    assert (now.own_use, now.used, now.free) == (0, 10_000, TOTAL - RESERVED - 10_000)


async def test_M19_M20_huge_pages_are_not_the_hosts_own_use(db, clock):
    pages = [PagePool(2048, 2000, 2000)]
    async with db.tx() as tx:
        await add_host(tx, pages=pages)
    for _ in range(4):
        async with db.tx() as tx:
            await hosts.heartbeat(tx, beat(free_memory_mb=TOTAL - 4000 - 400, pages=pages))
        await clock.advance(30)
    assert (await memory(db)).own_use == 0


async def test_M19_memory_that_the_api_does_not_sell_is_the_hosts_without_a_reserve(host, clock):
    async with host.tx() as tx:
        await set_by_api(tx, H1, {"MEMORY_MB": Stock(total=12_000, reserved=RESERVED)})
    await beats(host, clock, *[4500] * 4)
    assert (await memory(host)).own_use == 0
    await beats(host, clock, *[5500] * 7)
    assert (await memory(host)).own_use == 1280


async def test_M19_a_reserve_that_is_raised_takes_the_place_of_what_was_measured(host, clock):
    await beats(host, clock, *[2000] * 4)
    async with host.tx() as tx:
        await hosts.configure(tx, Initial(reserved_memory_mb=3000, configured=frozenset({"reserved_memory_mb"})))
    now = await memory(host)
    assert (now.kept, now.own_use, now.capacity) == (3000, 2048, TOTAL - 3000)
    await clock.advance(600)
    await beats(host, clock, *[2000] * 4)
    assert (await memory(host)).own_use == 0, "the reserve is enough"


async def test_M19_a_grant_overcommits_what_is_left_and_not_what_the_host_uses(host, clock):
    await beats(host, clock, *[2000] * 4)
    async with host.tx() as tx:
        await grants.give(tx, H1, "MEMORY_MB", (1.5, 3600.0), ("a repair", "admin"))
    assert (await memory(host)).capacity == int((TOTAL - 2048) * 1.5)
