"""A NATS server that events are published to.

The subject is `<prefix>.<priority>.<event type>`, such as `notifications.info.image.create`, the prefix being the address's path.
An event counts as delivered once the server has answered a PING behind it: subscribers get it then if they are there. With
`?stream=NAME` it is the acknowledgement of that JetStream stream, which keeps it. The header `Nats-Msg-Id` is the event's
`message_id`, by which a stream drops repeated ones. https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

from .outbox import Event
from .receivers import NotDelivered

if TYPE_CHECKING:
    from nats.aio.client import Client

SCHEMES = ("nats", "tls")
PREFIX = "notifications"
TIMEOUT = 10.0
"""Seconds that the server has for each answer."""

_SUBJECT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class NatsServer:
    """`url` is `nats://[user:password@]host[:port][/prefix][?stream=NAME]`, or `tls://…`.

    Raises ValueError for any other, and without the extra `nats`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.strip("/") or PREFIX
        asked = parse_qs(parts.query)
        self._stream = asked.pop("stream", [""])[0]
        if parts.scheme not in SCHEMES or not parts.hostname or not _SUBJECT.fullmatch(self._prefix) or asked:
            raise ValueError("notification_url: nats://[user:password@]host[:port][/prefix][?stream=NAME] is needed")
        if importlib.util.find_spec("nats") is None:
            raise ValueError("notification_url: NATS needs an extra: pip install 'cumulet[nats]'")
        self._server = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        self._client: Client | None = None
        self._complaints: list[Exception] = []

    async def post(self, event: Event, body: bytes) -> None:
        """Publish an event."""
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._publish(f"{self._prefix}.{event.priority.lower()}.{event.event_type}", body, event.id)
        except Exception as problem:  # the client raises errors of its own, of the system, and of the protocol's parser
            await self.close()
            raise NotDelivered(f"NATS: {type(problem).__name__}: {str(problem) or 'no answer'}") from None

    async def _publish(self, subject: str, body: bytes, identity: str) -> None:
        client = self._client or await self._connect()
        headers = {"Nats-Msg-Id": identity}
        if self._stream:
            await client.jetstream(timeout=TIMEOUT).publish(subject, body, stream=self._stream, headers=headers)
        else:
            await client.publish(subject, body, headers=headers)
            await client.flush()
            if self._complaints:  # not allowed to publish there, above all: said before the PING is answered
                raise self._complaints[-1]

    async def _connect(self) -> Client:
        import nats

        async def hear(problem: Exception) -> None:
            self._complaints.append(problem)

        self._complaints.clear()
        self._client = await nats.connect(self._server, name="cumulet", allow_reconnect=False, error_cb=hear)
        return self._client

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
