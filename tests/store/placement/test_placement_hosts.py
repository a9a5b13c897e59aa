"""The registry of hosts (C6, C7, C8, F7)."""

from __future__ import annotations

import pytest

from cumulet.contract.commands import PagePool
from cumulet.contract.reports import Ack, Rejected, Welcome
from cumulet.kernel.clock import stamp
from cumulet.kernel.errors import Conflict, NoCapacity, NotFound
from cumulet.placement.operations import claims, hosts
from cumulet.placement.operations.hosts import Initial
from support.hosts import PROJECT, USER, add_host, beat, host_id, registration

H1 = host_id("h1")


async def test_a_new_host_gets_inventory_with_documented_ratios_and_reserve(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        figures = await claims.usage(tx, H1)
        assert {name: (f.total, f.reserved, f.ratio, f.capacity) for name, f in figures.items()} == {
            "VCPU": (8, 0, 4.0, 32),
            "MEMORY_MB": (16384, 512, 1.0, 15872),
            "DISK_GB": (100, 0, 1.0, 100),
        }


async def test_C6_each_figure_is_stored_with_its_source(db) -> None:
    async with db.tx() as tx:
        initial = Initial(memory_ratio=1.5, configured=frozenset({"memory_ratio"}))
        await hosts.register(tx, registration(), initial)
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.total_source, memory.reserved_source, memory.ratio_source) == ("host", "default", "config")
        assert memory.ratio == 1.5


async def test_M1_a_ratio_that_nobody_configured_is_one_for_memory(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.ratio, memory.ratio_source) == (1.0, "default")
        with pytest.raises(NoCapacity):
            await claims.claim(tx, "s1", H1, {"MEMORY_MB": 16384}, project_id=PROJECT, user_id=USER)


async def test_M5_a_changed_configuration_replaces_the_ratio_it_set_before(db) -> None:
    async with db.tx() as tx:
        await hosts.register(tx, registration(), Initial(memory_ratio=1.5, configured=frozenset({"memory_ratio"})))
        await hosts.configure(tx, Initial())
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.ratio, memory.ratio_source) == (1.0, "default")
        await hosts.register(tx, registration(last_counter=1), Initial(memory_ratio=1.2, configured=frozenset({"memory_ratio"})))
        assert (await claims.usage(tx, H1))["MEMORY_MB"].ratio == 1.2


async def test_C7_removed_memory_is_accepted_flagged_and_blocks_growth(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 12000}, project_id=PROJECT, user_id=USER)
        assert isinstance(await hosts.register(tx, registration(last_counter=1, memory_mb=8192)), Welcome)
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert memory.overcommitted
        assert memory.free == 8192 - 512 - 12000
        [finding] = await hosts.findings(tx, H1)
        assert (finding.resource_class, finding.used, finding.capacity) == ("MEMORY_MB", 12000, 7680)
        assert "8192 MiB" in finding.cause
        with pytest.raises(NoCapacity):
            await claims.claim(tx, "s2", H1, {"MEMORY_MB": 1}, project_id=PROJECT, user_id=USER)
        await claims.claim(tx, "s3", H1, {"VCPU": 1}, project_id=PROJECT, user_id=USER)
        await claims.release(tx, "s1")
        assert not (await claims.usage(tx, H1))["MEMORY_MB"].overcommitted
        await claims.claim(tx, "s2", H1, {"MEMORY_MB": 7680}, project_id=PROJECT, user_id=USER)


async def test_C7_M4_a_raised_reserve_is_a_finding_once(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 15872}, project_id=PROJECT, user_id=USER)
        raised = Initial(reserved_memory_mb=4096, configured=frozenset({"reserved_memory_mb"}))
        await hosts.configure(tx, raised)
        await hosts.configure(tx, raised)
        [finding] = await hosts.findings(tx, H1)
        assert "configuration" in finding.cause
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.reserved, memory.reserved_source, memory.used) == (4096, "config", 15872)


async def test_C8_a_second_agent_with_a_live_lease_is_refused(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        second = await hosts.register(tx, registration(instance="agent-2"))
        assert isinstance(second, Rejected)
        assert second.code == "duplicate_identity"
        assert isinstance(await hosts.heartbeat(tx, beat()), Ack)
        told = await hosts.heartbeat(tx, beat(instance="agent-2"))
        assert isinstance(told, Rejected)
        assert told.code == "duplicate_identity"


async def test_C8_a_second_agent_may_come_when_the_lease_has_ended(db, clock) -> None:
    async with db.tx() as tx:
        await add_host(tx)
    await clock.advance(29)
    async with db.tx() as tx:
        assert isinstance(await hosts.register(tx, registration(instance="agent-2")), Rejected)
    await clock.advance(2)
    async with db.tx() as tx:
        assert not (await hosts.get(tx, H1)).alive(tx.now)
        assert isinstance(await hosts.register(tx, registration(instance="agent-2")), Welcome)
        old = await hosts.heartbeat(tx, beat(instance="agent-1"))
        assert isinstance(old, Rejected)


async def test_C8_an_agent_that_restarts_shows_its_journals_counter_and_need_not_wait(db) -> None:
    async with db.tx() as tx:
        first = await hosts.register(tx, registration(instance="agent-1"))
        again = await hosts.register(tx, registration(instance="agent-2", last_counter=first.counter))
        assert isinstance(again, Welcome)
        assert again.counter > first.counter
        assert again.claim_key == first.claim_key
        stale = await hosts.register(tx, registration(instance="agent-3", last_counter=first.counter))
        assert isinstance(stale, Rejected)


async def test_C8_other_hardware_with_a_known_id_is_refused_until_somebody_accepts_it(db, clock) -> None:
    async with db.tx() as tx:
        await add_host(tx)
    await clock.advance(3600)
    clone = registration(instance="clone", last_counter=1, fingerprint="another machine")
    async with db.tx() as tx:
        refused = await hosts.register(tx, clone)
        assert isinstance(refused, Rejected)
        assert refused.code == "duplicate_identity"
        await hosts.accept_hardware(tx, H1)
        assert isinstance(await hosts.register(tx, clone), Welcome)


async def test_C8_M17_known_hardware_with_a_new_id_is_a_finding_once(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        twin = registration("h2", fingerprint="hardware of h1")
        await hosts.register(tx, twin)
        await hosts.register(tx, twin)
        [finding] = await hosts.findings(tx, host_id("h2"))
        assert H1 in finding.cause
        assert "same hardware" in finding.cause
        assert await hosts.findings(tx, H1) == []


async def test_C8_M17_a_renamed_host_keeps_its_inventory_and_claims(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 12000}, project_id=PROJECT, user_id=USER)
        await hosts.register(tx, registration(last_counter=1, hostname="better-name"))
        assert [(host.id, host.hostname) for host in await hosts.list(tx)] == [(H1, "better-name")]
        assert (await claims.usage(tx, H1))["MEMORY_MB"].used == 12000
        assert await hosts.find(tx, "h1") is None
        assert (await hosts.find(tx, "better-name")).id == H1


async def test_C8_two_hosts_of_one_name_are_two_hosts(db) -> None:
    async with db.tx() as tx:
        await add_host(tx, "h1")
        await add_host(tx, "h2", hostname="h1")
        assert len({host.id for host in await hosts.list(tx)}) == 2
        [finding] = await hosts.findings(tx, host_id("h2"))
        assert "same name" in finding.cause


async def test_F7_a_host_that_has_seen_more_registrations_than_this_database_is_refused(db) -> None:
    async with db.tx() as tx:
        unknown = await hosts.register(tx, registration(last_counter=7))
        assert isinstance(unknown, Rejected)
        assert unknown.code == "older_database"
        await add_host(tx)
        restored = await hosts.register(tx, registration(instance="agent-2", last_counter=2))
        assert isinstance(restored, Rejected)
        assert restored.code == "older_database"
        assert (await hosts.get(tx, H1)).counter == 1


async def test_F7_a_host_that_was_told_of_a_later_lease_than_this_database_knows_is_refused_and_readmitted(db, clock) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        key = (await hosts.seat(tx, H1)).claim_key
        told = stamp(clock.now() + 3600)
        restored = await hosts.register(tx, registration(instance="agent-2", last_counter=1, last_lease=told))
        assert isinstance(restored, Rejected)
        assert (restored.code, told in restored.message) == ("older_database", True)
        assert await hosts.readmit(tx, registration(last_counter=1, last_lease=told), {}) == 0
        again = await hosts.register(tx, registration(instance="agent-2", last_counter=1, last_lease=told))
        assert isinstance(again, Welcome)
        assert (again.claim_key, again.counter) == (key, 2)


async def test_F7_epochs_of_consumers_follow_what_the_host_has_seen(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 64}, project_id=PROJECT, user_id=USER)
        assert await claims.epoch(tx, "s1") == 1
        assert await hosts.readmit(tx, registration(last_counter=9), {"s1": 5, "nobody-here": 3}) == 1
        assert await claims.epoch(tx, "s1") == 6
        assert await hosts.readmit(tx, registration(last_counter=9), {"s1": 5}) == 0
        assert (await hosts.get(tx, H1)).counter == 9


async def test_a_heartbeat_renews_the_lease_and_reports(db, clock) -> None:
    async with db.tx() as tx:
        await add_host(tx)
    await clock.advance(25)
    async with db.tx() as tx:
        acknowledged = await hosts.heartbeat(tx, beat(findings=["the switch was restarted"]))
        assert acknowledged == Ack((await hosts.get(tx, H1)).lease_until)
    await clock.advance(25)
    async with db.read() as tx:
        [host] = await hosts.alive(tx)
        assert host.findings == ["the switch was restarted"]
        assert (host.facts.free_memory_mb, host.facts.free_disk_gb) == (15900, 80)
    await clock.advance(6)
    async with db.read() as tx:
        assert await hosts.alive(tx) == []
        assert len(await hosts.list(tx)) == 1


async def test_C8_retiring_is_explicit_and_refused_while_claims_are_held(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"VCPU": 1}, project_id=PROJECT, user_id=USER)
        with pytest.raises(Conflict, match="1 consumers hold claims"):
            await hosts.retire(tx, H1)
        await claims.release(tx, "s1")
        await hosts.retire(tx, H1)
        with pytest.raises(NotFound):
            await hosts.get(tx, H1)
        told = await hosts.heartbeat(tx, beat())
        assert isinstance(told, Rejected)
        assert told.code == "unknown_host"
        assert isinstance(await hosts.register(tx, registration(last_counter=1)), Rejected)


async def test_a_disabled_host_says_why(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await hosts.set_enabled(tx, H1, False, "firmware update")
        host = await hosts.get(tx, H1)
        assert (host.enabled, host.disabled_reason) == (False, "firmware update")
        with pytest.raises(NotFound):
            await hosts.set_enabled(tx, host_id("nobody"), True, None)


async def test_each_host_has_a_claim_key_of_its_own(db) -> None:
    async with db.tx() as tx:
        first = (await hosts.seat(tx, await add_host(tx, "h1"))).claim_key
        second = (await hosts.seat(tx, await add_host(tx, "h2"))).claim_key
        assert first != second
        assert len(first) == 32


async def test_C11_M20_huge_pages_are_an_inventory_of_their_own_and_no_ordinary_memory(db) -> None:
    pages = [PagePool(2048, 1024, 1024), PagePool(1048576, 2, 2)]
    async with db.tx() as tx:
        await add_host(tx, pages=pages)
        figures = await claims.usage(tx, H1)
        assert {name: f.capacity for name, f in figures.items() if "M" in name} == {
            "CUSTOM_HUGE_PAGES_2048KB": 1024,
            "CUSTOM_HUGE_PAGES_1048576KB": 2,
            "MEMORY_MB": 16384 - 2048 - 2048 - 512,
        }
        await claims.claim(tx, "s1", H1, {"CUSTOM_HUGE_PAGES_2048KB": 1024}, project_id=PROJECT, user_id=USER)
        with pytest.raises(NoCapacity):
            await claims.claim(tx, "s2", H1, {"CUSTOM_HUGE_PAGES_2048KB": 1}, project_id=PROJECT, user_id=USER)


async def test_M4_huge_pages_that_are_taken_later_are_noticed_by_the_next_heartbeat(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 15000}, project_id=PROJECT, user_id=USER)
        await hosts.heartbeat(tx, beat(pages=[PagePool(2048, 1024, 1024)]))
        await hosts.heartbeat(tx, beat(pages=[PagePool(2048, 1024, 10)]))
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.total, memory.overcommitted) == (16384 - 2048, True)
        [finding] = await hosts.findings(tx, H1)
        assert finding.cause == "Huge pages were set aside or given back: 1024 of 2048 KiB."
        await hosts.heartbeat(tx, beat(pages=[]))
        figures = await claims.usage(tx, H1)
        assert (figures["MEMORY_MB"].total, figures["CUSTOM_HUGE_PAGES_2048KB"].capacity) == (16384, 0)


async def test_M2_two_processes_with_other_ratios_leave_one_ratio_and_a_finding(db) -> None:
    """Each configures the hosts when it starts: the last one's figure is stored, shown and enforced for both."""
    generous = Initial(memory_ratio=1.5, configured=frozenset({"memory_ratio"}))
    async with db.tx() as tx:
        await add_host(tx)
        await hosts.configure(tx, generous)
        await claims.claim(tx, "s1", H1, {"MEMORY_MB": 16000}, project_id=PROJECT, user_id=USER)
        await hosts.configure(tx, Initial())
        memory = (await claims.usage(tx, H1))["MEMORY_MB"]
        assert (memory.ratio, memory.overcommitted) == (1.0, True)
        assert "configuration" in (await hosts.findings(tx, H1))[0].cause
        with pytest.raises(NoCapacity):
            await claims.claim(tx, "s2", H1, {"MEMORY_MB": 1}, project_id=PROJECT, user_id=USER)


async def test_M8_no_refresh_of_a_host_overwrites_what_is_claimed_meanwhile(db) -> None:
    async with db.tx() as tx:
        await add_host(tx)
    async with db.tx() as tx:
        [seen] = await claims.candidates(tx, claims.Wanted({"MEMORY_MB": 12000}))
    async with db.tx() as tx:
        await claims.claim(tx, "s1", seen.host_id, {"MEMORY_MB": 12000}, project_id=PROJECT, user_id=USER)
    async with db.tx() as tx:
        await hosts.heartbeat(tx, beat(free_memory_mb=16000))
        await hosts.register(tx, registration(last_counter=1, free_memory_mb=16000))
        await hosts.configure(tx, Initial())
        assert (await claims.usage(tx, H1))["MEMORY_MB"].used == 12000
        with pytest.raises(NoCapacity):
            await claims.claim(tx, "s2", seen.host_id, {"MEMORY_MB": 12000}, project_id=PROJECT, user_id=USER)
