"""One cloud in one process: what is made in which order, what runs beside the requests, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..identity.operations import bootstrap
from ..identity.operations.tokens import Tokens, hash_password
from ..identity.tokens import KeyRing
from ..kernel import ids
from ..kernel.clock import Clock, SystemClock
from ..kernel.db import Database, Sqlite, metadata
from ..kernel.http import Application
from . import wire
from .config import Config

OnStep = Callable[[str], None]


def _quiet(step: str) -> None:
    """Nobody listens."""


class Cloud:
    """Open it, start it, close it. `application` is the ASGI callable; it answers as soon as the cloud is open."""

    def __init__(self, config: Config, db: Database, tokens: Tokens) -> None:
        self.config = config
        self.db = db
        self.tokens = tokens
        self.application: Application = wire.application(config, db, tokens)

    @classmethod
    async def open(cls, config: Config, on_step: OnStep = _quiet, clock: Clock | None = None, durable: bool = True) -> Cloud:
        """Everything that requests need: database, keys, catalog. Raises ValueError naming a file that cannot be used."""
        config.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        on_step("database")
        db = Sqlite(config.state / "cumulet.db", clock or SystemClock(), durable)
        await db.create(metadata)
        tokens = Tokens(db, KeyRing.load(config.state / "token-keys"))
        on_step("identity")
        await _bootstrap(config, db, tokens)
        return cls(config, db, tokens)

    async def start(self) -> None:
        """Begin what runs beside the requests: workflows, agents, reconcilers."""

    async def close(self) -> None:
        """Stop it all. Guests and daemons go on."""
        await self.db.close()


async def _bootstrap(config: Config, db: Database, tokens: Tokens) -> None:
    passwords = {name: read_or_make_secret(config.state / f"{name}-password") for name in ("admin", "demo")}
    hashes = {name: await hash_password(tokens, password) or "" for name, password in passwords.items()}
    async with db.tx() as tx:
        await bootstrap.bootstrap(tx, bootstrap.Wanted(config.region, wire.endpoints(config), hashes["admin"], hashes["demo"]))


def read_or_make_secret(path: Path) -> str:
    """The text in a file that only its owner may read; drawn at random if there is no such file."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(ids.secret_text())
    return path.read_text().strip()
