"""Events on a real NATS server: which subjects, in which envelope, and nothing lost when the server or the cloud goes away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from cumulet.app.operator.client import Client
from cumulet.kernel.notifications.nats_server import NatsServer
from cumulet.kernel.notifications.outbox import Event
from cumulet.kernel.notifications.receivers import NotDelivered
from support.nats import NatsBroker, nats_broker
from support.real_cloud import real_cloud, until

pytestmark = pytest.mark.real
IMAGES = "/image/v2/images"
NEW = {"name": "new", "disk_format": "raw", "container_format": "bare"}


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[NatsBroker]:
    """A server, and somebody who listens to everything."""
    async with nats_broker(tmp_path) as made, made.listening("notifications.>"):
        yield made


def event(identity: str = "1") -> Event:
    return Event(identity, "image", "image.create", "INFO", {"id": "i"}, "req-1", "2026-01-01T00:00:00.000000")


async def test_events_of_a_cloud_reach_who_listens(broker: NatsBroker, tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"some bytes")
    async with real_cloud(notification_url=broker.url) as cloud:
        await cloud.must("up", "--fake")
        demo = await Client.log_in(cloud.config.url, cloud.credentials("demo"))
        made = await demo.call("POST", IMAGES, NEW)
        await demo.upload(f"{IMAGES}/{made['id']}/file", file)
        await demo.download(f"{IMAGES}/{made['id']}/file", lambda block: None)
        await broker.hears(*(f"image.{told}" for told in ("create", "prepare", "upload", "activate", "send")))
    subject, headers, envelope = broker.heard[-1]
    message = json.loads(envelope["oslo.message"])
    assert (subject, envelope["oslo.version"]) == ("notifications.info.image.send", "2.0")
    assert headers["Nats-Msg-Id"] == message["message_id"]
    assert (message["payload"]["image_id"], message["payload"]["bytes_sent"]) == (made["id"], 10)


async def test_what_happens_while_the_server_is_away_is_told_later_and_in_order(broker: NatsBroker) -> None:
    async with real_cloud(notification_url=f"{broker.url}/notifications") as cloud:
        await cloud.must("up", "--fake")
        demo = await Client.log_in(cloud.config.url, cloud.credentials("demo"))
        await demo.call("POST", IMAGES, NEW)
        await broker.hears("image.create")
        broker.heard.clear()
        broker.kill()
        made = await demo.call("POST", IMAGES, NEW)
        await demo.call("DELETE", f"{IMAGES}/{made['id']}")

        async def noticed() -> bool:
            return "is tried again" in cloud.log()

        await until(noticed, "the server is missed", 20)
        cloud.kill()
        await broker.start()
        async with broker.listening("notifications.>"):
            broker.heard.clear()
            await cloud.must("up", "--fake")
            await until(lambda: _has(broker, "image.delete"), "what was missed is told", 90)
    assert list(dict.fromkeys(broker.types)) == ["image.create", "image.delete"]


async def _has(broker: NatsBroker, told: str) -> bool:
    return told in broker.types


async def test_a_stream_keeps_events_each_once(broker: NatsBroker) -> None:
    client = await broker.client()
    await client.jetstream().add_stream(StreamConfig(name="EVENTS", subjects=["notifications.>"]))
    told = NatsServer(f"{broker.url}?stream=EVENTS")
    for identity in ("1", "2", "2"):  # the second one twice, as after a crash before its delivery was noted
        await told.post(event(identity), b"{}")
    await told.close()
    assert (await client.jetstream().stream_info("EVENTS")).state.messages == 2
    await client.close()


@pytest.mark.parametrize(
    ("suffix", "why"), [("?stream=NONE", "no answer"), ("/elsewhere", r"(?i)permissions"), ("/elsewhere?stream=NONE", "NATS")]
)
async def test_what_the_server_does_not_take_is_not_delivered(broker: NatsBroker, suffix: str, why: str, monkeypatch) -> None:
    monkeypatch.setattr("cumulet.kernel.notifications.nats_server.TIMEOUT", 2.0)
    told = NatsServer(f"{broker.url}{suffix}")
    with pytest.raises(NotDelivered, match=why):
        await told.post(event(), b"{}")


async def test_who_does_not_know_the_password_delivers_nothing(broker: NatsBroker) -> None:
    told = NatsServer(f"nats://teller:wrong@127.0.0.1:{broker.port}")
    with pytest.raises(NotDelivered, match=r"(?i)authorization"):
        await told.post(event(), b"{}")
    assert broker.heard == []
