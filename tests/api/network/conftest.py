"""Clients of the network API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.cloud import TestCloud

V2 = "/network/v2.0"


class Api:
    """One caller. Every method returns the object inside the answer, after checking the status."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.project_id: str = client.project_id  # type: ignore[attr-defined]

    async def make(self, noun: str, status: int = 201, **fields: Any) -> dict[str, Any]:
        """Create one."""
        return await self.call("POST", path_of(noun), status, {noun: fields}, noun)

    async def show(self, noun: str, object_id: str, status: int = 200, query: str = "") -> dict[str, Any]:
        """Show one."""
        return await self.call("GET", f"{path_of(noun)}/{object_id}{query}", status, None, noun)

    async def change(self, noun: str, object_id: str, status: int = 200, **fields: Any) -> dict[str, Any]:
        """Change one."""
        return await self.call("PUT", f"{path_of(noun)}/{object_id}", status, {noun: fields}, noun)

    async def drop(self, noun: str, object_id: str, status: int = 204) -> dict[str, Any]:
        """Delete one."""
        return await self.call("DELETE", f"{path_of(noun)}/{object_id}", status, None, "")

    async def list(self, noun: str, query: str = "") -> list[dict[str, Any]]:
        """List some."""
        found: Any = await self.call("GET", f"{path_of(noun)}{query}", 200, None, noun + "s")
        return found

    async def put(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> dict[str, Any]:
        """PUT, as actions of routers are."""
        return await self.call("PUT", path, status, body, "")

    async def call(self, method: str, path: str, status: int, body: Any, key: str) -> dict[str, Any]:
        """Any request; a refusal's inner error if one was expected."""
        answer = await self.client.request(method, V2 + path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if status >= 400:
            return answer.json()["NeutronError"]
        found = answer.json() if answer.content else {}
        return found[key] if key else found


def path_of(noun: str) -> str:
    """Where a noun lives."""
    return "/" + noun.replace("_", "-") + "s"


@pytest.fixture
async def demo(cloud: TestCloud) -> Api:
    """A member of project demo."""
    return Api(await cloud.client("demo"))


@pytest.fixture
async def other(cloud: TestCloud) -> Api:
    """A member of another project."""
    return Api(await cloud.client("other"))


@pytest.fixture
async def admin(cloud: TestCloud) -> Api:
    """The administrator."""
    return Api(await cloud.admin())


@pytest.fixture
async def wired(demo: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network of demo's with a subnet."""
    network = await demo.make("network", name="private")
    subnet = await demo.make("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    return network, subnet


@pytest.fixture
async def outside(admin: Api) -> dict[str, Any]:
    """An external network with a subnet."""
    network = await admin.make("network", name="public", **{"router:external": True})
    await admin.make("subnet", network_id=network["id"], cidr="172.24.4.0/24", ip_version=4, enable_dhcp=False)
    return network
