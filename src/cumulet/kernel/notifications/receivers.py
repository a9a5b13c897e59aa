"""Who events are delivered to, by the address that the operator configured."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from .outbox import Event


class NotDelivered(Exception):
    """The receiver did not take an event; the message says why."""


class Receiver(Protocol):
    """Takes one event at a time."""

    async def post(self, event: Event, body: bytes) -> None:
        """Deliver an event, whose envelope is `body`; connect first, if need be. Raises NotDelivered."""

    async def close(self) -> None:
        """There is nothing to deliver for now."""


def receiver(url: str) -> Receiver:
    """A webhook for `http` and `https`, a NATS server for `nats` and `tls`. Raises ValueError for what is neither."""
    from .nats_server import SCHEMES, NatsServer
    from .webhook import Webhook

    return NatsServer(url) if urlsplit(url).scheme in SCHEMES else Webhook(url)
