"""The placement service by itself, in process: a fresh database, and tokens that say who one is; providers made through its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from cumulet.kernel.db import Sqlite
from cumulet.kernel.errors import Unauthorized
from cumulet.kernel.http import Application, Request
from cumulet.kernel.ids import new_uuid
from cumulet.kernel.policy import Actor, Policy
from cumulet.placement import api, policy

from .clock import FakeClock
from .database import fresh_database

IMPLIED = {"admin": ("member", "reader"), "member": ("reader",)}


class PlacementCloud:
    """The running service. `client` speaks for a project, `admin` for the administrator."""

    def __init__(self, db: Sqlite) -> None:
        self.db = db
        rules = {"placement": Policy(policy.DEFAULTS)}
        self._app = Application([api.service()], db, rules, self._authenticate, "http://identity")
        self._clients: list[httpx.AsyncClient] = []

    async def _authenticate(self, token: str, request: Request) -> Actor:
        project, _, role = token.partition(":")
        if not role:
            raise Unauthorized("The token is not valid.")
        roles = frozenset((role, *IMPLIED.get(role, ())))
        scope = {"system": True} if project == "system" else {"project_id": project}
        return Actor(user_id=f"user-of-{project}", roles=roles, is_admin=role == "admin", **scope)

    def client(self, project: str = "demo", role: str = "member") -> Placement:
        """Somebody with a role, and the roles which that implies, on a project; or on the whole `system`."""
        return Placement(self._http({"X-Auth-Token": f"{project}:{role}"}))

    def admin(self) -> Placement:
        """The administrator."""
        return self.client("admin", "admin")

    def anonymous(self) -> Placement:
        """Somebody without a token."""
        return Placement(self._http({}))

    def _http(self, headers: dict[str, str]) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://cloud/placement", headers=headers)
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """End."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def placement_cloud() -> AsyncIterator[PlacementCloud]:
    """A fresh one."""
    async with fresh_database(FakeClock()) as db:
        cloud = PlacementCloud(db)
        try:
            yield cloud
        finally:
            await cloud.close()


class Placement:
    """Placement through HTTP, at a microversion."""

    def __init__(self, client: httpx.AsyncClient, version: str = "1.39") -> None:
        self.client, self.version = client, version

    def at(self, version: str) -> Placement:
        """The same client, speaking another microversion."""
        return Placement(self.client, version)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request; `path` is below `/placement`."""
        asked = {"OpenStack-API-Version": f"placement {self.version}", **headers}
        return await self.client.request(method, path, json=body, headers=asked)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, **headers)

    async def put(self, path: str, body: Any = None) -> httpx.Response:
        """PUT."""
        return await self.call("PUT", path, body)

    async def post(self, path: str, body: Any) -> httpx.Response:
        """POST."""
        return await self.call("POST", path, body)

    async def delete(self, path: str) -> httpx.Response:
        """DELETE."""
        return await self.call("DELETE", path)

    async def generation(self, provider_id: str) -> int:
        """A provider's generation."""
        return int((await self.get(f"/resource_providers/{provider_id}")).json()["generation"])

    async def provider(self, name: str, stock: dict[str, Any] | None = None, parent: str | None = None) -> str:
        """Make a provider with inventory (class to total, or to a whole record) and return its id."""
        body = {"name": name, "uuid": new_uuid(), "parent_provider_uuid": parent}
        made = await Placement(self.client).post("/resource_providers", body)
        assert made.status_code == 200, made.text
        if stock:
            await self.stock(body["uuid"], stock)
        return str(body["uuid"])

    async def stock(self, provider_id: str, stock: dict[str, Any]) -> None:
        """Set a provider's whole inventory."""
        records = {name: {"total": record} if isinstance(record, int) else record for name, record in stock.items()}
        body = {"inventories": records, "resource_provider_generation": await self.generation(provider_id)}
        answer = await self.put(f"/resource_providers/{provider_id}/inventories", body)
        assert answer.status_code == 200, answer.text

    async def mark(self, provider_id: str, traits: list[str] | None = None, aggregates: list[str] | None = None) -> None:
        """Set a provider's traits (custom ones are made) and its aggregates."""
        for name in traits or []:
            if name.startswith("CUSTOM_"):
                await self.put(f"/traits/{name}")
        for noun, marks in (("traits", traits), ("aggregates", aggregates)):
            if marks is not None:
                body = {noun: marks, "resource_provider_generation": await self.generation(provider_id)}
                answer = await self.put(f"/resource_providers/{provider_id}/{noun}", body)
                assert answer.status_code == 200, answer.text

    async def allocate(self, consumer_id: str, shares: dict[str, dict[str, int]], **changes: Any) -> httpx.Response:
        """Set what a consumer holds: provider id to amounts by class."""
        plain = {"project_id": "p1", "user_id": "u1", "consumer_generation": None, "consumer_type": "INSTANCE"}
        body = {**plain, "allocations": {at: {"resources": amounts} for at, amounts in shares.items()}, **changes}
        return await self.put(f"/allocations/{consumer_id}", body)


def refusal(answer: httpx.Response) -> dict[str, Any]:
    """The one error of an answer; checks its envelope."""
    [error] = answer.json()["errors"]
    assert error["status"] == answer.status_code
    assert error["request_id"] == answer.headers["x-openstack-request-id"]
    return dict(error)
