"""A NATS server of a test's own, on a free port, and what was published to it."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats

from .real_cloud import until
from .tiny_guest import free_port

PROGRAM = "/usr/sbin/nats-server"
ACCOUNTS = """
authorization { users = [
  { user: teller, password: secret, permissions: { publish: ["notifications.>", "$JS.>"], subscribe: "_INBOX.>" } }
  { user: listener, password: secret }
] }
"""


class NatsBroker:
    """The server; `url` is that of somebody who may publish notifications. `heard` are subjects, headers and envelopes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port(socket.SOCK_STREAM)
        self.url = f"nats://teller:secret@127.0.0.1:{self.port}"
        self.heard: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it on the same port as before, and wait until it answers."""
        config = self.folder / "nats.conf"
        config.write_text(f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{self.folder}" }}\n{ACCOUNTS}')
        with (self.folder / "nats.log").open("wb") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", str(config)], stdout=log, stderr=log)  # noqa: ASYNC220

        async def answers() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return False
            writer.close()
            return True

        await until(answers, "the NATS server answers", 20)

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def client(self) -> nats.NATS:
        """A client that may do everything."""
        return await nats.connect(f"nats://listener:secret@127.0.0.1:{self.port}", reconnect_time_wait=0.1)

    @asynccontextmanager
    async def listening(self, subject: str = ">") -> AsyncIterator[None]:
        """Hear what is published, also after a restart of the server."""

        async def hear(message: Any) -> None:
            self.heard.append((message.subject, message.headers, json.loads(message.data)))

        client = await self.client()
        await client.subscribe(subject, cb=hear)
        await client.flush()
        try:
            yield
        finally:
            await client.close()

    @property
    def types(self) -> list[str]:
        """The types of the events that were heard, in order."""
        return [json.loads(envelope["oslo.message"])["event_type"] for _, _, envelope in self.heard]

    async def hears(self, *types: str) -> None:
        """Wait until exactly these events were heard since the last call, in this order."""

        async def enough() -> bool:
            return len(self.heard) >= len(types)

        await until(enough, f"{types}; heard was {self.types}", 30)
        assert self.types == [*types]


@asynccontextmanager
async def nats_broker(folder: Path) -> AsyncIterator[NatsBroker]:
    """A running one."""
    broker = NatsBroker(folder)
    await broker.start()
    try:
        yield broker
    finally:
        broker.kill()
