"""Volumes through HTTP: callers, and a cloud whose hosts and workflows move when a test says so."""

from __future__ import annotations

from typing import Any

import httpx

from cumulet.agent.fake import World
from cumulet.agent.fake.world import FakeGuest
from cumulet.app.reports import Reports
from cumulet.app.wire import inventory
from cumulet.contract.guests import DiskSpec, GuestSpec
from cumulet.kernel import workflow
from cumulet.kernel.ids import new_uuid
from cumulet.volume.model import DEFAULT_TYPE_ID, Volume

from .cloud import TestCloud

V3 = "/volume/v3"
LATEST = {"OpenStack-API-Version": "volume 3.67"}
SERVER = "5e7e7000-0000-4000-8000-000000000001"


def new_volume(project_id: str, host_id: str, now: str, **fields: Any) -> Volume:
    """A volume as it is stored once its file has been made."""
    volume_id = new_uuid()
    plain: dict[str, Any] = {
        "id": volume_id,
        "project_id": project_id,
        "user_id": "u",
        "name": None,
        "description": None,
        "size_gb": 1,
        "growing_to": None,
        "status": "available",
        "zone": "nova",
        "bootable": False,
        "readonly": None,
        "type_id": DEFAULT_TYPE_ID,
        "image_id": None,
        "snapshot_id": None,
        "source_id": None,
        "image_metadata": None,
        "metadata": {},
        "host_id": host_id,
        "path": f"/volumes/{volume_id}",
        "format": "qcow2",
        "fault": None,
        "created_at": now,
        "updated_at": None,
    }
    return Volume(**{**plain, **fields})


def at(version: str) -> dict[str, str]:
    """The header that asks for a version."""
    return {"OpenStack-API-Version": f"volume {version}"}


class Api:
    """One caller. Every method checks the status and returns what is inside the answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.project_id: str = client.project_id  # type: ignore[attr-defined]

    async def call(self, method: str, path: str, status: int, body: Any = None, **headers: str) -> Any:
        """Any request; a refusal's message if one was expected."""
        answer = await self.client.request(method, V3 + path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if status >= 400:
            return next(iter(answer.json().values()))["message"] if answer.content else ""
        return answer.json() if answer.content else None

    async def get(self, path: str, status: int = 200, **headers: str) -> Any:
        """GET."""
        return await self.call("GET", path, status, None, **headers)

    async def make(self, status: int = 202, **fields: Any) -> Any:
        """Ask for a volume."""
        found = await self.call("POST", "/volumes", status, {"volume": {"size": 1, **fields}})
        return found["volume"] if status < 400 else found

    async def show(self, volume: dict[str, Any], status: int = 200, **headers: str) -> Any:
        """Show a volume."""
        found = await self.get(f"/volumes/{volume['id']}", status, **headers)
        return found["volume"] if status < 400 else found

    async def act(self, volume: dict[str, Any], action: str, value: Any = None, status: int = 202) -> Any:
        """Do something to a volume."""
        return await self.call("POST", f"/volumes/{volume['id']}/action", status, {action: value})

    async def drop(self, volume: dict[str, Any], status: int = 202, query: str = "") -> Any:
        """Delete a volume."""
        return await self.call("DELETE", f"/volumes/{volume['id']}{query}", status)

    async def list(self, query: str = "", **headers: str) -> list[dict[str, Any]]:
        """List volumes."""
        found: list[dict[str, Any]] = (await self.get(f"/volumes/detail{query}", **headers))["volumes"]
        return found


class VolumeCloud:
    """A cloud with one fake host, `world`. `settle` lets every workflow go as far as it can now."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud, self.db, self.engine = cloud, cloud.db, cloud.cloud.engine
        self.clock: Any = cloud.db.clock
        self.world: World

    async def start(self) -> None:
        """Recognise the host. Nothing runs by itself."""
        inside = self.cloud.cloud
        await inside.bus.serve("cloud", Reports(self.db, inventory(inside.config)).receive)
        inside.agents = await inside.underlay.agents(inside.bus, self.db)
        for agent in inside.agents:
            await agent.start()
            await agent.welcomed()
        self.world = inside.underlay.worlds[0]  # type: ignore[attr-defined]

    async def settle(self) -> None:
        """Run workflows until none is due."""
        for _ in range(20):
            await self.engine.run_pending()
            async with self.db.read() as tx:
                left = await workflow.list_unfinished(tx)
            if not any(row.due_at <= self.clock.now() for row in left):
                return

    async def api(self, project: str = "demo", role: str = "member", **headers: str) -> Api:
        """Somebody of a project, who speaks the newest version unless a header says otherwise."""
        return Api(await self.cloud.client(project, role, **{**LATEST, **headers}))

    async def admin(self, **headers: str) -> Api:
        """The administrator."""
        return Api(await self.cloud.admin(**{**LATEST, **headers}))

    async def available(self, api: Api, **fields: Any) -> Any:
        """A volume that is ready."""
        volume = await api.make(**fields)
        await self.settle()
        return await api.show(volume)

    def run_guest(self, volume: dict[str, Any], server_id: str = SERVER) -> None:
        """A guest on the host that has the volume, as compute would have started it."""
        path = self.world.path(volume["id"], "volume")
        disk = DiskSpec(volume["id"], path, "qcow2", "vdb", volume["id"], volume_id=volume["id"])
        self.world.guests[server_id] = FakeGuest(GuestSpec(server_id, "web", 1, 512, [disk], []), "running")
