"""A whole cloud with what servers are made of, for tests that ask several services at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Any

import httpx

from .cloud import TestCloud

COMPUTE, NETWORK, VOLUME, IDENTITY, IMAGE, PLACEMENT = (
    "/compute/v2.1",
    "/network/v2.0",
    "/volume/v3",
    "/identity/v3",
    "/image/v2",
    "/placement",
)
LATEST = {"OpenStack-API-Version": "compute latest"}


class Site:
    """Two callers, `demo` and `admin`, a flavor and an image."""

    def __init__(self, cloud: TestCloud, demo: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
        self.cloud, self.demo, self.admin = cloud, demo, admin
        self.project_id: str = demo.project_id  # type: ignore[attr-defined]
        self.user_id: str = demo.user_id  # type: ignore[attr-defined]
        self.flavor = self.image = ""

    async def furnish(self) -> None:
        """Make the flavor (1 CPU, 64 MiB, 1 GiB) and upload the image."""
        flavor = {"name": "small", "vcpus": 1, "ram": 64, "disk": 1}
        self.flavor = (await made(self.admin.post(f"{COMPUTE}/flavors", json={"flavor": flavor})))["flavor"]["id"]
        image = {"name": "tiny", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        self.image = (await made(self.admin.post(f"{IMAGE}/images", json=image)))["id"]
        octets = {"Content-Type": "application/octet-stream"}
        await made(self.admin.put(f"{IMAGE}/images/{self.image}/file", content=bytes(4096), headers=octets))

    def server(self, client: httpx.AsyncClient | None = None, hints: dict[str, Any] | None = None, **fields: Any) -> Any:
        """A request for a server without networks."""
        server = {"name": "web", "imageRef": self.image, "flavorRef": self.flavor, "networks": "none", **fields}
        body = {"server": server, **({"os:scheduler_hints": hints} if hints else {})}
        return (client or self.demo).post(f"{COMPUTE}/servers", json=body, headers=LATEST)

    async def network(self, cidr: str = "10.0.0.0/24") -> str:
        """A network of demo's, with a subnet."""
        network = (await made(self.demo.post(f"{NETWORK}/networks", json={"network": {"name": "private"}})))["network"]["id"]
        subnet = {"network_id": network, "cidr": cidr, "ip_version": 4}
        await made(self.demo.post(f"{NETWORK}/subnets", json={"subnet": subnet}))
        return str(network)

    async def limit(self, service: str, **limits: int) -> None:
        """Set limits of demo's."""
        paths = {
            "compute": (f"{COMPUTE}/os-quota-sets/{self.project_id}", "quota_set"),
            "volume": (f"{VOLUME}/os-quota-sets/{self.project_id}", "quota_set"),
            "network": (f"{NETWORK}/quotas/{self.project_id}", "quota"),
        }
        path, key = paths[service]
        await made(self.admin.put(path, json={key: limits}))


async def site(cloud: TestCloud) -> Site:
    """A furnished one."""
    found = Site(cloud, await cloud.client("demo"), await cloud.admin())
    await found.furnish()
    return found


async def made(asked: Awaitable[httpx.Response]) -> Any:
    """What is inside an answer that must be good."""
    answer = await asked
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def at_once(asked: Iterable[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """The answers to requests that are all under way together."""
    return await asyncio.gather(*asked)


def statuses(answers: Iterable[httpx.Response]) -> dict[int, int]:
    """How many answers had which status."""
    return dict(Counter(answer.status_code for answer in answers))
