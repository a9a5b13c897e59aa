"""Telling the world outside what happened: events, written in the transaction of what they tell, delivered later.

    await tell(tx, "image", "image.create", payload)

An event is a row of the outbox, so it is there if and only if the change was committed. The reconciler (`delivery.py`) delivers
each, in order and at least once, to the webhook or the NATS server that the operator configured; a receiver knows a repeated one by
its `message_id`. The envelope is oslo.messaging's, version 2.0. Without a receiver nothing is written.
"""

from .outbox import tell

__all__ = ["tell"]
