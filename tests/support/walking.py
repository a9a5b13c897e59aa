"""Users who do whatever comes to mind, in a cloud where processes die, hosts refuse and guests crash.

Everything is drawn from one seed. What a user asks may be refused, but never be an error of the cloud's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx

from cumulet.contract import commands
from cumulet.kernel import workflow
from cumulet.kernel.workflow import Crash, Engine

from .clock import settle
from .cloud import TestCloud
from .site import COMPUTE, IMAGE, NETWORK, VOLUME, made
from .volumes import VolumeCloud

HEADERS = {COMPUTE: {"OpenStack-API-Version": "compute latest"}, VOLUME: {"OpenStack-API-Version": "volume 3.67"}}
KINDS: dict[str, tuple[str, str]] = {
    "server": (COMPUTE, "servers"),
    "volume": (VOLUME, "volumes"),
    "snapshot": (VOLUME, "snapshots"),
    "network": (NETWORK, "networks"),
    "port": (NETWORK, "ports"),
    "router": (NETWORK, "routers"),
    "floatingip": (NETWORK, "floatingips"),
    "security_group": (NETWORK, "security-groups"),
    "image": (IMAGE, "images"),
}
"""What users have: the mount and the collection."""

REFUSED = (commands.CreateRootDisk, commands.StartGuest, commands.StopGuest, commands.DestroyGuest, commands.AttachDisk)
REFUSED += (commands.DetachDisk, commands.AttachPort, commands.DetachPort, commands.CreateVolume, commands.QuarantineDisks)
REFUSED += (commands.QuarantineVolume, commands.ExtendVolume, commands.CopyVolume, commands.ExportRootDisk, commands.ReadExport)
"""Commands that hosts fail to carry out now and then."""


class User:
    """A member of a project."""

    def __init__(self, client: httpx.AsyncClient, random: Random) -> None:
        self.client, self.random = client, random
        self.project_id: str = client.project_id  # type: ignore[attr-defined]

    async def ask(self, method: str, mount: str, path: str, body: Any = None) -> httpx.Response:
        """A request. Raises AssertionError for an answer that no user can be blamed for."""
        answer = await self.client.request(method, f"{mount}/{path}", json=body, headers=HEADERS.get(mount))
        assert answer.status_code < 500, f"{method} {mount}/{path} {body}: {answer.status_code} {answer.text}"
        return answer

    async def all(self, kind: str) -> list[dict[str, Any]]:
        """What there is of a kind that is this project's."""
        mount, path = KINDS[kind]
        detail = "/detail" if mount in (COMPUTE, VOLUME) else ""
        found = (await made(self.ask("GET", mount, f"{path}{detail}?limit=500")))[path.replace("-", "_")]
        owner = "owner" if kind == "image" else "tenant_id"
        own = [one for one in found if one.get(owner, self.project_id) == self.project_id]
        return [one for one in own if not str(one.get("device_owner", "")).startswith("network:")]

    async def one(self, kind: str) -> str:
        """The id of one of them, drawn; of nothing if there is none."""
        found = await self.all(kind)
        return str(self.random.choice(found)["id"]) if found else "00000000-0000-4000-8000-000000000000"


class Walk:
    """Users at work. `step` does one thing, or lets something go wrong."""

    def __init__(self, cloud: TestCloud, moving: VolumeCloud, users: list[User], random: Random) -> None:
        self.cloud, self.moving, self.users, self.random = cloud, moving, users, random
        self.worlds = cloud.cloud.underlay.worlds  # type: ignore[attr-defined]
        self.flavor = self.outside = ""
        self.lives = 0
        self.dying = True
        self.engine = self._new_life()
        self.done = 0

    def _new_life(self) -> Engine:
        self.lives += 1
        parts = self.cloud.cloud.parts
        engine = Engine(self.cloud.db, parts.services, f"life {self.lives}", self.cloud.db.clock)
        engine.fault = self._perhaps_die
        return engine

    def _perhaps_die(self, when: str, flow: str, step: str) -> None:
        if self.dying and self.random.random() < 0.01:
            raise Crash(f"{when} {flow} {step}")

    async def furnish(self) -> None:
        """What users cannot make themselves, and for each of them what most things need: an image and a network."""
        admin = await self.cloud.admin()
        sized = {"flavor": {"name": "small", "vcpus": 1, "ram": 64, "disk": 1}}
        self.flavor = (await made(admin.post(f"{COMPUTE}/flavors", json=sized)))["flavor"]["id"]
        external = {"network": {"name": "public", "router:external": True}}
        self.outside = (await made(admin.post(f"{NETWORK}/networks", json=external)))["network"]["id"]
        subnet = {"subnet": {"network_id": self.outside, "cidr": "172.24.4.0/24", "ip_version": 4}}
        await made(admin.post(f"{NETWORK}/subnets", json=subnet))
        for user in self.users:
            await self._image(user)
            await self._network(user)

    async def step(self) -> None:
        """One thing by somebody; then workflows go as far as they do."""
        deeds: list[tuple[int, Callable[[User], Awaitable[httpx.Response | None]]]] = [
            *((4, deed) for deed in (self._server, self._volume, self._network, self._port, self._image)),
            *((3, deed) for deed in (self._delete, self._power, self._attach, self._detach, self._interface)),
            *(
                (2, deed)
                for deed in (self._snapshot, self._router, self._floating, self._extend, self._group, self._mishap, self._keep)
            ),
        ]
        weights, does = zip(*deeds, strict=True)
        user, (deed,) = self.random.choice(self.users), self.random.choices(does, weights)
        answer = await deed(user)
        self.done += answer is not None and answer.status_code < 300
        if self.random.random() < 0.7:
            await self.run()

    async def run(self) -> None:
        """Run workflows; whoever dies is followed by another one, once the lease has ended."""
        try:
            await self.engine.run_pending()
        except Crash:
            self.engine = self._new_life()
            await self.moving.clock.advance(self.engine.lease + 1)
        await self.cloud.cloud.parts.sync.drain()
        await self.moving.clock.advance(self.random.choice((0.1, 1, 5)))

    async def rest(self) -> None:
        """Nothing goes wrong any more, and everything comes to an end. Raises AssertionError if something never does."""
        self.dying = False
        for world in self.worlds:
            world.faults._planned.clear()
        for _ in range(300):
            await self.run()
            await settle()
            async with self.cloud.db.read() as tx:
                left = await workflow.list_unfinished(tx)
            if not left:
                return
            await self.moving.clock.advance(max(0.0, min(row.due_at for row in left) - self.moving.clock.now()))
        raise AssertionError(f"still unfinished: {[(row.name, row.full_step, row.error) for row in left]}")

    async def _server(self, user: User) -> httpx.Response:
        server: dict[str, Any] = {"name": "s", "flavorRef": self.flavor, "imageRef": await user.one("image")}
        server["networks"] = self.random.choice(
            ["none", "none", [{"uuid": await user.one("network")}], [{"port": await user.one("port")}]]
        )
        server["min_count"] = server["max_count"] = self.random.choice((1, 1, 1, 2))
        if self.random.random() < 0.3:
            disk = {"boot_index": 0, "source_type": "image", "destination_type": "volume", "volume_size": 1}
            disk |= {"uuid": server.pop("imageRef"), "delete_on_termination": self.random.random() < 0.5}
            server["block_device_mapping_v2"] = [disk]
        return await user.ask("POST", COMPUTE, "servers", {"server": server})

    async def _volume(self, user: User) -> httpx.Response:
        made_of = self.random.choice(["", "", "imageRef", "source_volid", "snapshot_id"])
        kinds = {"imageRef": "image", "source_volid": "volume", "snapshot_id": "snapshot"}
        source = {made_of: await user.one(kinds[made_of])} if made_of else {}
        return await user.ask("POST", VOLUME, "volumes", {"volume": {"size": self.random.choice((1, 2)), **source}})

    async def _network(self, user: User) -> httpx.Response:
        answer = await user.ask("POST", NETWORK, "networks", {"network": {"name": "n"}})
        if answer.status_code < 300:
            cidr = f"10.{self.random.randrange(200)}.0.0/24"
            subnet = {"network_id": answer.json()["network"]["id"], "cidr": cidr, "ip_version": 4}
            await user.ask("POST", NETWORK, "subnets", {"subnet": subnet})
        return answer

    async def _port(self, user: User) -> httpx.Response:
        return await user.ask("POST", NETWORK, "ports", {"port": {"network_id": await user.one("network")}})

    async def _image(self, user: User) -> httpx.Response:
        wanted = {"name": "i", "disk_format": "raw", "container_format": "bare", "visibility": "private"}
        answer = await user.ask("POST", IMAGE, "images", wanted)
        if answer.status_code < 300 and self.random.random() < 0.9:
            octets = {"Content-Type": "application/octet-stream"}
            path = f"{IMAGE}/images/{answer.json()['id']}/file"
            await user.client.put(path, content=bytes(512 * self.random.randrange(1, 9)), headers=octets)
        return answer

    async def _delete(self, user: User) -> httpx.Response:
        kind = self.random.choice(["server", "server", *KINDS])
        mount, path = KINDS[kind]
        return await user.ask("DELETE", mount, f"{path}/{await user.one(kind)}")

    async def _power(self, user: User) -> httpx.Response:
        action = self.random.choice([{"os-stop": None}, {"os-start": None}, {"reboot": {"type": "HARD"}}])
        return await user.ask("POST", COMPUTE, f"servers/{await user.one('server')}/action", action)

    async def _attach(self, user: User) -> httpx.Response:
        wanted = {"volumeAttachment": {"volumeId": await user.one("volume")}}
        return await user.ask("POST", COMPUTE, f"servers/{await user.one('server')}/os-volume_attachments", wanted)

    async def _detach(self, user: User) -> httpx.Response:
        used = [one for one in await user.all("volume") if one["attachments"]] or [{"id": "x", "attachments": [{"server_id": "x"}]}]
        volume = self.random.choice(used)
        path = f"servers/{volume['attachments'][0]['server_id']}/os-volume_attachments/{volume['id']}"
        return await user.ask("DELETE", COMPUTE, path)

    async def _interface(self, user: User) -> httpx.Response:
        server = await user.one("server")
        if self.random.random() < 0.4:
            return await user.ask("DELETE", COMPUTE, f"servers/{server}/os-interface/{await user.one('port')}")
        wanted = self.random.choice([{"net_id": await user.one("network")}, {"port_id": await user.one("port")}])
        return await user.ask("POST", COMPUTE, f"servers/{server}/os-interface", {"interfaceAttachment": wanted})

    async def _snapshot(self, user: User) -> httpx.Response:
        wanted = {"volume_id": await user.one("volume"), "force": True}
        return await user.ask("POST", VOLUME, "snapshots", {"snapshot": wanted})

    async def _router(self, user: User) -> httpx.Response:
        if self.random.random() < 0.5:
            gateway = {"external_gateway_info": {"network_id": self.outside}}
            return await user.ask("POST", NETWORK, "routers", {"router": gateway})
        subnets = (await made(user.ask("GET", NETWORK, f"subnets?project_id={user.project_id}")))["subnets"]
        subnet = {"subnet_id": self.random.choice(subnets)["id"] if subnets else "none"}
        verb = self.random.choice(["add", "add", "remove"])
        return await user.ask("PUT", NETWORK, f"routers/{await user.one('router')}/{verb}_router_interface", subnet)

    async def _floating(self, user: User) -> httpx.Response:
        if self.random.random() < 0.5:
            return await user.ask("POST", NETWORK, "floatingips", {"floatingip": {"floating_network_id": self.outside}})
        port = self.random.choice([None, await user.one("port")])
        return await user.ask("PUT", NETWORK, f"floatingips/{await user.one('floatingip')}", {"floatingip": {"port_id": port}})

    async def _group(self, user: User) -> httpx.Response:
        return await user.ask("POST", NETWORK, "security-groups", {"security_group": {"name": "g"}})

    async def _extend(self, user: User) -> httpx.Response:
        path = f"volumes/{await user.one('volume')}/action"
        return await user.ask("POST", VOLUME, path, {"os-extend": {"new_size": 3}})

    async def _keep(self, user: User) -> httpx.Response:
        """Make an image of a server."""
        return await user.ask("POST", COMPUTE, f"servers/{await user.one('server')}/action", {"createImage": {"name": "kept"}})

    async def _mishap(self, user: User) -> None:
        """A host refuses a command that it may get next, or a guest crashes."""
        world = self.random.choice(self.worlds)
        if world.guests and self.random.random() < 0.4:
            world.crash(self.random.choice(sorted(world.guests)))
        else:
            world.faults.fail(self.random.choice(REFUSED))
