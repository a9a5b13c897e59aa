"""The move engine (C4, F3): both ends are held, exactly one is given up."""

from __future__ import annotations

import pytest

from cumulet.kernel.errors import Conflict, NoCapacity, NotFound
from cumulet.placement.operations import claims
from cumulet.placement.operations.ledger import moves, past
from cumulet.placement.operations.ledger.moves import Wish
from support.hosts import PROJECT, USER, add_host, host_id

H1, H2 = host_id("h1"), host_id("h2")
BIG = {"VCPU": 2, "MEMORY_MB": 12000}


def wish(host: str = H2, resources: dict[str, int] | None = None) -> Wish:
    return Wish(host, resources or BIG, PROJECT, USER)


@pytest.fixture
async def placed(db):
    """Two hosts of 16 GiB; `s1` is on the first, with 12 GB."""
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await add_host(tx, "h2")
        assert await moves.place(tx, "s1", wish(H1)) == 1
    return db


async def used(tx) -> tuple[int, int]:
    """The claimed memory of both hosts."""
    found = await claims.usages(tx, [H1, H2])
    return found[H1]["MEMORY_MB"].used, found[H2]["MEMORY_MB"].used


async def test_C4_M21_a_move_holds_both_ends_and_gives_up_the_source_at_its_end(placed):
    async with placed.tx() as tx:
        assert await moves.begin(tx, "m1", "s1", "live-migration", wish()) == 2
        assert await used(tx) == (12000, 12000)
        assert await claims.claims_of(tx, "m1") == {H1: BIG}
        assert await claims.claims_of(tx, "s1") == {H2: BIG}
        await moves.finish(tx, "m1")
        await moves.finish(tx, "m1")
        assert await used(tx) == (0, 12000)
        assert await moves.active(tx) == []


async def test_C4_a_cancelled_move_gives_up_the_target_and_raises_the_epoch(placed):
    async with placed.tx() as tx:
        target = await moves.begin(tx, "m1", "s1", "cold-migration", wish())
        assert await moves.cancel(tx, "m1") > target
        assert await moves.cancel(tx, "m1") == 0
        assert await used(tx) == (12000, 0)
        assert await claims.claims_of(tx, "s1") == {H1: BIG}
        assert await claims.claims_of(tx, "m1") == {}


async def test_C4_M14_a_resize_on_one_host_holds_the_old_and_the_new_size(placed):
    async with placed.tx() as tx:
        await moves.begin(tx, "m1", "s1", "resize", wish(H1, {"VCPU": 4, "MEMORY_MB": 3000}))
        assert await used(tx) == (15000, 0)
        await moves.finish(tx, "m1")
        assert await used(tx) == (3000, 0)
        await moves.begin(tx, "m2", "s1", "resize", wish(H1, BIG))
        await moves.cancel(tx, "m2")
        assert await used(tx) == (3000, 0)


async def test_F3_a_server_is_moved_by_one_move_at_a_time(placed):
    async with placed.tx() as tx:
        await moves.begin(tx, "m1", "s1", "live-migration", wish())
        with pytest.raises(Conflict, match="being moved already"):
            await moves.begin(tx, "m2", "s1", "evacuation", wish())
        assert [move.id for move in await moves.active(tx)] == ["m1"]


async def test_M7_ten_parallel_moves_to_one_host_do_not_see_the_same_free_memory(db):
    async with db.tx() as tx:
        for number in range(10):
            await add_host(tx, f"h{number}")
            await moves.place(tx, f"s{number}", wish(host_id(f"h{number}")))
        await add_host(tx, "target")
    done = []
    for number in range(10):
        try:
            async with db.tx() as tx:
                await moves.begin(tx, f"m{number}", f"s{number}", "live-migration", wish(host_id("target")))
                done.append(number)
        except NoCapacity as problem:
            assert "12000 MEMORY_MB wanted, 3872 free" in problem.message  # noqa: PT017
    async with db.read() as tx:
        assert done == [0]
        assert (await claims.usage(tx, host_id("target")))["MEMORY_MB"].used == 12000
        assert (await claims.usage(tx, host_id("h5")))["MEMORY_MB"].used == 12000, "a refused move leaves its source as it was"
        assert len(await moves.active(tx)) == 1


@pytest.mark.parametrize("kind", ["live-migration", "evacuation", "cold-migration", "resize"])
async def test_M9_M11_a_named_host_is_asked_like_any_other(placed, kind):
    with pytest.raises(NoCapacity):
        async with placed.tx() as tx:
            await moves.begin(tx, "m1", "s1", kind, wish(H2, {"MEMORY_MB": 15873}))
    with pytest.raises(NotFound):
        async with placed.tx() as tx:
            await moves.begin(tx, "m1", "s1", kind, wish("nowhere"))
    async with placed.read() as tx:
        assert await used(tx) == (12000, 0)
        assert await moves.active(tx) == []


async def test_M12_M13_the_claims_of_evacuees_stay_until_their_move_ends(placed, clock):
    async with placed.tx() as tx:
        await moves.begin(tx, "m1", "s1", "evacuation", wish())
    await clock.advance(86400)
    async with placed.tx() as tx:
        await add_host(tx, "h3")
        assert await used(tx) == (12000, 12000)
        await moves.finish(tx, "m1")
        assert await used(tx) == (0, 12000)


async def test_a_server_that_is_nowhere_holds_nothing_also_in_the_middle_of_a_move(placed):
    async with placed.tx() as tx:
        await moves.begin(tx, "m1", "s1", "live-migration", wish())
        await moves.leave(tx, "s1")
        await moves.leave(tx, "s1")
        assert await used(tx) == (0, 0)
        assert await moves.active(tx) == []
        with pytest.raises(Conflict, match="holds 0 claims"):
            await moves.begin(tx, "m2", "s1", "resize", wish())


async def test_every_step_of_a_move_is_in_the_history(placed):
    async with placed.tx() as tx:
        await moves.begin(tx, "m1", "s1", "live-migration", wish())
        await moves.finish(tx, "m1")
        told = [(t.provider_id, t.kind, t.change) for t in await past.of_consumer(tx, "s1")]
        assert told == [(H1, "claim", BIG), (H1, "release", BIG), (H2, "claim", BIG)]
        assert [t.kind for t in await past.of_consumer(tx, "m1")] == ["claim", "release"]
