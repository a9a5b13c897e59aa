"""The image service by itself, in process: a fresh database, a byte store in a temporary folder, tokens that say who one is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from msgspec.structs import replace

from cumulet.identity.keys import KeyRing
from cumulet.image import api, policy
from cumulet.image.bytestores import Stores, open_stores
from cumulet.image.bytestores.cache import Cache
from cumulet.image.bytestores.settings import FileSettings, StoreSettings
from cumulet.image.model import Image
from cumulet.image.parts import Parts
from cumulet.image.protections import Protections
from cumulet.image.settings import Settings
from cumulet.image.signatures import Certificates
from cumulet.image.store import images as image_rows
from cumulet.kernel.clock import stamp
from cumulet.kernel.db import Page, Reader, Sqlite
from cumulet.kernel.errors import Unauthorized
from cumulet.kernel.http import Application, Request
from cumulet.kernel.policy import Actor, Policy
from cumulet.kernel.workflow import Engine

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


class OtherRegions:
    """A catalog of other regions' image services; `urls` by region."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}

    async def of(self, tx: Reader, project_id: str | None) -> list[dict[str, Any]]:
        """As identity's catalog."""
        endpoints = [{"region_id": name, "interface": "public", "url": url} for name, url in self.urls.items()]
        return [{"type": "image", "endpoints": endpoints}]


class ImageCloud:
    """The running service. `client` speaks for a project; `make` and `upload` are shortcuts."""

    def __init__(self, db: Sqlite, clock: FakeClock, stores: Stores, settings: Settings, protections: Protections) -> None:
        self.db, self.clock, self.stores = db, clock, stores
        self.store = stores.default
        self.folder = stores.default.store.root  # type: ignore[attr-defined]
        self.certificates = self.folder.parent.parent / "certificates"
        trusted = Certificates(self.certificates, clock)
        self.regions = OtherRegions()
        vault = KeyRing.load(self.folder.parent.parent / "keys")
        self._clients: list[httpx.AsyncClient] = []
        self._looks: dict[tuple[str, str, int], Image] = {}
        self._serve(Parts(db, stores, settings, protections, trusted, vault, self.regions))  # type: ignore[arg-type]

    def _serve(self, parts: Parts) -> None:
        self.parts, self.services = parts, SimpleNamespace(images=parts)
        self.engine = Engine(self.db, self.services, "a life", self.clock)
        rules = _policy(tuple(parts.protections.rules))
        self.app = Application([api.service(parts)], self.db, {"image": rules}, self._authenticate, "http://identity")

    def open_cache(self, folder: Path, limit: int) -> Cache:
        """From now on, for new clients, with a cache."""
        cache = Cache(folder, limit)
        self._serve(replace(self.parts, cache=cache))
        return cache

    async def _authenticate(self, token: str, request: Request) -> Actor:
        project, _, role = token.partition(":")
        if not role:
            raise Unauthorized("The token is not valid.")
        return actor(project, role)

    def client(self, project: str = "demo", role: str = "member") -> httpx.AsyncClient:
        """A client with a token."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://cloud/image",
            headers={"X-Auth-Token": f"{project}:{role}", "Accept": "application/json"},
            event_hooks={"response": [self.check_versions]},
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

    async def settle(self) -> None:
        """Run every workflow to its end."""
        await self.engine.run_pending()
        await self.check_versions()

    async def check_versions(self, *_: object) -> None:
        """Whatever happened to an image, if it looks different it has another version: lists keep what they wrote of one version.

        (On PostgreSQL images are not read at one moment, so there nothing is compared.)
        """
        if not self.db.alone:
            return
        counted = self.db.statements
        async with self.db.read() as tx:
            keys = await image_rows.keys(tx, Page(), None)
            for image in await image_rows.many(tx, [key.id for key in keys], None):
                version = (image.id, image.created_at, image.version)
                assert self._looks.setdefault(version, image) == image, "an image changed, and its version did not"
        self.db.statements = counted

    async def task(self, image_id: str) -> dict[str, Any]:
        """An image's latest task."""
        found: list[dict[str, Any]] = (await self.client().get(f"/v2/images/{image_id}/tasks")).json()["tasks"]
        return found[-1]

    def everything(self) -> list[str]:
        """The keys of all bytes in every store that holds some, the staging one included, and in quarantine."""
        return sorted(path.name for store in self.stores.all if not store.store.read_only for path in _files(store.store))

    async def close(self) -> None:
        """End."""
        for client in self._clients:
            await client.aclose()
        self.parts.close()


@cache
def _policy(more: tuple[str, ...]) -> Policy:
    """Compiled once: to compile it takes longer than to serve a few requests."""
    return Policy({**dict.fromkeys(more, "role:admin"), **policy.DEFAULTS})


def _files(store: Any) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


@asynccontextmanager
async def image_cloud(
    folder: Path, stores: dict[str, StoreSettings] | None = None, protections: Protections = Protections(), **settings: Any
) -> AsyncIterator[ImageCloud]:
    """A fresh one, by default with one store, of files; policy rules that protect properties are the administrators'."""
    clock = FakeClock()
    async with fresh_database(clock) as db:
        opened = open_stores(folder, stores or {"file": FileSettings(path=str(folder / "images"))})
        cloud = ImageCloud(db, clock, opened, Settings(**{"reserve": 0, **settings}), protections)
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
