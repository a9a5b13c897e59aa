"""What an agent does with a message before it does what the message says."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.clock import settle

from cumulet.agent.fake import FakeHost
from cumulet.agent.journal import MemoryJournal
from cumulet.agent.keys import made_by
from cumulet.agent.main import Agent, Settings
from cumulet.agent.store.journal import SqliteJournal
from cumulet.contract import VERSION
from cumulet.contract.commands import (
    AttachDisk,
    CreateBlankDisk,
    CreateRootDisk,
    DestroyGuest,
    Disk,
    Done,
    Envelope,
    ListGuests,
    Refused,
    StartGuest,
    StopGuest,
    decode_reply,
    encode,
)
from cumulet.contract.guests import DiskSpec
from cumulet.kernel.bus import Unreachable


async def test_the_same_key_is_carried_out_once_and_answered_twice(order, world, image):
    first = await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    world.faults.fail(CreateRootDisk, message="it was carried out again")
    assert await order(CreateRootDisk("s1", image, 10), "w/disk/1") == first
    assert isinstance(first, Disk)


async def test_the_same_key_while_still_running_is_one_execution(order, world, image):
    go, calls = asyncio.Event(), []

    async def hook(command):
        calls.append(command)
        await go.wait()

    world.faults.hook = hook
    both = [asyncio.create_task(order(CreateRootDisk("s1", image, 10), "w/disk/1")) for _ in range(2)]
    await settle()
    go.set()
    first, second = await asyncio.gather(*both)
    assert first == second
    assert calls == [CreateRootDisk]


async def test_a_late_repetition_of_a_start_does_not_restart_a_stopped_guest(boot, order, world, guest_of, claim_for):
    await boot("s1")
    await order(StopGuest("s1", 0), "w/stop/1")
    guest = guest_of("s1")
    assert await order(StartGuest(guest, claim_for(guest)), "s1/start/1") == Done()
    assert world.guests["s1"].state == "shutdown"


@pytest.mark.parametrize("code", ["failed", "busy"])
async def test_a_transient_refusal_is_tried_again_with_the_same_key(order, world, image, code):
    world.faults.fail(CreateRootDisk, code=code)
    assert isinstance(await order(CreateRootDisk("s1", image, 10), "w/disk/1"), Refused)
    assert isinstance(await order(CreateRootDisk("s1", image, 10), "w/disk/1"), Disk)


async def test_a_final_refusal_is_answered_again_with_the_same_key(order, world, image):
    world.faults.fail(CreateRootDisk, code="no_space")
    refused = await order(CreateRootDisk("s1", image, 10), "w/disk/1")
    assert await order(CreateRootDisk("s1", image, 10), "w/disk/1") == refused
    assert refused.code == "no_space"


async def test_one_key_on_two_disks_is_two_commands(order, world):
    await order(CreateBlankDisk("s1", "ephemeral0", 10), "w/disks/1")
    await order(CreateBlankDisk("s1", "swap", 10), "w/disks/1")
    assert set(world.disks["s1"]) == {"ephemeral0", "swap"}


async def test_an_epoch_that_a_later_one_followed_is_refused(order, world, image):
    await order(StopGuest("s1", 0), "w2/stop/1", epoch=5)
    refused = await order(CreateRootDisk("s1", image, 10), "w1/disk/1", epoch=4)
    assert refused.code == "stale_epoch"
    assert not world.disks
    assert isinstance(await order(CreateRootDisk("s2", image, 10), "w3/disk/1", epoch=4), Disk)


async def test_a_claim_that_a_later_one_followed_starts_nothing(boot, order, world, guest_of, claim_for):
    await boot("s1")
    guest = guest_of("s1")
    await order(StartGuest(guest, claim_for(guest, epoch=7)), "w2/start/1", epoch=7)
    await order(StopGuest("s1", 0), "w2/stop/1", epoch=7)
    refused = await order(StartGuest(guest, claim_for(guest, epoch=6)), "w3/start/1", epoch=7)
    assert refused.code == "stale_epoch"
    assert world.guests["s1"].state == "shutdown"


async def test_the_epoch_is_looked_at_when_the_turn_comes_not_when_the_message_does(order, world, image):
    go = asyncio.Event()

    async def hook(command):
        await go.wait()

    world.faults.hook = hook
    newer = asyncio.create_task(order(StopGuest("s1", 0), "w2/stop/1", epoch=2))
    await settle()
    older = asyncio.create_task(order(CreateRootDisk("s1", image, 10), "w1/disk/1", epoch=1))
    await settle()
    go.set()
    assert await newer == Done()
    assert (await older).code == "stale_epoch"


async def test_commands_on_one_server_take_turns_and_on_two_do_not(order, world, image):
    running, most = 0, 0

    async def hook(command):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    world.faults.hook = hook
    labels = ("ephemeral0", "ephemeral1")
    await asyncio.gather(*(order(CreateBlankDisk("s1", label, 1), "w/disk/1") for label in labels))
    assert most == 1
    await asyncio.gather(*(order(CreateBlankDisk(server, "swap", 1), f"{server}/disk/1") for server in ("s1", "s2")))
    assert most == 2


async def test_a_command_goes_on_when_its_caller_stops_waiting(order, world, image):
    go = asyncio.Event()

    async def hook(command):
        await go.wait()

    world.faults.hook = hook
    caller = asyncio.create_task(order(CreateRootDisk("s1", image, 10), "w/disk/1"))
    await settle()
    caller.cancel()
    go.set()
    await settle()
    assert "root" in world.disks["s1"]


async def test_a_start_that_arrives_after_its_sender_gave_up_and_undid_it_starts_nothing(
    boot, order, world, guest_of, claim_for, clock
):
    await boot("s1")
    guest = guest_of("s1")
    expires = clock.now() + 60
    await clock.advance(61)
    assert await order(DestroyGuest("s1"), "w/undo/1") == Done()
    refused = await order(StartGuest(guest, claim_for(guest)), "w/start/2", expires=expires)
    assert "too late" in refused.message
    assert world.guests == {}
    assert await order(StartGuest(guest, claim_for(guest)), "w/start/3", expires=clock.now() + 60) == Done()


@pytest.mark.parametrize(
    ("created_by", "key", "belongs"),
    [
        ("w/1/disk", "w/1/disk", True),
        ("w/1/disk", "w/1", True),
        ("w/1/disk", "w/1/", True),
        ("w/1/disk#2", "w/1/disk", True),
        ("w/12/disk", "w/1", False),
        ("w/1/disk2", "w/1/disk", False),
        ("w/1", "w/1/disk", False),
    ],
)
def test_K2_an_object_belongs_to_the_attempt_that_made_it(created_by, key, belongs):
    assert made_by(created_by, key) is belongs


async def test_a_version_of_yesterday_is_understood_and_one_of_tomorrow_refused(order):
    assert not isinstance(await order(ListGuests(), version=VERSION - 1), Refused)
    assert "version" in (await order(ListGuests(), version=VERSION + 1)).message
    assert isinstance(await order(ListGuests(), version=VERSION - 2), Refused)


async def test_nonsense_is_refused_and_the_agent_lives(bus, agent, order):
    answer = decode_reply(await bus.request(f"host.{agent.host_id}", b"\x93nonsense", 1))
    assert answer.code == "failed"
    assert not isinstance(await order(ListGuests()), Refused)


async def test_a_command_without_a_key_is_refused(order):
    assert "key" in (await order(StopGuest("s1", 0), "")).message


async def test_an_unexpected_error_is_a_refusal_without_internals(order, world):
    async def hook(command):
        raise RuntimeError("/secret/path")

    world.faults.hook = hook
    refused = await order(StopGuest("s1", 0), "w/stop/1")
    assert refused.code == "failed"
    assert "secret" not in refused.message


async def test_F7_nothing_is_done_before_the_control_plane_is_known(world, inbox_of, image):
    inbox = inbox_of(world)
    envelope = Envelope(CreateRootDisk("s1", image, 10), "w/disk/1", 1)
    assert decode_reply(await inbox.receive(encode(envelope))).code == "busy"
    assert not world.disks


async def test_a_stopped_agent_is_as_if_nobody_were_there(agent, order):
    await agent.stop()
    with pytest.raises(Unreachable):
        await order(ListGuests())


async def test_an_agent_that_stops_gives_up_what_does_not_end_and_the_next_one_does_it(bus, world, clock, cloud, image):
    started, never = asyncio.Event(), asyncio.Event()

    async def hook(command):
        if command is CreateRootDisk:
            started.set()
            await never.wait()

    first = Agent(bus, FakeHost(world), world.journal, clock, Settings(farewell=0))
    await first.start()
    await first.welcomed()
    world.faults.hook = hook
    payload = encode(Envelope(CreateRootDisk("s1", image, 10), "w/disk/1", 1))
    waiting = asyncio.create_task(bus.request(f"host.{world.host_id}", payload, 60))
    await started.wait()
    await first.stop()
    with pytest.raises(Unreachable):
        await waiting
    world.faults.hook = None
    second = Agent(bus, FakeHost(world), world.journal, clock)
    await second.start()
    await second.welcomed()
    assert isinstance(decode_reply(await bus.request(f"host.{world.host_id}", payload, 60)), Disk)
    await second.stop()


async def test_attaching_a_disk_that_is_not_there_is_refused(boot, order, world):
    await boot("s1")
    disk = DiskSpec("v1", world.path("v1", "volume"), "qcow2", "vdb", "v1", volume_id="v1")
    assert (await order(AttachDisk("s1", disk), "w/attach/1")).code == "disk_missing"


@pytest.fixture(params=["memory", "sqlite"])
def open_journal(request, tmp_path):
    """The same journal, opened again."""
    memory = MemoryJournal()

    async def open_it():
        journal = memory if request.param == "memory" else SqliteJournal(tmp_path / "agent.db")
        await journal.open()
        return journal

    return open_it


async def test_a_journal_remembers_answers_epochs_and_the_counter(open_journal):
    journal = await open_journal()
    assert await journal.answer("k") is None
    await journal.finish("k", b"answer")
    await journal.finish("k", b"another")
    assert [await journal.admit("server/s1", epoch) for epoch in (3, 2, 3)] == [3, 3, 3]
    assert await journal.counter() == 0
    await journal.set_counter(7)
    assert await journal.lease() == ""
    await journal.set_lease("2030-01-01T00:00:00.000000")
    assert await journal.epochs() == {"server/s1": 3}
    await journal.close()
    again = await open_journal()
    assert await again.answer("k") == b"answer"
    assert await again.admit("server/s1", 0) == 3
    assert await again.counter() == 7
    assert await again.lease() == "2030-01-01T00:00:00.000000"
    await again.close()


async def test_old_answers_are_forgotten_and_new_ones_kept(tmp_path, clock):
    journal = SqliteJournal(tmp_path / "agent.db", clock)
    await journal.open()
    await journal.finish("old", b"")
    await clock.advance(100)
    await journal.finish("new", b"")
    await journal.prune(50)
    assert await journal.answer("old") is None
    assert await journal.answer("new") == b""
    await journal.close()
