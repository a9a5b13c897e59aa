"""The ledger under pressure, on both databases: exact sums, and a reason for each loser."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.support.cloud import TestCloud
from tests.support.hosts import PROJECT, USER, add_host, host_id
from tests.support.site import COMPUTE, Site, at_once, made, statuses

from cumulet.kernel.errors import NoCapacity
from cumulet.placement.operations import claims
from cumulet.placement.operations.ledger import moves


async def test_C12_200_servers_asked_for_at_once_against_a_quota_of_50_are_exactly_50(site: Site) -> None:
    await site.limit("compute", instances=50, cores=-1, ram=-1)
    answers = await at_once(site.server(name=f"web{number}") for number in range(200))
    assert statuses(answers) == {202: 50, 403: 150}
    limits = (await made(site.demo.get(f"{COMPUTE}/limits")))["limits"]["absolute"]
    assert limits["totalInstancesUsed"] == 50
    assert {answer.json()["forbidden"]["code"] for answer in answers if answer.status_code == 403} == {403}


async def test_C1_a_thousand_claims_at_once_on_a_nearly_full_cloud_of_100_hosts_are_exact(cloud: TestCloud) -> None:
    """Each host has room for 9 of them: 900 are granted, and 100 are told what is short."""
    async with cloud.db.tx() as tx:
        for number in range(100):
            await add_host(tx, f"host{number}", vcpus=64, memory_mb=9 * 1024 + 512 + 512)
    outcomes: Counter[str] = Counter()

    async def claim(number: int) -> None:
        try:
            async with cloud.db.tx() as tx:
                wish = moves.Wish(host_id(f"host{number % 100}"), {"VCPU": 1, "MEMORY_MB": 1024}, PROJECT, USER)
                await moves.place(tx, f"server{number}", wish)
            outcomes["granted"] += 1
        except NoCapacity as problem:
            outcomes[problem.message] += 1

    for first in range(0, 1000, 250):  # as many at once as there are connections to wait for on PostgreSQL
        await asyncio.gather(*(claim(number) for number in range(first, first + 250)))
    short = "The host cannot hold this: 1024 MEMORY_MB wanted, 512 free (9216 of 9728 are claimed)."
    assert outcomes == {"granted": 900, short: 100}
    async with cloud.db.read() as tx:
        usages = await claims.usages(tx, [host_id(f"host{number}") for number in range(100)])
    assert {figures["MEMORY_MB"].used for figures in usages.values()} == {9216}


async def test_C4_moves_in_opposite_directions_at_once_all_end_and_lose_nothing(cloud: TestCloud) -> None:
    left, right = host_id("left"), host_id("right")
    size = {"VCPU": 1, "MEMORY_MB": 512}
    async with cloud.db.tx() as tx:
        await add_host(tx, "left", vcpus=64, memory_mb=40960)
        await add_host(tx, "right", vcpus=64, memory_mb=40960)
        for number in range(20):
            await moves.place(tx, f"s{number}", moves.Wish((left, right)[number % 2], size, PROJECT, USER))

    async def move(number: int) -> None:
        target = (right, left)[number % 2]
        async with cloud.db.tx() as tx:
            await moves.begin(tx, f"m{number}", f"s{number}", "cold-migration", moves.Wish(target, size, PROJECT, USER))
        async with cloud.db.tx() as tx:
            await (moves.finish(tx, f"m{number}") if number % 3 else moves.cancel(tx, f"m{number}"))

    await asyncio.gather(*(move(number) for number in range(20)))
    async with cloud.db.read() as tx:
        usages = await claims.usages(tx, [left, right])
        assert sum(figures["VCPU"].used for figures in usages.values()) == 20
        assert await moves.active(tx) == []
        for number in range(20):
            [(host, held)] = (await claims.claims_of(tx, f"s{number}")).items()
            moved = number % 3 != 0
            assert (host, held) == ((left, right)[(number + moved) % 2], size)
