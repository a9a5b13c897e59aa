"""The outbox, and its delivery to a real web server."""

from __future__ import annotations

import pytest

from cumulet.kernel.notifications import outbox, tell
from cumulet.kernel.notifications.delivery import KEPT, LEASE, Delivery
from cumulet.kernel.notifications.receivers import receiver as receiver_of
from cumulet.kernel.notifications.webhook import Webhook
from support.database import fresh_database
from support.receiver import receiving


@pytest.fixture
async def db(clock):
    async with fresh_database(clock) as made:
        made.tells = True
        yield made


@pytest.fixture
async def receiver():
    async with receiving() as made:
        yield made


@pytest.fixture
def delivery(db, receiver):
    return Delivery(db, Webhook(receiver.url), "control-1")


async def say(db, *events):
    async with db.tx() as tx:
        for event in events:
            await tell(tx, "image", event, {"id": event})


async def waiting(db):
    async with db.read() as tx:
        return [event.event_type for event in await outbox.oldest(tx, 1000)]


async def test_an_event_arrives_in_the_envelope_that_oslo_messaging_writes(db, receiver, delivery):
    await say(db, "image.create")
    await delivery.run()
    [envelope] = receiver.envelopes
    assert envelope["oslo.version"] == "2.0"
    [message] = receiver.messages
    assert message["event_type"] == "image.create"
    assert message["publisher_id"] == "image.control-1"
    assert message["priority"] == "INFO"
    assert message["payload"] == {"id": "image.create"}
    assert message["timestamp"] == "2027-01-15 08:00:00.000000"
    assert message["_unique_id"] == message["message_id"].replace("-", "")
    assert await waiting(db) == []


async def test_nothing_is_written_if_nobody_listens(db):
    db.tells = False
    before = db.statements
    await say(db, "image.create")
    assert db.statements == before
    assert await waiting(db) == []


async def test_what_was_not_committed_is_not_told(db, receiver, delivery):
    async def failing():
        async with db.tx() as tx:
            await tell(tx, "image", "image.create", {})
            raise LookupError

    with pytest.raises(LookupError):
        await failing()
    await delivery.run()
    assert receiver.messages == []


async def test_events_of_one_transaction_arrive_in_order(db, receiver, delivery):
    names = [f"image.{at}" for at in range(250)]
    await say(db, *names)
    await delivery.run()
    assert receiver.types == names


async def test_an_event_that_is_refused_is_tried_again_before_those_behind_it(db, clock, receiver, delivery):
    await say(db, "image.create", "image.delete")
    receiver.refuse = 1
    await delivery.run()
    await delivery.run()
    assert receiver.types == []
    await clock.advance(60)
    await delivery.run()
    assert receiver.types == ["image.create", "image.delete"]


async def test_two_processes_do_not_deliver_one_event_twice(db, receiver, delivery):
    await say(db, "image.create")
    async with db.tx() as tx:
        [event] = await outbox.oldest(tx, 1)
        assert await outbox.take(tx, event, "2099")
    await delivery.run()
    assert receiver.types == []


async def test_an_event_whose_deliverer_died_is_delivered_after_its_lease(db, clock, receiver, delivery):
    await say(db, "image.create")
    async with db.tx() as tx:
        [event] = await outbox.oldest(tx, 1)
        assert await outbox.take(tx, event, event.created_at[:17] + "59.999999")
    await clock.advance(LEASE)
    await delivery.run()
    assert receiver.types == ["image.create"]


async def test_an_event_is_given_up_in_the_end(db, clock, receiver, delivery):
    await say(db, "image.create")
    receiver.refuse = 1
    await clock.advance(KEPT + 1)
    await say(db, "image.delete")
    await delivery.run()
    assert receiver.types == ["image.delete"]
    assert await waiting(db) == []


async def test_a_receiver_that_is_not_there_loses_nothing(db, clock):
    async with receiving() as gone:
        pass
    await say(db, "image.create")
    await Delivery(db, Webhook(gone.url), "control-1").run()
    assert await waiting(db) == ["image.create"]


@pytest.mark.parametrize("url", ["ftp://a/", "nothing", "http://", "nats://", "nats://a/not a subject", "nats://a?sream=b"])
def test_an_address_that_cannot_be_posted_to_is_refused_at_once(url):
    with pytest.raises(ValueError, match="notification_url"):
        receiver_of(url)
