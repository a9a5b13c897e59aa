"""How an agent finds its control plane, and what it tells it."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.clock import settle

from cumulet.agent.fake import FakeHost
from cumulet.agent.main import Agent
from cumulet.contract.commands import CreateRootDisk, ListGuests, ListQuarantine, TakeStock
from cumulet.contract.reports import Register, Rejected


async def test_an_agent_registers_and_then_works(agent, cloud, order, boot):
    await agent.welcomed()
    assert isinstance(cloud.reports[0], Register)
    assert cloud.reports[0].facts.host_id == agent.host_id
    assert (await order(ListGuests())).guests == []


async def test_registration_is_repeated_until_it_succeeds(bus, world, clock, cloud):
    await bus.close()
    agent = Agent(bus, FakeHost(world), world.journal, clock)
    await agent.start()
    await clock.advance(2)
    await bus.serve("cloud", cloud.receive)
    await clock.advance(2)
    await agent.welcomed()
    await agent.stop()


async def test_a_heartbeat_is_sent_when_it_is_due(agent, cloud, clock):
    await clock.advance(5)
    await clock.advance(5)
    assert len(cloud.heartbeats) == 3
    assert cloud.heartbeats[-1].free_memory_mb == 256 * 1024


async def test_a_guest_that_dies_is_reported_at_once(boot, cloud, world):
    await boot("s1")
    before = len(cloud.heartbeats)
    world.crash("s1")
    await settle()
    assert len(cloud.heartbeats) == before + 1
    assert [guest.state for guest in cloud.heartbeats[-1].guests] == ["crashed"]


async def test_what_was_healed_is_told_for_ten_minutes(agent, cloud, clock, world):
    world.findings.append("ovs-vswitchd had died; it runs again")
    await clock.advance(5)
    await clock.advance(5)
    assert cloud.heartbeats[-1].findings == ["ovs-vswitchd had died; it runs again"]
    await clock.advance(600)
    await clock.advance(5)
    assert cloud.heartbeats[-1].findings == []


async def test_what_is_healed_while_a_heartbeat_is_sent_is_told_in_the_next(agent, cloud, clock, world, monkeypatch):
    sent = asyncio.Event()

    async def slow():
        await sent.wait()
        return ["a daemon had died"]

    monkeypatch.setattr(agent._host, "heal", slow)
    await clock.advance(5)
    await clock.advance(5)
    sent.set()
    await clock.advance(5)
    assert cloud.heartbeats[-1].findings == ["a daemon had died"]


async def test_findings_wait_for_a_control_plane_that_listens(agent, bus, cloud, clock, world):
    await bus.serve("cloud", None)
    world.findings.append("a daemon had died")
    await clock.advance(5)
    await clock.advance(5)
    await bus.serve("cloud", cloud.receive)
    await clock.advance(5)
    assert cloud.heartbeats[-1].findings == ["a daemon had died"]


async def test_F7_a_refused_agent_knows_why_at_once(agent, bus, world, clock, cloud):
    assert await agent.answered() is None
    await agent.stop()
    cloud.rejection = Rejected("older_database", "go away")
    again = Agent(bus, FakeHost(world), world.journal, clock)
    await again.start()
    assert "go away" in await again.answered()
    await again.stop()


async def test_a_hypervisor_that_does_not_answer_does_not_turn_guests_off(boot, agent, cloud, clock, monkeypatch):
    await boot("s1")
    await clock.advance(5)

    async def broken():
        raise OSError("no answer")

    monkeypatch.setattr(agent._host.guests, "list", broken)
    await clock.advance(5)
    assert [guest.server_id for guest in cloud.heartbeats[-1].guests] == ["s1"]
    assert "no answer" in cloud.heartbeats[-1].findings[0]


async def test_F7_a_control_plane_whose_counter_went_backwards_is_refused(boot, agent, bus, world, clock, cloud, image, order):
    await boot("s1")
    await world.journal.set_counter(9)
    await agent.stop()
    again = Agent(bus, FakeHost(world), world.journal, clock)
    await again.start()
    await settle()
    refused = await order(CreateRootDisk("s2", image, 10), "w/disk/1")
    assert refused.code == "busy"
    assert "older" in refused.message
    stock = await order(TakeStock())
    assert ([guest.server_id for guest in stock.guests], {kept.owner for kept in stock.disks}) == (["s1"], {"s1"})
    assert stock.epochs["server/s1"] == 1
    assert (await order(ListQuarantine())).code == "busy"
    assert list(world.guests) == ["s1"]
    assert list(world.disks) == ["s1"]
    cloud.counter = 9
    await clock.advance(2)
    assert (await order(ListGuests())).guests[0].server_id == "s1"
    await again.stop()


@pytest.mark.parametrize("code", ["duplicate_identity", "unknown_host", "older_database"])
async def test_F7_a_rejected_agent_stops_working_until_it_is_welcome_again(agent, cloud, clock, order, image, world, code):
    cloud.rejection = Rejected(code, "go away")
    await clock.advance(5)
    refused = await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    assert (refused.code, "go away" in refused.message) == ("busy", True)
    assert not world.disks
    cloud.rejection = None
    await clock.advance(2)
    assert (await order(ListGuests())).guests == []


async def test_a_restarted_agent_finds_its_guests_and_its_answers(boot, agent, bus, world, clock, cloud):
    await boot("s1")
    await agent.stop()
    again = Agent(bus, FakeHost(world), world.journal, clock)
    await again.start()
    await settle()
    assert [guest.server_id for guest in cloud.heartbeats[-1].guests] == ["s1"]
    assert cloud.reports[0].instance != next(r.instance for r in reversed(cloud.reports))
    await again.stop()
