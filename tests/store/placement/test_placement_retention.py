"""What of the history is kept, and that the rest is summed up without changing any answer."""

from __future__ import annotations

import pytest

from cumulet.kernel.clock import stamp
from cumulet.placement.operations import claims, hosts
from cumulet.placement.operations.hosts import Initial
from cumulet.placement.operations.ledger import grants, moves, past, retention
from support.hosts import PROJECT, USER, add_host, host_id

H1 = host_id("h1")
DAY = 86400.0
FREE = 16384 - 512


async def place(tx, name: str, memory: int) -> None:
    await moves.place(tx, name, moves.Wish(H1, {"MEMORY_MB": memory}, PROJECT, USER, {"forced": True}))


async def come_and_go(db, names: list[str]) -> None:
    """Each of these servers comes to the host and is deleted."""
    for name in names:
        async with db.tx() as tx:
            await place(tx, name, 100)
        async with db.tx() as tx:
            await moves.leave(tx, name)


async def told(db) -> list[past.Transition]:
    async with db.read() as tx:
        return await past.of_host(tx, H1)


async def crossings(db) -> list[tuple[str, str, int, int, int, int]]:
    """When, by what, and the figures before and after."""
    async with db.read() as tx:
        found = past.crossings(past.moments(await past.figures(tx, H1), await past.of_host(tx, H1)))
        return [
            (m.transition.at, str((m.transition.detail or {}).get("cause")), m.used_before, m.capacity_before, m.used, m.capacity)
            for m in found
        ]


@pytest.fixture
async def host(db):
    """A host with one server that stays."""
    async with db.tx() as tx:
        await add_host(tx)
        await place(tx, "stays", 1000)
    return db


async def test_ended_claims_are_summed_up_after_their_days_and_others_are_kept(host, clock):
    await come_and_go(host, ["a", "b", "c"])
    await clock.advance(10 * DAY)
    await come_and_go(host, ["d"])
    assert await retention.sweep(host, 30) == 0, "nothing is that old"
    await clock.advance(25 * DAY)
    assert await retention.sweep(host, 30) == 6
    kept = [(t.kind, t.consumer_id) for t in reversed(await told(host))]
    assert kept == [("inventory", None), ("claim", "stays"), ("rollup", None), ("claim", "d"), ("release", "d")]
    async with host.read() as tx:
        [first] = await past.of_consumer(tx, "stays")
        assert first.detail == {"forced": True}, "why it is there is known as long as it is"


async def test_zero_days_keep_everything(host, clock):
    await come_and_go(host, ["a"])
    await clock.advance(10_000 * DAY)
    assert await retention.sweep(host, 0) == 0
    assert len(await told(host)) == 4


async def test_a_second_sweep_does_nothing_and_a_later_one_adds_to_the_same_row(host, clock):
    await come_and_go(host, ["a"])
    await clock.advance(40 * DAY)
    assert (await retention.sweep(host, 30), await retention.sweep(host, 30)) == (2, 0)
    await come_and_go(host, ["b"])
    await clock.advance(40 * DAY)
    assert await retention.sweep(host, 30) == 2
    assert [t.kind for t in await told(host)] == ["rollup", "claim", "inventory"]


async def test_many_rows_are_summed_up_in_small_transactions(host, clock, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    await come_and_go(host, ["a", "b", "c", "d"])
    await clock.advance(40 * DAY)
    assert await retention.sweep(host, 30) == 8
    assert [t.kind for t in await told(host)] == ["rollup", "claim", "inventory"]


async def test_when_and_by_what_a_limit_was_passed_is_known_after_the_claims_of_that_time_are_summed_up(host, clock):
    await come_and_go(host, ["a", "b"])
    async with host.tx() as tx:
        await place(tx, "gone later", 5000)
        await place(tx, "also stays", 9000)
    await clock.advance(DAY)
    async with host.tx() as tx:
        await hosts.configure(tx, Initial(reserved_memory_mb=3000, configured=frozenset({"reserved_memory_mb"})))
    await clock.advance(DAY)
    async with host.tx() as tx:
        await moves.leave(tx, "gone later")
    before = await crossings(host)
    assert [(used, capacity) for *_, used, capacity in before] == [(15000, 13384)]
    await clock.advance(400 * DAY)
    assert await retention.sweep(host, 365) == 6
    assert await crossings(host) == before
    async with host.read() as tx:
        now = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (now.used, now.capacity) == (10000, 13384)


async def test_the_end_of_a_grant_is_not_summed_up_with_what_came_before_and_after(host, clock):
    async with host.tx() as tx:
        await grants.give(tx, H1, "MEMORY_MB", (1.5, 3600.0), ("a repair", "admin"))
        await place(tx, "over", FREE)
        await place(tx, "more", 100)
    await clock.advance(7200)
    async with host.tx() as tx:
        await moves.leave(tx, "over")
        await moves.leave(tx, "more")
    before = await crossings(host)
    assert [(used, capacity) for *_, used, capacity in before] == [(FREE + 1100, FREE)]
    await clock.advance(400 * DAY)
    assert await retention.sweep(host, 365) == 4
    assert await crossings(host) == before


async def test_it_is_known_since_when_each_change_is(host, clock):
    async with host.read() as tx:
        assert past.whole_since(await told(host)) == tx.stamp
    assert past.whole_since([]) == ""
    await clock.advance(DAY)
    await come_and_go(host, ["a"])
    last = stamp(clock.now())
    await clock.advance(40 * DAY)
    await retention.sweep(host, 30)
    assert past.whole_since(await told(host)) == last
