"""A whole cloud in the test's process: real code from HTTP to a real SQLite file, with fake hosts."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
import httpx

from cumulet.app.cloud import Cloud
from cumulet.app.config import Config, load
from cumulet.app.state.opening import database
from cumulet.identity.model import DEFAULT_DOMAIN, Assignment, Scope, User
from cumulet.identity.operations import projects
from cumulet.identity.operations.resources import users
from cumulet.identity.operations.roles import assignments
from cumulet.identity.passwords import Passwords
from cumulet.identity.store import roles as role_store
from cumulet.identity.store import users as user_store
from cumulet.kernel.clock import Clock
from cumulet.kernel.db import Sqlite, metadata
from cumulet.kernel.db.postgres import Postgres

from .database import DSN, MEMORY, reused_sqlite
from .postgres import cloud_postgres

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For passwords that need not withstand anybody: a strong hash takes longer than most tests."""


JSON = {"Accept": "application/json"}


class TestCloud:
    """A cloud, and clients of it with any role in any project."""

    __test__ = False

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.db = cloud.db
        cloud.tokens.passwords = Passwords(cloud.db.clock, QUICK)
        self._clients: list[httpx.AsyncClient] = []

    def anonymous(self, **headers: str) -> httpx.AsyncClient:
        """A client without a token."""
        transport = httpx.ASGITransport(app=self.cloud.application)
        client = httpx.AsyncClient(
            transport=transport, base_url="http://cloud.test", headers={"Accept": "application/json", **headers}
        )
        self._clients.append(client)
        return client

    async def client(
        self, project: str = "demo", role: str = "member", user: str | None = None, **headers: str
    ) -> httpx.AsyncClient:
        """A client whose user holds `role` in `project`; both are made if need be.

        `client.project_id` and `client.user_id` are set.
        """
        async with self.db.tx() as tx:
            project_id = await _project(tx, project)
            who = await _user(tx, user or f"{project}-{role}")
            role_id = next(r.id for r in (await role_store.all_roles(tx)).values() if r.name == role)
            await assignments.grant(tx, Assignment("user", who.id, "project", project_id, role_id, False))
        async with self.db.read() as tx:
            issued = await self.cloud.tokens.issue(tx, who, ("password",), Scope("project", project_id))
        made = self.anonymous(**{"X-Auth-Token": issued.token, **headers})
        made.project_id, made.user_id = project_id, who.id  # type: ignore[attr-defined]
        return made

    async def admin(self, **headers: str) -> httpx.AsyncClient:
        """The administrator, in project admin."""
        return await self.client("admin", "admin", "admin", **headers)

    async def close(self) -> None:
        """End it."""
        for client in self._clients:
            await client.aclose()
        await self.cloud.close()


async def _project(tx, name: str) -> str:
    from cumulet.identity.store import projects as store

    found = await store.find_by_name(tx, name, DEFAULT_DOMAIN)
    if found is None:
        fields = {"name": name, "description": "", "enabled": True, "tags": [], "options": {}, "extra": {}}
        found = await projects.create(tx, fields)
    return found.id


async def _user(tx, name: str) -> User:
    found = await user_store.find_by_name(tx, name, DEFAULT_DOMAIN)
    if found is None:
        fields = {"name": name, "domain_id": DEFAULT_DOMAIN, "enabled": True, "default_project_id": None}
        found = await users.create(tx, {**fields, "description": "", "password_hash": None, "options": {}, "extra": {}})
    return found


_made: list[tuple[Path, bytes]] = []


async def _new_cloud() -> tuple[Path, bytes]:
    """The state and the database of a cloud that was just made. Made once a process: making one takes longer than most tests."""
    if not _made:
        folder = Path(tempfile.mkdtemp(prefix="cumulet-new-", dir=MEMORY))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = folder / "cumulet.db"
        await (await Cloud.open(Config(state=folder, fake=True), db=Sqlite(path, durable=False))).close()
        _made.append((folder, path.read_bytes()))
        path.unlink()
    return _made[0]


@asynccontextmanager
async def running_cloud(folder: Path, clock: Clock, dsn: str | None = None, **options: Any) -> AsyncIterator[TestCloud]:
    """A cloud with its state in the empty `folder`, its rows in the PostgreSQL database `dsn`, and `options` of the configuration.

    An empty `dsn` is SQLite, None what was chosen for the whole run.
    """
    dsn = os.environ.get(DSN, "") if dsn is None else dsn
    config = load(None, {}, state=folder, fake=True, database=dsn, **options)
    if dsn:
        await cloud_postgres(dsn)
        async with _open(config, database(config, clock)) as made:
            yield made
    else:
        state, rows = await _new_cloud()
        shutil.copytree(state, folder, dirs_exist_ok=True)
        async with reused_sqlite(clock, rows, metadata) as db, _open(config, db) as made_too:
            yield made_too


@asynccontextmanager
async def stored_cloud(folder: Path, clock: Clock) -> AsyncIterator[TestCloud]:
    """A cloud with everything in `folder`, its SQLite database, too: for whoever opens that as well. A new one if it is empty."""
    if not os.listdir(folder):
        state, rows = await _new_cloud()
        shutil.copytree(state, folder, dirs_exist_ok=True)
        (folder / "cumulet.db").write_bytes(rows)
    async with _open(Config(state=folder, fake=True), Sqlite(folder / "cumulet.db", clock, durable=False)) as made:
        yield made


@asynccontextmanager
async def _open(config: Config, db: Sqlite | Postgres) -> AsyncIterator[TestCloud]:
    cloud = TestCloud(await Cloud.open(config, db=db))
    try:
        yield cloud
    finally:
        await cloud.close()
