"""The image service by itself, in process: a fresh database, a byte store in a temporary folder, tokens that say who one is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from cumulet.image import api, policy
from cumulet.image.bytes import ByteStore
from cumulet.image.model import Image
from cumulet.image.parts import Parts, Settings
from cumulet.image.protections import Protections
from cumulet.image.signatures import Certificates
from cumulet.kernel.clock import stamp
from cumulet.kernel.db import Sqlite
from cumulet.kernel.errors import Unauthorized
from cumulet.kernel.http import Application, Request
from cumulet.kernel.policy import Actor, Policy

from .clock import FakeClock
from .database import fresh_database

IMPLIED = {"admin": ("member", "reader"), "member": ("reader",)}
QCOW2_SIZE = 5 << 20
NOW = stamp(1_800_000_000)


def actor(project: str, role: str = "member") -> Actor:
    """Somebody with a role, and the roles which that implies, on a project."""
    roles = frozenset((role, *IMPLIED.get(role, ())))
    return Actor(user_id=f"user-of-{project}", project_id=project, roles=roles, is_admin=role == "admin")


def image(image_id: str, **fields: Any) -> Image:
    """A record, queued and of project p unless `fields` say otherwise."""
    known = {"name": None, "status": "queued", "visibility": "shared", "owner": "p", "min_disk": 0, "min_ram": 0}
    formats = {"disk_format": "raw", "container_format": "bare", "protected": False, "os_hidden": False}
    return Image(**{"id": image_id, **known, **formats, "created_at": NOW, "updated_at": NOW, **fields})


class ImageCloud:
    """The running service. `client` speaks for a project; `make` and `upload` are shortcuts."""

    def __init__(
        self, db: Sqlite, clock: FakeClock, folder: Path, settings: Settings, protections: Protections = Protections()
    ) -> None:
        self.db, self.clock, self.folder = db, clock, folder
        self.store = ByteStore(folder)
        self.certificates = folder.parent / "certificates"
        self.parts = Parts(db, self.store, settings, protections, Certificates(self.certificates, clock))
        rules = Policy({**dict.fromkeys(protections.rules, "role:admin"), **policy.DEFAULTS})
        self.app = Application([api.service(self.parts)], db, {"image": rules}, self._authenticate, "http://identity")
        self._clients: list[httpx.AsyncClient] = []

    async def _authenticate(self, token: str, request: Request) -> Actor:
        project, _, role = token.partition(":")
        if not role:
            raise Unauthorized("The token is not valid.")
        return actor(project, role)

    def client(self, project: str = "demo", role: str = "member") -> httpx.AsyncClient:
        """A client with a token."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://cloud/image", headers={"X-Auth-Token": f"{project}:{role}"}
        )
        self._clients.append(client)
        return client

    async def make(self, client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
        """A queued image."""
        answer = await client.post("/v2/images", json={"disk_format": "raw", "container_format": "bare", **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def upload(self, client: httpx.AsyncClient, image_id: str, content: Any, **headers: str) -> httpx.Response:
        """PUT of an image's data."""
        return await client.put(
            f"/v2/images/{image_id}/file", content=content, headers={"Content-Type": "application/octet-stream", **headers}
        )

    async def active(self, client: httpx.AsyncClient, content: bytes = b"some bytes", **fields: Any) -> dict[str, Any]:
        """An active image."""
        made = await self.make(client, **fields)
        answer = await self.upload(client, made["id"], content)
        assert answer.status_code == 204, answer.text
        shown: dict[str, Any] = (await client.get(f"/v2/images/{made['id']}")).json()
        return shown

    def files(self) -> dict[str, list[str]]:
        """Every file in the byte store, by folder."""
        return {folder: sorted(p.name for p in (self.folder / folder).iterdir()) for folder in ("incoming", "images", "quarantine")}

    async def close(self) -> None:
        """End."""
        for client in self._clients:
            await client.aclose()
        self.store.close()


@asynccontextmanager
async def image_cloud(folder: Path, protections: Protections = Protections(), **settings: Any) -> AsyncIterator[ImageCloud]:
    """A fresh one; policy rules that protect properties are the administrators'."""
    clock = FakeClock()
    async with fresh_database(clock) as db:
        cloud = ImageCloud(db, clock, folder, Settings(**{"reserve": 0, **settings}), protections)
        try:
            yield cloud
        finally:
            await cloud.close()


def qcow2(
    size: int = QCOW2_SIZE, *, version: int = 3, backing: bool = False, incompatible: int = 0, cluster_bits: int = 16
) -> bytes:
    """The beginning of a qcow2 image, padded to a cluster."""
    name = b"/etc/passwd" if backing else b""
    head = b"QFI\xfb" + version.to_bytes(4, "big")
    head += (512 if backing else 0).to_bytes(8, "big") + len(name).to_bytes(4, "big")
    head += cluster_bits.to_bytes(4, "big") + size.to_bytes(8, "big")
    head = head.ljust(72, b"\0") + incompatible.to_bytes(8, "big")
    return (head.ljust(512, b"\0") + name).ljust(65536, b"\0")
