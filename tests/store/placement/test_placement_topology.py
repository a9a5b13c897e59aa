"""NUMA cells and PCI devices in the ledger: providers below a host, which follow what its agent reports."""

from __future__ import annotations

import pytest

from cumulet.contract.commands import Cell, Device, Guest, PagePool
from cumulet.kernel.errors import Conflict, NoCapacity
from cumulet.placement.operations import allocations, claims, hosts, providers, traits
from cumulet.placement.operations.claims import Choice, GuestCell, Inside, Part
from cumulet.placement.operations.ledger import moves
from cumulet.placement.operations.topology import holding, stock
from support.hosts import PROJECT, USER, add_host, beat, host_id, registration

H1 = host_id("h1")
CELLS = [Cell(0, [0, 1, 2, 3], 8192, [PagePool(2048, 512, 512)]), Cell(1, [4, 5, 6, 7], 8192)]
CARD = "0000:81:00.0"
FUNCTION = Device(CARD, "8086", "1572", "pf", "CUSTOM_PCI_8086_1572", ["a-card"], 0)
PARTS = [Device(f"0000:81:02.{n}", "8086", "154c", "vf", "CUSTOM_PCI_8086_154C", [], 0, CARD) for n in range(4)]


def gpu(number: int, cell: int | None = None) -> Device:
    return Device(f"0000:0{number}:00.0", "10de", "1db4", "pci", "CUSTOM_PCI_10DE_1DB4", [], cell)


async def below(tx, label: str) -> dict[str, int]:
    """What can be claimed of a provider below the host."""
    provider = (await stock.below(tx, H1)).get(label)
    return {name: f.capacity for name, f in (await claims.usage(tx, provider.id)).items()} if provider else {}


async def test_C11_a_host_of_one_cell_without_devices_is_one_flat_provider(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, cells=CELLS[:1])
        assert await stock.below(tx, H1) == {}
        assert (await claims.usage(tx, H1))["MEMORY_MB"].total == 16384


async def test_C11_each_cell_is_a_provider_whose_memory_and_reserve_are_parts_of_its_hosts(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, cells=CELLS, pages=[PagePool(2048, 512, 512)])
        assert (await claims.usage(tx, H1))["MEMORY_MB"].capacity == 16384 - 1024 - 512
        first, second = await below(tx, "NUMA0"), await below(tx, "NUMA1")
        assert first["CUSTOM_NUMA_HUGE_PAGES_2048KB"] == 512
        assert first["CUSTOM_NUMA_MEMORY_MB"] + second["CUSTOM_NUMA_MEMORY_MB"] == 16384 - 1024 - 512
        cell = (await stock.below(tx, H1))["NUMA1"]
        assert (cell.name, cell.parent_id, cell.root_id) == ("h1_NUMA1", H1, H1)
        assert await traits.of_provider(tx, cell.id) == ["HW_NUMA_ROOT"]


async def test_C11_each_device_is_a_provider_named_by_its_address(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, devices=[gpu(1), gpu(2)])
        found = await stock.below(tx, H1)
        assert {provider.name for provider in found.values()} == {"h1_0000:01:00.0", "h1_0000:02:00.0"}
        assert await below(tx, "0000:01:00.0") == {"CUSTOM_PCI_10DE_1DB4": 1}
        assert await traits.of_provider(tx, found["0000:01:00.0"].id) == ["COMPUTE_MANAGED_PCI_DEVICE"]


async def test_virtual_functions_are_inventory_of_their_physical_function_which_is_not_sold_beside_them(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, devices=[FUNCTION])
        assert await below(tx, CARD) == {"CUSTOM_PCI_8086_1572": 1}
        assert "CUSTOM_A_CARD" in await traits.of_provider(tx, (await stock.below(tx, H1))[CARD].id)
        await hosts.heartbeat(tx, beat(pages=[], devices=[FUNCTION, *PARTS]))
        assert await below(tx, CARD) == {"CUSTOM_PCI_8086_1572": 0, "CUSTOM_PCI_8086_154C": 4}


async def test_a_renamed_host_keeps_the_providers_below_it(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, cells=CELLS, devices=[gpu(1)])
        before = await stock.below(tx, H1)
        await hosts.register(tx, registration(last_counter=1, hostname="other", cells=CELLS, devices=[gpu(1)]))
        after = await stock.below(tx, H1)
        assert {label: provider.id for label, provider in after.items()} == {label: p.id for label, p in before.items()}
        assert after["NUMA0"].name == "other_NUMA0"


async def test_a_device_that_goes_is_no_provider_any_more_and_one_that_is_claimed_stays_with_a_finding(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, devices=[gpu(1), gpu(2)])
        taken = (await stock.below(tx, H1))["0000:01:00.0"]
        await claims.claim(tx, "s1", taken.id, {"CUSTOM_PCI_10DE_1DB4": 1}, project_id=PROJECT, user_id=USER)
        await hosts.heartbeat(tx, beat(pages=[], devices=[]))
        assert list(await stock.below(tx, H1)) == ["0000:01:00.0"]
        figures = (await claims.usage(tx, taken.id))["CUSTOM_PCI_10DE_1DB4"]
        assert (figures.total, figures.used, figures.overcommitted) == (0, 1, True)
        [finding] = await hosts.findings(tx, taken.id)
        assert finding.cause == "0000:01:00.0 is gone. Devices came or went: 0 now."
        await claims.release(tx, "s1")
        await hosts.register(tx, registration(last_counter=1))
        assert await stock.below(tx, H1) == {}


async def test_a_heartbeat_that_brings_nothing_new_leaves_providers_alone(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, cells=CELLS, devices=[gpu(1)])
        before = await stock.below(tx, H1)
        busy = [CELLS[0].__class__(0, [0, 1, 2, 3], 8192, [PagePool(2048, 512, 3)]), CELLS[1]]
        await hosts.heartbeat(tx, beat(pages=[], cells=busy, devices=[gpu(1)]))
        assert await stock.below(tx, H1) == before


async def test_a_host_is_retired_with_what_is_below_it_unless_somebody_claims_of_that(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, cells=CELLS, devices=[gpu(1)])
        device = (await stock.below(tx, H1))["0000:01:00.0"]
        await claims.claim(tx, "s1", device.id, {"CUSTOM_PCI_10DE_1DB4": 1}, project_id=PROJECT, user_id=USER)
        with pytest.raises(Conflict, match="1 consumers hold claims"):
            await hosts.retire(tx, H1)
        await claims.release(tx, "s1")
        await hosts.retire(tx, H1)
        assert await providers.search(tx, providers.Filters(in_tree=H1)) == []


NIC = Inside([Part([Choice({"CUSTOM_PCI_8086_154C": 1})])])


async def place(tx, server: str, inside: Inside, host: str = H1) -> int:
    return await moves.place(tx, server, moves.Wish(host, {"VCPU": 1, "MEMORY_MB": 100}, PROJECT, USER, inside=inside))


async def addresses(tx, server: str, host: str = H1) -> list[str]:
    return [device.address for device in (await holding.of_consumer(tx, server, host)).devices]


async def test_C4_M21_a_move_holds_the_devices_of_both_ends_and_gives_up_exactly_one(db) -> None:
    async with db.tx() as tx:
        for name in ("h1", "h2"):
            await add_host(tx, name, devices=[FUNCTION, *PARTS])
        h2 = host_id("h2")
        await place(tx, "s1", NIC)
        wish = moves.Wish(h2, {"VCPU": 1, "MEMORY_MB": 100}, PROJECT, USER, inside=NIC)
        await moves.begin(tx, "m1", "s1", "cold-migration", wish)
        assert (await addresses(tx, "m1"), await addresses(tx, "s1", h2)) == ([PARTS[0].address], [PARTS[0].address])
        await moves.cancel(tx, "m1")
        assert (await addresses(tx, "s1"), await addresses(tx, "s1", h2)) == ([PARTS[0].address], [])
        await moves.begin(tx, "m2", "s1", "cold-migration", wish)
        await moves.finish(tx, "m2")
        assert (await addresses(tx, "s1"), await addresses(tx, "s1", h2)) == ([], [PARTS[0].address])
        await moves.leave(tx, "s1")
        assert await addresses(tx, "s1", h2) == []
        assert await claims.claims_of(tx, "s1") == {}


async def test_allocations_that_the_api_writes_anew_keep_their_devices(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, devices=[FUNCTION, *PARTS])
        await place(tx, "s1", NIC)
        await place(tx, "s2", NIC)
        held = await allocations.of_consumer(tx, "s2")
        await allocations.put(tx, [allocations.Allocation("s2", PROJECT, USER, held.resources)])
        assert await addresses(tx, "s2") == [PARTS[1].address]
        await place(tx, "s3", NIC)
        assert await addresses(tx, "s3") == [PARTS[2].address]


async def test_a_refused_device_leaves_nothing_claimed_of_the_host(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, devices=[FUNCTION])
        with pytest.raises(NoCapacity, match="1 CUSTOM_PCI_8086_154C wanted, 0 free"):
            await place(tx, "s1", NIC)
        assert await claims.claims_of(tx, "s1") == {}


async def test_more_devices_than_there_are_is_seen_at_once(db) -> None:
    many = [Device(f"0000:{n:02x}:00.0", "10de", "1db4", "pci", "CUSTOM_GPU") for n in range(64)]
    part = Part([Choice({"CUSTOM_GPU": 1})])
    async with db.tx() as tx:
        await add_host(tx, devices=many)
        with pytest.raises(NoCapacity, match="65 CUSTOM_GPU wanted, 64 free"):
            await place(tx, "s1", Inside([part] * 65))
        await place(tx, "s2", Inside([part] * 64))
        assert len(await addresses(tx, "s2")) == 64


async def test_M22_memory_that_is_merged_or_ballooned_away_is_not_sold_again_in_host_or_cell(db) -> None:
    """What guests really use is measured, and told; what may be claimed depends on claims alone."""
    in_cell = Inside(cells=[GuestCell([0], 6000, {"MEMORY_MB": 6000})])
    async with db.tx() as tx:
        await add_host(tx, cells=[Cell(0, [0, 1], 8192), Cell(1, [2, 3], 8192)])
        for number in range(2):
            await moves.place(tx, f"s{number}", moves.Wish(H1, {"MEMORY_MB": 6000}, PROJECT, USER, inside=in_cell))
        ballooned = [Guest(f"cumulet-s{n}", "running", 1, 6000, f"s{n}", rss_mb=500, pss_mb=300) for n in range(2)]
        await hosts.heartbeat(tx, beat(pages=[], guests=ballooned, free_memory_mb=15000))
        with pytest.raises(NoCapacity, match="6000 MEMORY_MB in one NUMA cell wanted, 1936 free"):
            await moves.place(tx, "s3", moves.Wish(H1, {"MEMORY_MB": 6000}, PROJECT, USER, inside=in_cell))
        with pytest.raises(NoCapacity, match="6000 MEMORY_MB wanted, 3872 free"):
            await moves.place(tx, "s4", moves.Wish(H1, {"MEMORY_MB": 6000}, PROJECT, USER))


async def test_C4_M21_a_move_holds_the_cells_and_processors_of_both_ends(db) -> None:
    pinned = Inside(cells=[GuestCell([0, 1], 1000, {"MEMORY_MB": 1000})], dedicated=True)
    has = {"cells": [Cell(0, [0, 1, 2, 3], 8192), Cell(1, [4, 5, 6, 7], 8192)], "dedicated_cpus": [2, 3, 6, 7]}
    resources = {"PCPU": 2, "MEMORY_MB": 1000}
    async with db.tx() as tx:
        await add_host(tx, **has)
        await moves.place(tx, "s1", moves.Wish(H1, resources, PROJECT, USER, inside=pinned))
        await moves.begin(tx, "m1", "s1", "resize", moves.Wish(H1, resources, PROJECT, USER, inside=pinned))
        held = {who: (await holding.of_consumer(tx, who, H1, pinned.cells)).cells[0] for who in ("m1", "s1")}
        assert sorted((cell.host_cell, tuple(cell.pins)) for cell in held.values()) == [(0, (2, 3)), (1, (6, 7))]
        with pytest.raises(NoCapacity, match="2 dedicated processors in one NUMA cell wanted, 0 free"):
            await moves.place(tx, "s2", moves.Wish(H1, resources, PROJECT, USER, inside=pinned))
        await moves.finish(tx, "m1")
        await moves.place(tx, "s2", moves.Wish(H1, resources, PROJECT, USER, inside=pinned))
        assert (await holding.of_consumer(tx, "s2", H1, pinned.cells)).cells[0].pins == held["m1"].pins


async def test_providers_that_the_api_renamed_or_made_in_their_place_do_not_keep_a_host_away(db) -> None:
    async with db.tx() as tx:
        await providers.create(tx, "h1_0000:01:00.0")
        await add_host(tx, cells=CELLS, devices=[gpu(1)])
        before = await stock.below(tx, H1)
        assert before["0000:01:00.0"].name == f"h1_{H1}_0000:01:00.0"
        await providers.update(tx, before["NUMA0"].id, providers.Changes("somebody's"))
        await place(tx, "s1", Inside([Part([Choice({"CUSTOM_PCI_10DE_1DB4": 1})])]))
        assert await addresses(tx, "s1") == ["0000:01:00.0"]
        await hosts.register(tx, registration(last_counter=1, cells=CELLS, devices=[gpu(1)]))
        after = await stock.below(tx, H1)
        assert {label: provider.id for label, provider in after.items()} == {label: p.id for label, p in before.items()}
        assert after["NUMA0"].name == "h1_NUMA0"
        await providers.update(tx, after["0000:01:00.0"].id, providers.Changes("mine"))
        await hosts.heartbeat(tx, beat(pages=[], devices=[gpu(2)]))
        figures = await claims.usage(tx, after["0000:01:00.0"].id)
        assert figures["CUSTOM_PCI_10DE_1DB4"].total == 0, "what is gone is not sold, whatever it is called"
