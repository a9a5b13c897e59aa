"""The bus over a unix socket, with real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.kernel.bus import Unreachable
from cumulet.kernel.bus.unix import UnixBus, UnixHub
from support.clock import FakeClock, settle

LONG = 60.0


async def upper(payload: bytes) -> bytes:
    return payload.upper()


async def broken(payload: bytes) -> bytes:
    raise KeyError("secret path")


def mode(path: Path) -> int | None:
    return path.stat().st_mode & 0o777 if path.exists() else None


class Gate:
    """A handler that answers when told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, payload: bytes) -> bytes:
        self.asked.set()
        await self.open.wait()
        return payload


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus"


@pytest.fixture
async def hub(path: Path) -> AsyncIterator[UnixHub]:
    hub = UnixHub(path)
    await hub.listen()
    yield hub
    await hub.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def agent(hub: UnixHub, path: Path, clock: FakeClock) -> AsyncIterator[UnixBus]:
    agent = UnixBus(path, clock)
    await agent.connect()
    await met(hub, agent)
    yield agent
    await agent.close()


async def met(hub: UnixHub, agent: UnixBus) -> None:
    """Return once the agent's subjects are known to the hub."""
    await hub.serve("hello", upper)
    assert await agent.request("hello", b"hi", LONG) == b"HI"


async def test_both_ends_serve_and_request(hub: UnixHub, agent: UnixBus) -> None:
    await hub.serve("cloud", upper)
    await agent.serve("host.1", upper)
    assert await agent.request("cloud", b"a", LONG) == b"A"
    assert await hub.request("host.1", b"b", LONG) == b"B"
    assert await hub.request("cloud", b"c", LONG) == b"C"


async def test_one_agent_reaches_another_through_the_hub(hub: UnixHub, agent: UnixBus, path: Path) -> None:
    other = UnixBus(path)
    await other.connect()
    await other.serve("host.2", upper)
    await met(hub, other)
    assert await agent.request("host.2", b"x", LONG) == b"X"
    await other.close()


async def test_requests_are_answered_concurrently_and_in_any_order(hub: UnixHub, agent: UnixBus) -> None:
    gate = Gate()
    await agent.serve("slow", gate)
    await agent.serve("fast", upper)
    await met(hub, agent)
    slow = asyncio.create_task(hub.request("slow", b"first", LONG))
    await gate.asked.wait()
    answers = await asyncio.gather(*(hub.request("fast", b"%d" % n, LONG) for n in range(100)))
    assert answers == [b"%d" % n for n in range(100)]
    assert not slow.done()
    gate.open.set()
    assert await slow == b"first"


async def test_large_messages_pass_and_too_large_ones_are_refused(
    hub: UnixHub, agent: UnixBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def four_times(payload: bytes) -> bytes:
        return payload * 4

    await agent.serve("four", four_times)
    await met(hub, agent)
    assert len(await hub.request("four", bytes(1 << 20), LONG)) == 4 << 20
    monkeypatch.setattr("cumulet.kernel.bus.link.LARGEST", 2 << 20)
    with pytest.raises(Unreachable, match="at most"):
        await hub.request("four", bytes(1 << 20), LONG)
    with pytest.raises(ValueError, match="at most"):
        await hub.request("four", bytes(2 << 20), LONG)
    assert await hub.request("four", b"x", LONG) == b"xxxx"


async def test_a_subject_that_nobody_serves_is_unreachable_at_once(hub: UnixHub, agent: UnixBus) -> None:
    with pytest.raises(Unreachable, match="nobody serves"):
        await hub.request("host.9", b"", LONG)
    with pytest.raises(Unreachable, match="nobody serves"):
        await agent.request("host.9", b"", LONG)


async def test_a_patient_hub_waits_for_an_agent_that_comes_back(path: Path, clock: FakeClock) -> None:
    hub, agent = UnixHub(path, patience=LONG), UnixBus(path, clock)
    await hub.listen()
    asking = asyncio.create_task(hub.request("host.1", b"x", LONG))
    await settle()
    assert not asking.done()
    await agent.serve("host.1", upper)
    await agent.connect()
    assert await asking == b"X"
    await agent.close()
    await hub.close()


async def test_a_patient_hub_gives_up_with_its_caller(path: Path) -> None:
    hub = UnixHub(path, patience=LONG)
    await hub.listen()
    with pytest.raises(Unreachable, match="nobody serves"):
        await hub.request("host.1", b"x", 0.01)
    await hub.close()


async def test_no_answer_in_time_is_unreachable_and_the_late_answer_is_dropped(hub: UnixHub, agent: UnixBus) -> None:
    gate = Gate()
    await agent.serve("slow", gate)
    await met(hub, agent)
    with pytest.raises(Unreachable, match="no answer on slow"):
        await hub.request("slow", b"", 0.01)
    gate.open.set()
    assert await hub.request("slow", b"again", LONG) == b"again"


async def test_a_handler_that_fails_is_unreachable_and_tells_nothing_of_its_inside(hub: UnixHub, agent: UnixBus) -> None:
    await hub.serve("cloud", broken)
    with pytest.raises(Unreachable) as caught:
        await agent.request("cloud", b"", LONG)
    assert "secret" not in str(caught.value)
    assert await agent.request("hello", b"hi", LONG) == b"HI"


async def test_a_request_under_way_is_unreachable_when_the_agent_dies(hub: UnixHub, agent: UnixBus) -> None:
    gate = Gate()
    await agent.serve("slow", gate)
    await met(hub, agent)
    asking = asyncio.create_task(hub.request("slow", b"", LONG))
    await gate.asked.wait()
    await agent.close()
    with pytest.raises(Unreachable, match="lost"):
        await asking
    await settle()
    with pytest.raises(Unreachable, match="nobody serves"):
        await hub.request("slow", b"", LONG)


async def test_an_agent_comes_back_when_the_hub_does(hub: UnixHub, agent: UnixBus, path: Path, clock: FakeClock) -> None:
    await agent.serve("host.1", upper)
    await hub.close()
    await settle()
    asking = asyncio.create_task(agent.request("hello", b"still there?", LONG))
    await clock.advance(10)
    again = UnixHub(path)
    await again.serve("hello", upper)
    await again.listen()
    await clock.advance(10)
    assert await asking == b"STILL THERE?"
    assert await again.request("host.1", b"x", LONG) == b"X"
    await again.close()


async def test_an_agent_that_started_before_the_hub_waits_for_it(path: Path, clock: FakeClock) -> None:
    agent = UnixBus(path, clock)
    await agent.connect()
    with pytest.raises(Unreachable, match="not connected"):
        await agent.request("hello", b"", 0.01)
    hub = UnixHub(path)
    await hub.serve("hello", upper)
    await hub.listen()
    await clock.advance(5)
    assert await agent.request("hello", b"hi", LONG) == b"HI"
    await agent.close()
    await hub.close()


async def test_the_newer_of_two_connections_has_the_subject(hub: UnixHub, agent: UnixBus, path: Path) -> None:
    async def old(payload: bytes) -> bytes:
        return b"old"

    async def new(payload: bytes) -> bytes:
        return b"new"

    await agent.serve("host.1", old)
    await met(hub, agent)
    newer = UnixBus(path)
    await newer.connect()
    await newer.serve("host.1", new)
    await met(hub, newer)
    assert await hub.request("host.1", b"", LONG) == b"new"
    await agent.close()
    await settle()
    assert await hub.request("host.1", b"", LONG) == b"new"
    await newer.close()


async def test_nonsense_ends_only_the_connection_it_came_on(hub: UnixHub, agent: UnixBus, path: Path) -> None:
    for data in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(data)
        assert await reader.read() == b""
        writer.close()
    assert await agent.request("hello", b"hi", LONG) == b"HI"


async def test_only_the_owner_may_connect_and_a_dead_socket_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    hub = UnixHub(path)
    await hub.listen()
    assert mode(path) == 0o600
    with pytest.raises(OSError, match="another process listens"):
        await UnixHub(path).listen()
    await hub.close()
    assert mode(path) is None
