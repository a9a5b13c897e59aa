"""A webhook: an address that events are posted to, one a request."""

from __future__ import annotations

import asyncio
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from .outbox import Event
from .receivers import NotDelivered

TIMEOUT = 10.0
"""Seconds that a receiver has for its answer."""


class Webhook:
    """`url` is http or https. Raises ValueError for any other."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"notification_url: {url!r} is not an address of a webhook (http, https) or a NATS server (nats, tls)")
        self._parts = parts

    async def post(self, event: Event, body: bytes) -> None:
        """Deliver one event. Raises NotDelivered saying why."""
        await asyncio.to_thread(self._post, body)

    async def close(self) -> None:
        """Nothing: each event has a connection of its own."""

    def _post(self, body: bytes) -> None:
        connection = self._connection()
        try:
            path = f"{self._parts.path or '/'}{f'?{self._parts.query}' if self._parts.query else ''}"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read(1 << 16)
        except (OSError, HTTPException) as problem:
            raise NotDelivered(f"{type(problem).__name__}: {problem}") from None
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise NotDelivered(f"the receiver answered {answer.status}")

    def _connection(self) -> HTTPConnection:
        host = self._parts.hostname or ""
        if self._parts.scheme == "https":
            return HTTPSConnection(host, self._parts.port, timeout=TIMEOUT, context=ssl.create_default_context())
        return HTTPConnection(host, self._parts.port, timeout=TIMEOUT)
