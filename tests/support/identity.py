"""Making and using what identity keeps, over HTTP."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from cumulet.kernel.db import Sqlite

from .cloud import TestCloud

T = TypeVar("T")
V3 = "/identity/v3"
SINGULAR = {
    "policies": "policy",
    "services": "service",
    "OS-TRUST/trusts": "trust",
    "OS-EP-FILTER/endpoint_groups": "endpoint_group",
}
_numbers = itertools.count(1)


def singular(collection: str) -> str:
    """The key under which one of a collection travels."""
    return SINGULAR.get(collection) or collection.rpartition("/")[2].removesuffix("s")


def unique(word: str) -> str:
    """A name that nothing has yet."""
    return f"{word}{next(_numbers)}"


async def make(client: httpx.AsyncClient, collection: str, **fields: Any) -> dict[str, Any]:
    """Create one of `collection`, with a name of its own unless one is given."""
    key = singular(collection)
    if key in ("user", "group", "project", "domain", "role", "endpoint_group", "application_credential"):
        fields.setdefault("name", unique(key))
    answer = await client.post(f"{V3}/{collection}", json={key: fields})
    assert answer.status_code == 201, answer.text
    return answer.json()[key]


async def listed(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """A collection."""
    answer = await client.get(f"{V3}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()[path.rpartition("/")[2]]


async def names(client: httpx.AsyncClient, path: str, **params: Any) -> set[str]:
    """The names in a collection."""
    return {entry["name"] for entry in await listed(client, path, **params)}


async def role_id(client: httpx.AsyncClient, name: str) -> str:
    """The id of a global role."""
    return (await listed(client, "roles", name=name))[0]["id"]


async def grant(client: httpx.AsyncClient, path: str, role: str) -> None:
    """Give a role by its name: `path` is `projects/…/users/…`."""
    answer = await client.put(f"{V3}/{path}/roles/{await role_id(client, role)}")
    assert answer.status_code == 204, answer.text


def password_body(user: str, password: str, scope: Any = None) -> dict[str, Any]:
    """The body of a request for a token; `user` is an id."""
    identity = {"methods": ["password"], "password": {"user": {"id": user, "password": password}}}
    return {"auth": {"identity": identity, **({"scope": scope} if scope is not None else {})}}


async def log_in(cloud: TestCloud, body: dict[str, Any]) -> httpx.Response:
    """Ask for a token."""
    return await cloud.anonymous().post(f"{V3}/auth/tokens", json=body)


async def token_client(cloud: TestCloud, body: dict[str, Any]) -> httpx.AsyncClient:
    """A client with a token that was asked for by HTTP."""
    answer = await log_in(cloud, body)
    assert answer.status_code == 201, answer.text
    return cloud.anonymous(**{"X-Auth-Token": answer.headers["X-Subject-Token"]})


class Person:
    """A user with a password."""

    def __init__(self, cloud: TestCloud, user: dict[str, Any], password: str) -> None:
        self.cloud, self.id, self.name, self.password = cloud, user["id"], user["name"], password

    async def client(self, scope: Any = None) -> httpx.AsyncClient:
        """Logged in with a scope, or as Keystone chooses."""
        return await token_client(self.cloud, password_body(self.id, self.password, scope))

    async def in_project(self, project_id: str) -> httpx.AsyncClient:
        """Logged in to a project."""
        return await self.client({"project": {"id": project_id}})

    async def in_domain(self, domain_id: str) -> httpx.AsyncClient:
        """Logged in to a domain."""
        return await self.client({"domain": {"id": domain_id}})

    async def token(self, scope: Any = None) -> httpx.Response:
        """The answer to a request for a token."""
        return await log_in(self.cloud, password_body(self.id, self.password, scope))


async def person(cloud: TestCloud, **fields: Any) -> Person:
    """A new user."""
    password = fields.pop("password", "a secret that is long")
    return Person(cloud, await make(await cloud.admin(), "users", password=password, **fields), password)


def rows_of(cloud: TestCloud) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the database has it, sorted."""
    if isinstance(cloud.db, Sqlite):
        reader = cloud.db._reader
        tables = [row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: list(map(tuple, reader.execute(f"SELECT * FROM {table}"))) for table in tables}
    else:
        found = _elsewhere(_postgres_rows(cloud.db.dsn))
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


def written(cloud: TestCloud) -> int:
    """A number that differs once something was written."""
    if isinstance(cloud.db, Sqlite):
        return cloud.db._writer.total_changes
    return _elsewhere(_postgres_written(cloud.db.dsn))


def _elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end while the test's own loop stands still."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _postgres_rows(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        tables = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {table: [tuple(row) for row in await connection.fetch(f'SELECT * FROM "{table}"')] for table in tables}
    finally:
        await connection.close()


async def _postgres_written(dsn: str) -> int:
    """The next transaction's number: only those that write are given one."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))
    finally:
        await connection.close()


class Rows:
    """Every row of every table but the audit log's, as they were when somebody last looked."""

    def __init__(self, cloud: TestCloud) -> None:
        self._cloud = cloud
        self._look()

    def _look(self) -> None:
        self._written = written(self._cloud)
        self._known = rows_of(self._cloud)
        del self._known["audit_events"]

    def changed(self) -> bool:
        """Whether any row is not what it was at the last look, which this is. Without a writing statement since then, none is."""
        if written(self._cloud) == self._written:
            return False
        before = self._known
        self._look()
        return self._known != before
