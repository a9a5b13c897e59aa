"""Overcommit by leave (C3), guests that nobody knows (C9), and what the history says of both."""

from __future__ import annotations

import pytest

from cumulet.contract.commands import PagePool
from cumulet.kernel import audit
from cumulet.kernel.cause import acting
from cumulet.kernel.errors import Conflict, Invalid, NoCapacity, NotFound
from cumulet.placement.operations import claims, hosts, inventories
from cumulet.placement.operations.hosts import Initial
from cumulet.placement.operations.ledger import grants, moves, past
from support.hosts import PROJECT, USER, add_host, beat, host_id, registration

H1 = host_id("h1")
FREE = 16384 - 512
HOUR = 3600.0
SAID = ("the old host is being repaired", "admin")


async def claim(tx, name: str, memory: int) -> int:
    return await moves.place(tx, name, moves.Wish(H1, {"MEMORY_MB": memory}, PROJECT, USER))


async def memory(tx):
    return (await claims.usage(tx, H1))["MEMORY_MB"]


@pytest.fixture
async def full(db):
    """A host whose memory is all claimed."""
    async with db.tx() as tx:
        await add_host(tx)
        await claim(tx, "s1", FREE)
    return db


async def test_C3_a_grant_lets_more_be_claimed_until_it_ends_by_the_clock_and_ends_nothing_else(full, clock):
    async with full.tx() as tx:
        await grants.give(tx, H1, "MEMORY_MB", (1.5, HOUR), SAID)
        assert (await memory(tx)).ratio_source == "grant"
        assert [found.host_id for found in await claims.candidates(tx, claims.Wanted({"MEMORY_MB": 1000}))] == [H1]
        await claim(tx, "s2", 1000)
    await clock.advance(HOUR - 60)
    async with full.tx() as tx:
        await hosts.heartbeat(tx, beat())
        await claim(tx, "s3", 100)
    await clock.advance(61)
    async with full.tx() as tx:
        now = await memory(tx)
        assert (now.used, now.capacity, now.ratio, now.ratio_source) == (FREE + 1100, FREE, 1.0, "default")
        with pytest.raises(NoCapacity):
            await claim(tx, "s4", 1)
        [crossing] = past.crossings(past.moments(await past.figures(tx, H1), await past.of_host(tx, H1)))
        assert crossing.transition.cause == f"the grant of admin ended ({SAID[0]})"
        assert (crossing.used, crossing.capacity) == (FREE + 1100, FREE)


async def test_C3_a_revoked_grant_ends_now_and_is_kept_with_who_ended_it(full):
    async with full.tx() as tx:
        given = await grants.give(tx, H1, "MEMORY_MB", (2.0, HOUR), SAID)
        await claim(tx, "s2", 100)
        ended = await grants.revoke(tx, given.id, "somebody else")
        assert (ended.granted_by, ended.reason, ended.revoked_by) == ("admin", SAID[0], "somebody else")
        assert (await memory(tx)).overcommitted
        assert "revoked by somebody else" in (await hosts.findings(tx, H1))[-1].cause
        with pytest.raises(Conflict, match="ended already"):
            await grants.revoke(tx, given.id, "admin")
        with pytest.raises(NotFound):
            await grants.revoke(tx, "no-grant", "admin")
        assert len(await grants.everyone(tx, H1)) == 1


@pytest.mark.parametrize(
    ("wanted", "said", "why"),
    [
        ((1.0, HOUR), SAID, "above the present one"),
        ((17.0, HOUR), SAID, "at most 16"),
        ((1.5, 0.0), SAID, "in the future"),
        ((1.5, 91 * 86400.0), SAID, "at most 90 days"),
        ((1.5, HOUR), (" ", "admin"), "must say why"),
    ],
)
async def test_C3_a_grant_needs_a_ratio_an_end_and_a_reason(full, wanted, said, why):
    with pytest.raises(Invalid, match=why):
        async with full.tx() as tx:
            await grants.give(tx, H1, "MEMORY_MB", wanted, said)


@pytest.mark.parametrize(("name", "total", "present"), [("VCPU", 8, 4.0), ("DISK_GB", 100, 1.0), ("MEMORY_MB", FREE, 1.0)])
async def test_C3_each_class_that_may_be_overcommitted_is_until_the_grant_ends(db, clock, name, total, present):
    async with db.tx() as tx:
        await add_host(tx)
        limit = int(total * present)
        for number in range(limit // total):
            await moves.place(tx, f"s1-{number}", moves.Wish(H1, {name: total}, PROJECT, USER))
        given = await grants.give(tx, H1, name, (present + 1, HOUR), SAID)
        await moves.place(tx, "s2", moves.Wish(H1, {name: total}, PROJECT, USER))
        [event] = await audit.page(tx, audit.Sought(target_id=given.id))
        assert (event.action, event.user_id, event.details["resource_class"]) == ("created.grant", "admin", name)
    await clock.advance(HOUR + 1)
    async with db.tx() as tx:
        now = (await claims.usage(tx, H1))[name]
        assert (now.used, now.capacity, now.ratio_source) == (limit + total, limit, "default")
        with pytest.raises(NoCapacity):
            await moves.place(tx, "s3", moves.Wish(H1, {name: 1}, PROJECT, USER))


async def test_C3_a_grant_of_one_class_overcommits_no_other(full):
    async with full.tx() as tx:
        await grants.give(tx, H1, "VCPU", (8.0, HOUR), SAID)
        await grants.give(tx, H1, "DISK_GB", (2.0, HOUR), SAID)
        with pytest.raises(NoCapacity):
            await claim(tx, "s2", 1)


@pytest.mark.parametrize("name", ["CUSTOM_HUGE_PAGES_2048KB", "PCI_DEVICE", "CUSTOM_PCI_10DE_1EB8", "VGPU", "NO_SUCH_CLASS"])
async def test_C3_C11_huge_pages_and_devices_are_never_overcommitted(db, name):
    async with db.tx() as tx:
        await add_host(tx, pages=[PagePool(2048, 100, 100)])
    async with db.tx() as tx:
        with pytest.raises(Invalid, match="can never be overcommitted"):
            await grants.give(tx, H1, name, (2.0, HOUR), SAID)
        assert await grants.everyone(tx) == []


async def test_C3_C11_nor_does_the_api_set_a_ratio_of_huge_pages(db):
    async with db.tx() as tx:
        await add_host(tx, pages=[PagePool(2048, 100, 100)])
    with pytest.raises(Invalid, match="huge pages cannot be overcommitted"):
        async with db.tx() as tx:
            await inventories.replace(tx, H1, {"CUSTOM_HUGE_PAGES_2048KB": inventories.Stock(total=100, allocation_ratio=1.5)})


async def test_C3_there_is_one_grant_at_a_time_and_registering_does_not_end_it(full):
    async with full.tx() as tx:
        await grants.give(tx, H1, "MEMORY_MB", (1.5, HOUR), SAID)
        with pytest.raises(Conflict, match="in force"):
            await grants.give(tx, H1, "MEMORY_MB", (1.6, HOUR), SAID)
        await hosts.register(tx, registration(last_counter=1, memory_mb=20000), Initial())
        assert ((await memory(tx)).ratio, (await memory(tx)).total) == (1.5, 20000)


async def test_M15_a_grant_does_not_touch_the_reserve(full):
    async with full.tx() as tx:
        await grants.give(tx, H1, "MEMORY_MB", (1.5, HOUR), SAID)
        assert (await memory(tx)).capacity == int(1.5 * (16384 - 512))


async def test_C9_M16_unmanaged_guests_are_taken_off_what_can_be_claimed(db):
    async with db.tx() as tx:
        await add_host(tx)
        await claim(tx, "s1", 10000)
        await hosts.set_unmanaged(tx, H1, {"MEMORY_MB": 4000}, "2 guests that nobody knows run there.")
        now = await memory(tx)
        assert (now.unmanaged, now.free, now.overcommitted) == (4000, FREE - 14000, False)
        assert [found.free["MEMORY_MB"] for found in await claims.candidates(tx, claims.Wanted({"MEMORY_MB": 1}))] == [FREE - 14000]
        with pytest.raises(NoCapacity):
            await claim(tx, "s2", FREE - 13999)
        await hosts.set_unmanaged(tx, H1, {"MEMORY_MB": 8000}, "Another guest that nobody knows runs there.")
        assert (await memory(tx)).overcommitted
        assert (await hosts.findings(tx, H1))[-1].cause == "Another guest that nobody knows runs there."
        await hosts.set_unmanaged(tx, H1, {}, "They are gone.")
        assert (await memory(tx)).free == FREE - 10000


async def test_the_history_says_who_did_what_and_when_a_figure_passed_its_limit(db, clock):
    async with db.tx() as tx:
        with acting("agent of h1"):
            await add_host(tx)
    await clock.advance(10)
    async with db.tx() as tx:
        with acting("workflow create_server w1"):
            await claim(tx, "s1", 15000)
    await clock.advance(10)
    async with db.tx() as tx:
        raised = Initial(reserved_memory_mb=2048, configured=frozenset({"reserved_memory_mb"}))
        with acting("the configuration"):
            await hosts.configure(tx, raised)
        newest_first = await past.of_host(tx, H1)
        assert [t.cause for t in newest_first] == ["the configuration", "workflow create_server w1", "agent of h1"]
        found = past.moments(await past.figures(tx, H1), newest_first)
        [crossing] = past.crossings(found)
        assert (crossing.resource_class, crossing.used, crossing.capacity) == ("MEMORY_MB", 15000, 16384 - 2048)
        assert crossing.capacity_before == FREE
        assert crossing.transition.change["MEMORY_MB"]["reserved"] == [512, 2048]
        assert past.set_by(newest_first, "MEMORY_MB", "reserved").at == crossing.transition.at
        assert past.set_by(newest_first, "MEMORY_MB", "ratio").cause == "agent of h1"


async def test_what_is_rolled_back_leaves_no_history(full):
    with pytest.raises(NoCapacity):  # noqa: PT012
        async with full.tx() as tx:
            await moves.leave(tx, "s1")
            await claim(tx, "s2", 1)
            await claim(tx, "s3", FREE)
    async with full.read() as tx:
        assert [t.kind for t in await past.of_consumer(tx, "s1")] == ["claim"]
        assert await past.of_consumer(tx, "s2") == []
