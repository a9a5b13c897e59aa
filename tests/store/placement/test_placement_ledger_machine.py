"""Claims, moves, grants, changed configurations and inventories, renamed hosts, dying agents, unknown guests, hosts that outgrow
their reserve, and old history summed up, in any order (C1-C9, M19).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cumulet.contract.commands import Cell, Device
from cumulet.kernel.db import Tx
from cumulet.kernel.errors import Conflict, Invalid, NoCapacity
from cumulet.placement.operations import claims, hosts, inventories, providers
from cumulet.placement.operations.claims import Choice, GuestCell, Inside, Part
from cumulet.placement.operations.hosts import Initial
from cumulet.placement.operations.inventories import Stock
from cumulet.placement.operations.ledger import grants, moves, past, retention
from cumulet.placement.operations.ledger.moves import Wish
from cumulet.placement.operations.topology import looking, stock
from support.clock import FakeClock
from support.database import fresh_database
from support.hosts import PROJECT, USER, add_host, beat, host_id, registration

T = TypeVar("T")
NAMES = ["h1", "h2", "h3"]
SERVERS = ["s1", "s2", "s3", "s4"]
_host, _server = st.sampled_from(NAMES), st.sampled_from(SERVERS)
_size = st.builds(lambda cpus, memory: {"VCPU": cpus, "MEMORY_MB": memory}, st.integers(1, 3), st.integers(100, 900))
NIC, CARD = "CUSTOM_NIC", "0000:81:00.0"
_inside = st.sampled_from(["nothing", "a cell", "two cells", "a device"])


def built(name: str, memory_mb: int) -> dict[str, Any]:
    """What is inside of a host: the third one has two cells, and a network card with three parts."""
    if name != "h3":
        return {}
    parts = [Device(f"0000:81:02.{n}", "8086", "154c", "vf", NIC, [], n % 2, CARD) for n in range(3)]
    return {"cells": [Cell(n, [n], memory_mb // 2) for n in range(2)], "devices": parts}


def wish(host: str, size: dict[str, int], inside: str = "nothing") -> Wish:
    """A server's, of which some want something inside of the host."""
    memory = size["MEMORY_MB"]
    halves = [GuestCell([n], amount, {"MEMORY_MB": amount}) for n, amount in enumerate((memory // 2, memory - memory // 2))]
    wanted = {
        "nothing": Inside(),
        "a cell": Inside(cells=[GuestCell([0], memory, {"MEMORY_MB": memory})]),
        "two cells": Inside(cells=halves),
        "a device": Inside([Part([Choice({NIC: 1})])]),
    }
    return Wish(host_id(host), size, PROJECT, USER, inside=wanted[inside])


class Ledger(RuleBasedStateMachine):
    """Three hosts of 2 processors and 1,500 MiB, of which 500 are reserved at first."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack, self.clock = AsyncExitStack(), FakeClock()
        self.db = self.loop.run_until_complete(self.stack.enter_async_context(fresh_database(self.clock)))
        self.registered = dict.fromkeys(NAMES, 1)
        self.initial = Initial(vcpu_ratio=2.0, reserved_memory_mb=500, configured=frozenset({"vcpu_ratio", "reserved_memory_mb"}))
        self.memory = dict.fromkeys(NAMES, 1500)
        self.before: dict[tuple[str, str], int] = {}
        self.epochs: Counter[str] = Counter()
        self.numbers = iter(range(10_000))
        self.attempt(self._furnish)

    async def _furnish(self, tx: Tx) -> None:
        for name in NAMES:
            await add_host(tx, name, vcpus=2, memory_mb=1500, disk_gb=1, **built(name, 1500))
        await hosts.configure(tx, self.initial)

    def attempt(self, work: Callable[[Tx], Awaitable[T]]) -> T | None:
        """A transaction, refused or not; afterwards what grew must fit."""

        async def run() -> T | None:
            try:
                async with self.db.tx() as tx:
                    return await work(tx)
            except (Conflict, NoCapacity, Invalid):
                return None

        result = self.loop.run_until_complete(run())
        self.loop.run_until_complete(self._growth_fits())
        return result

    async def _growth_fits(self) -> None:
        async with self.db.read() as tx:
            for name in NAMES:
                for (provider, resource_class), now in (await self._figures(tx, name)).items():
                    key = (provider, resource_class)
                    if now.used > self.before.get(key, 0):
                        assert now.used <= now.capacity, f"C1: {key} grew to {now.used} of {now.capacity}"
                    self.before[key] = now.used

    async def _figures(self, tx: Any, name: str) -> dict[tuple[str, str], claims.Figures]:
        """Those of a host and of what is below it."""
        ids = [host_id(name), *(provider.id for provider in (await stock.below(tx, host_id(name))).values())]
        found = await claims.usages(tx, ids)
        return {(provider_id, of): now for provider_id, classes in found.items() for of, now in classes.items()}

    @rule(server=_server, host=_host, size=_size, inside=_inside)
    def place(self, server: str, host: str, size: dict[str, int], inside: str) -> None:
        async def work(tx: Tx) -> None:
            if not await claims.claims_of(tx, server):
                await moves.place(tx, server, wish(host, size, inside))

        self.attempt(work)

    @rule(server=_server, to=st.tuples(_host, _size, _inside), kind=st.sampled_from(["resize", "live-migration", "evacuation"]))
    def begin(self, server: str, to: tuple[str, dict[str, int], str], kind: str) -> None:
        self.attempt(lambda tx: moves.begin(tx, f"m{next(self.numbers)}", server, kind, wish(*to)))

    @rule(server=_server, well=st.booleans())
    def end(self, server: str, well: bool) -> None:
        async def work(tx: Tx) -> None:
            move = await moves.of_server(tx, server)
            if move is not None:
                await (moves.finish(tx, move.id) if well else moves.cancel(tx, move.id))

        self.attempt(work)

    @rule(server=_server)
    def leave(self, server: str) -> None:
        self.attempt(lambda tx: moves.leave(tx, server))

    @rule(
        host=_host,
        of=st.sampled_from(["MEMORY_MB", "MEMORY_MB", "VCPU"]),
        ratio=st.sampled_from([1.2, 2.5, 3.0]),
        minutes=st.integers(1, 20),
    )
    def grant(self, host: str, of: str, ratio: float, minutes: int) -> None:
        wanted, said = (ratio, minutes * 60.0), ("a test", "hypothesis")
        self.attempt(lambda tx: grants.give(tx, host_id(host), of, wanted, said))

    @rule(minutes=st.integers(1, 15))
    def time_passes_and_agents_lose_their_leases(self, minutes: int) -> None:
        self.loop.run_until_complete(self.clock.advance(minutes * 60.0))

    @rule(reserved=st.integers(0, 1200), ratio=st.sampled_from([0.5, 1.0, 1.5]))
    def configure(self, reserved: int, ratio: float) -> None:
        names = frozenset({"reserved_memory_mb", "memory_ratio", "vcpu_ratio"})
        self.initial = Initial(vcpu_ratio=2.0, memory_ratio=ratio, reserved_memory_mb=reserved, configured=names)
        self.attempt(lambda tx: hosts.configure(tx, self.initial))

    @rule(host=_host, reserved=st.integers(0, 400), ratio=st.sampled_from([0.8, 1.0, 1.4]))
    def the_api_sets_an_inventory(self, host: str, reserved: int, ratio: float) -> None:
        stock = Stock(total=self.memory[host], reserved=reserved, allocation_ratio=ratio)

        async def work(tx: Tx) -> None:
            await providers.advance(tx, host_id(host))
            await inventories.put(tx, host_id(host), {"MEMORY_MB": stock})

        self.attempt(work)

    @rule(host=_host, own=st.integers(0, 1400))
    def a_host_uses_memory_for_itself(self, host: str, own: int) -> None:
        """For more than two minutes, so that it counts."""
        free = max(0, self.memory[host] - own)
        for _ in range(4):
            self.attempt(lambda tx: hosts.heartbeat(tx, beat(host, free_memory_mb=free), self.initial))
            self.loop.run_until_complete(self.clock.advance(40.0))

    @rule(host=_host, name=st.sampled_from(["h1", "renamed", "better"]), memory=st.sampled_from([600, 1500, 3000]))
    def register_again(self, host: str, name: str, memory: int) -> None:
        counter = self.registered[host]

        async def work(tx: Tx) -> None:
            told = registration(
                host, last_counter=counter, hostname=name, vcpus=2, memory_mb=memory, disk_gb=1, **built(host, memory)
            )
            answer: Any = await hosts.register(tx, told, self.initial)
            self.registered[host] = answer.counter

        self.memory[host] = memory
        self.attempt(work)

    @rule(host=_host, memory=st.integers(0, 700))
    def strangers(self, host: str, memory: int) -> None:
        self.attempt(lambda tx: hosts.set_unmanaged(tx, host_id(host), {"MEMORY_MB": memory}, "strangers"))

    @rule()
    def old_history_is_summed_up(self) -> None:
        """Of a quarter of an hour; what passed a limit, and when, stays the same."""
        before = self.loop.run_until_complete(self._passings())
        self.loop.run_until_complete(retention.sweep(self.db, 1 / 96))
        assert self.loop.run_until_complete(self._passings()) == before

    async def _passings(self) -> list[tuple[str, str, int, int]]:
        async with self.db.read() as tx:
            found = []
            for name in NAMES:
                told = past.moments(await past.figures(tx, host_id(name)), await past.of_host(tx, host_id(name)))
                found += [(name, m.transition.at, m.used, m.capacity) for m in past.crossings(told)]
            return found

    @rule(host=_host)
    def heartbeat(self, host: str) -> None:
        self.attempt(lambda tx: hosts.heartbeat(tx, beat(host)))

    @invariant()
    def everything_adds_up(self) -> None:
        self.loop.run_until_complete(self._adds_up())

    async def _adds_up(self) -> None:
        async with self.db.read() as tx:
            everything = await past.everything(tx)
            sums: Counter[tuple[str, str]] = Counter()
            for claim in everything:
                sums[claim.provider_id, claim.resource_class] += claim.amount
            under_way = {move.id: move for move in await moves.active(tx)}
            holders = {claim.consumer_id for claim in everything}
            assert holders <= {*SERVERS, *under_way}, "L3: each claim is a server's or a move's"
            assert len({move.consumer_id for move in under_way.values()}) == len(under_way), "F3: one move for each server"
            for move in under_way.values():
                assert list(await claims.claims_of(tx, move.id)) == [move.source_id], "C4: the source is held"
                assert list(await claims.claims_of(tx, move.consumer_id)) == [move.target_id], "C4: the target is held"
            for server in SERVERS:
                assert len(await claims.claims_of(tx, server)) <= 1
                epoch = await claims.epoch(tx, server)
                assert epoch >= self.epochs[server], "an epoch went back"
                self.epochs[server] = epoch
            for name in NAMES:
                await self._host_adds_up(tx, host_id(name), sums)
            await self._candidates_can_hold_it(tx)
            await self._inside_adds_up(tx, sums)

    async def _inside_adds_up(self, tx: Any, sums: Counter[tuple[str, str]]) -> None:
        below = await stock.below(tx, host_id("h3"))
        cells = sum(sums[below[label].id, "CUSTOM_NUMA_MEMORY_MB"] for label in ("NUMA0", "NUMA1"))
        assert cells <= sums[host_id("h3"), "MEMORY_MB"], "C11: what is claimed of cells is claimed of their host"
        held = [piece.piece for piece in await looking.pieces_of(tx, host_id("h3"))]
        assert len(held) == len(set(held)) == sums[below[CARD].id, NIC], "C11: a device for each claim, and each for one"

    async def _host_adds_up(self, tx: Any, host: str, sums: Counter[tuple[str, str]]) -> None:
        told: Counter[str] = Counter()
        for transition in await past.of_host(tx, host):
            sign = {"claim": 1, "rollup": 1, "release": -1}.get(transition.kind, 0)
            for resource_class, amount in transition.change.items() if sign else ():
                told[resource_class] += sign * amount
        for resource_class, now in (await claims.usage(tx, host)).items():
            assert now.used == sums[host, resource_class] == told[resource_class], "usage equals claims equals history"
            kept = max(now.reserved, now.own_use)
            assert now.capacity == math.floor((now.total - kept - now.unmanaged) * now.ratio), "C6: each figure counts once"

    async def _candidates_can_hold_it(self, tx: Any) -> None:
        wanted = {"VCPU": 1, "MEMORY_MB": 200}
        try:
            found = {each.host_id: each.free for each in await claims.candidates(tx, claims.Wanted(wanted))}
        except NoCapacity:
            found = {}
        for host in await hosts.alive(tx):
            figures = await claims.usage(tx, host.id)
            room = {name: figures[name].free for name in wanted}
            fits = all(room[name] >= amount and figures[name].max_unit >= amount for name, amount in wanted.items())
            assert (host.id in found) is fits, "who can hold it is a candidate, and nobody else"
            assert not fits or {name: found[host.id][name] for name in wanted} == room

    @precondition(lambda self: any(self.before.values()))
    @rule()
    def something_is_claimed(self) -> None:
        """So that runs in which everything is refused are not all there is."""

    def teardown(self) -> None:
        self.loop.run_until_complete(self.stack.aclose())
        self.loop.close()


Ledger.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_C1_C4_C9_the_ledger_adds_up_whatever_happens = Ledger.TestCase
