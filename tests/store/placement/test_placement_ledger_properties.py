"""Any order of claims, releases, replacements and changes of inventory keeps the ledger's promises."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cumulet.kernel.db import Tx
from cumulet.kernel.errors import Conflict, Invalid, NoCapacity
from cumulet.placement.operations import allocations, claims, hosts, inventories
from cumulet.placement.operations.allocations import Allocation
from cumulet.placement.operations.inventories import Stock
from support.clock import FakeClock
from support.database import fresh_database
from support.hosts import PROJECT, USER, add_host, host_id, registration

HOSTS = [host_id("h1"), host_id("h2")]
CONSUMERS = ["s1", "s2", "s3"]
CLASSES = ["VCPU", "MEMORY_MB", "DISK_GB"]

_amounts = st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 12), min_size=1)
_consumer, _host = st.sampled_from(CONSUMERS), st.sampled_from(HOSTS)
_stock = st.builds(
    Stock,
    total=st.integers(1, 16),
    reserved=st.just(0) | st.integers(0, 1),
    step_size=st.sampled_from([1, 1, 2]),
    max_unit=st.sampled_from([4, 16]),
    allocation_ratio=st.sampled_from([0.7, 1.0, 1.5, 4.0]),
)
ACTIONS = st.one_of(
    st.tuples(st.just("claim"), _consumer, _host, _amounts),
    st.tuples(st.just("release"), _consumer, st.none() | _host, st.none()),
    st.tuples(st.just("put"), _consumer, st.none(), st.dictionaries(_host, _amounts)),
    st.tuples(st.just("stock"), st.none(), _host, st.dictionaries(st.sampled_from(CLASSES), _stock)),
    st.tuples(st.just("register"), st.none(), _host, st.integers(1, 16)),
)


class Reference:
    """What the ledger must hold, kept in the simplest way."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        self.epochs: dict[str, int] = dict.fromkeys(CONSUMERS, 0)
        self.counter = 1

    def used(self, host: str) -> dict[str, int]:
        total: Counter[str] = Counter()
        for (_, at), amounts in self.held.items():
            total.update(amounts if at == host else {})
        return dict(total)

    async def apply(self, tx: Tx, action: tuple[Any, ...]) -> None:
        kind, consumer, host, detail = action
        if kind == "claim":
            await claims.claim(tx, consumer, host, detail, project_id=PROJECT, user_id=USER)
            self.held[consumer, host] = detail
        elif kind == "release":
            await claims.release(tx, consumer, host)
            for key in [key for key in self.held if key[0] == consumer and host in (None, key[1])]:
                del self.held[key]
        elif kind == "put":
            await allocations.put(tx, [Allocation(consumer, PROJECT, USER, detail)])
            for at in HOSTS:
                self.held[consumer, at] = detail.get(at, {})
        elif kind == "stock":
            await inventories.replace(tx, host, detail)
        else:
            self.counter += 1
            name = "h1" if host == HOSTS[0] else "h2"
            await hosts.register(tx, registration(name, last_counter=(await hosts.get(tx, host)).counter, memory_mb=detail))


async def _check(tx: Tx, reference: Reference, before: dict[str, dict[str, int]]) -> None:
    for host in HOSTS:
        figures = await claims.usage(tx, host)
        recount = reference.used(host)
        assert {name: f.used for name, f in figures.items() if f.used} == recount, "usage is not the sum of the claims"
        for name, now in figures.items():
            if now.used > before[host].get(name, 0):
                assert now.used <= now.capacity, f"C1: {name} grew to {now.used} of {now.capacity}"
    for consumer in CONSUMERS:
        held = {at: amounts for at, amounts in ((at, reference.held[consumer, at]) for at in HOSTS) if amounts}
        assert await claims.claims_of(tx, consumer) == held
        epoch = await claims.epoch(tx, consumer)
        assert epoch >= reference.epochs[consumer], "an epoch went back"
        reference.epochs[consumer] = epoch


async def _used(tx: Tx) -> dict[str, dict[str, int]]:
    return {host: {name: f.used for name, f in (await claims.usage(tx, host)).items()} for host in HOSTS}


async def _run(actions: list[tuple[Any, ...]]) -> Counter[str]:
    reference, done = Reference(), Counter[str]()
    async with fresh_database(FakeClock()) as db:
        async with db.tx() as tx:
            for name in ("h1", "h2"):
                await add_host(tx, name, vcpus=2, memory_mb=520, disk_gb=10)
        for action in actions:
            async with db.read() as reader:
                before = await _used(reader)  # type: ignore[arg-type]
            try:
                async with db.tx() as tx:
                    await reference.apply(tx, action)
                    done[action[0]] += 1
            except (Conflict, Invalid, NoCapacity):
                done["refused"] += 1
            async with db.tx() as tx:
                await _check(tx, reference, before)
    return done


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, min_size=1, max_size=25))
def test_C1_whatever_happens_growth_stays_within_capacity_and_usage_equals_a_recount(actions):
    asyncio.run(_run(actions))


def test_the_actions_of_that_test_do_happen():
    """So that it cannot pass because everything is refused."""
    amounts = {"VCPU": 2, "DISK_GB": 3}
    small = {name: Stock(total=2) for name in CLASSES}
    done = asyncio.run(
        _run(
            [
                ("claim", "s1", HOSTS[0], amounts),
                ("claim", "s1", HOSTS[1], amounts),
                ("put", "s2", None, {HOSTS[0]: {"VCPU": 1}}),
                ("stock", None, HOSTS[0], small),
                ("claim", "s3", HOSTS[0], {"DISK_GB": 1}),
                ("register", None, HOSTS[0], 4),
                ("release", "s1", HOSTS[0], None),
                ("claim", "s3", HOSTS[0], {"DISK_GB": 1}),
            ]
        )
    )
    assert done == {"claim": 3, "put": 1, "stock": 1, "register": 1, "release": 1, "refused": 1}
