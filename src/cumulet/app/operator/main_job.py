"""The main job: from nothing to ssh into a guest, through the API as any client uses it.

Uploads the image; makes a network, subnet, router, floating IP, keypair and security group; boots the server `hello`; waits until
ssh to its floating IP prints the guest's hostname. Everything that is there already is used as it is, so that a second run
changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...kernel.process import CommandFailed, run
from ..config import Config
from .client import Client, RequestFailed, waiting

OnStep = Callable[[str], None]
SERVER, USER = "hello", "cirros"
BOOT_SECONDS = 240.0


class MainJob:
    """One run of it. `demo` and `admin` are sessions; `image` is the file to upload."""

    def __init__(self, config: Config, demo: Client, admin: Client, image: Path) -> None:
        self._config, self._demo, self._admin, self._image = config, demo, admin, image
        self._key = config.state / "hello-key"

    async def run(self, on_step: OnStep) -> str:
        """Do it, and return the floating IP at which ssh answered. Raises RequestFailed saying what did not work."""
        on_step("external network")
        external = await self._external_network()
        on_step("image")
        image_id = await self._image_id()
        on_step("network, subnet, router")
        network_id = await self._network(external)
        on_step("keypair, security group")
        await self._keypair()
        group = await self._security_group()
        on_step("server")
        server_id = await self._server(image_id, network_id, group)
        address = await self._floating_ip(server_id, external)
        if not self._config.fake:
            on_step("ssh")
            await self._log_in(server_id, address)
        return address

    async def _find(self, client: Client, path: str, key: str) -> dict[str, Any] | None:
        found = (await client.get(path))[key]
        return found[0] if found else None

    async def _external_network(self) -> str:
        found = await self._find(self._admin, "/network/v2.0/networks?router:external=true&name=public", "networks")
        if found is None:
            wanted = {
                "name": "public",
                "router:external": True,
                "provider:network_type": "flat",
                "provider:physical_network": "physnet1",
            }
            found = (await self._admin.call("POST", "/network/v2.0/networks", {"network": wanted}))["network"]
        if not found["subnets"]:
            subnet = {
                "network_id": found["id"],
                "name": "public",
                "ip_version": 4,
                "cidr": self._config.external_cidr,
                "gateway_ip": self._config.external_gateway,
                "enable_dhcp": False,
            }
            await self._admin.call("POST", "/network/v2.0/subnets", {"subnet": subnet})
        return str(found["id"])

    async def _image_id(self) -> str:
        found = await self._find(self._admin, "/image/v2/images?name=tiny", "images")
        if found is None:
            kind = "raw" if self._config.fake else "qcow2"
            wanted = {"name": "tiny", "disk_format": kind, "container_format": "bare", "visibility": "public"}
            found = await self._admin.call("POST", "/image/v2/images", wanted)
        if found["status"] == "queued":
            await self._admin.upload(f"/image/v2/images/{found['id']}/file", self._image)
        return str(found["id"])

    async def _network(self, external: str) -> str:
        network = await self._find(self._demo, "/network/v2.0/networks?name=private", "networks")
        if network is None:
            network = (await self._demo.call("POST", "/network/v2.0/networks", {"network": {"name": "private"}}))["network"]
        subnet = await self._find(self._demo, f"/network/v2.0/subnets?network_id={network['id']}", "subnets")
        if subnet is None:
            wanted = {"network_id": network["id"], "name": "private", "ip_version": 4, "cidr": "10.0.0.0/24"}
            wanted["dns_nameservers"] = self._config.dns_servers
            subnet = (await self._demo.call("POST", "/network/v2.0/subnets", {"subnet": wanted}))["subnet"]
        await self._router(external, subnet["id"])
        return str(network["id"])

    async def _router(self, external: str, subnet_id: str) -> None:
        router = await self._find(self._demo, "/network/v2.0/routers?name=router", "routers")
        if router is None:
            wanted = {"name": "router", "external_gateway_info": {"network_id": external}}
            router = (await self._demo.call("POST", "/network/v2.0/routers", {"router": wanted}))["router"]
        ports = (await self._demo.get(f"/network/v2.0/ports?device_id={router['id']}"))["ports"]
        if not any(ip["subnet_id"] == subnet_id for port in ports for ip in port["fixed_ips"]):
            await self._demo.call("PUT", f"/network/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet_id})

    async def _keypair(self) -> None:
        if not self._key.exists():
            await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hello", "-f", str(self._key))
        public = self._key.with_suffix(".pub").read_text().strip()
        known = (await self._demo.get("/compute/v2.1/os-keypairs"))["keypairs"]
        if not any(entry["keypair"]["name"] == SERVER for entry in known):
            body = {"keypair": {"name": SERVER, "public_key": public, "type": "ssh"}}
            await self._demo.call("POST", "/compute/v2.1/os-keypairs", body)

    async def _security_group(self) -> str:
        group = await self._find(self._demo, "/network/v2.0/security-groups?name=hello", "security_groups")
        if group is None:
            body = {"security_group": {"name": "hello", "description": "ssh and ping from anywhere"}}
            group = (await self._demo.call("POST", "/network/v2.0/security-groups", body))["security_group"]
        there = {
            (rule["protocol"], rule["port_range_min"]) for rule in group["security_group_rules"] if rule["direction"] == "ingress"
        }
        for protocol, port in (("tcp", 22), ("icmp", None)):
            if (protocol, port) not in there:
                rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4", "protocol": protocol}
                rule |= {"port_range_min": port, "port_range_max": port} if port else {}
                await self._demo.call("POST", "/network/v2.0/security-group-rules", {"security_group_rule": rule})
        return str(group["name"])

    async def _flavor(self) -> str:
        known = (await self._admin.get("/compute/v2.1/flavors/detail?is_public=None"))["flavors"]
        found = next((flavor for flavor in known if flavor["name"] == "m1.tiny"), None)
        if found is None:
            wanted = {"name": "m1.tiny", "vcpus": 1, "ram": 128, "disk": 1}
            found = (await self._admin.call("POST", "/compute/v2.1/flavors", {"flavor": wanted}))["flavor"]
        return str(found["id"])

    async def _server(self, image_id: str, network_id: str, group: str) -> str:
        server = await self._find(self._demo, f"/compute/v2.1/servers?name=^{SERVER}$", "servers")
        if server is None:
            wanted = {
                "name": SERVER,
                "imageRef": image_id,
                "flavorRef": await self._flavor(),
                "key_name": SERVER,
                "networks": [{"uuid": network_id}],
                "security_groups": [{"name": group}],
            }
            server = (await self._demo.call("POST", "/compute/v2.1/servers", {"server": wanted}))["server"]
        async with waiting(BOOT_SECONDS, f"server {SERVER} becoming ACTIVE"):
            await self._until_active(server["id"])
        return str(server["id"])

    async def _until_active(self, server_id: str) -> None:
        while True:
            server = (await self._demo.get(f"/compute/v2.1/servers/{server_id}"))["server"]
            if server["status"] == "ACTIVE":
                return
            if server["status"] == "ERROR":
                raise RequestFailed(500, f"server {SERVER} failed: {server.get('fault', {}).get('message', 'no reason is given')}")
            if server["status"] == "SHUTOFF" and server["OS-EXT-STS:task_state"] is None:
                await self._demo.call("POST", f"/compute/v2.1/servers/{server_id}/action", {"os-start": None})
            await asyncio.sleep(0.2)

    async def _floating_ip(self, server_id: str, external: str) -> str:
        port = await self._find(self._demo, f"/network/v2.0/ports?device_id={server_id}", "ports")
        if port is None:
            raise RequestFailed(500, f"server {SERVER} has no port")
        floating = await self._find(self._demo, f"/network/v2.0/floatingips?port_id={port['id']}", "floatingips")
        if floating is None:
            body = {"floatingip": {"floating_network_id": external, "port_id": port["id"]}}
            floating = (await self._demo.call("POST", "/network/v2.0/floatingips", body))["floatingip"]
        return str(floating["floating_ip_address"])

    def ssh(self, address: str) -> tuple[str, ...]:
        """The command that logs in at `address`, from inside the cloud's network namespace."""
        options = (
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "ConnectTimeout=5",
        )
        inside = ("ip", "netns", "exec", self._config.namespace)
        return (*inside, "ssh", "-i", str(self._key), *options, f"{USER}@{address}")

    async def _log_in(self, server_id: str, address: str) -> None:
        last = ""
        try:
            async with waiting(BOOT_SECONDS, f"ssh to {address}"):
                while True:
                    try:
                        said = (await run(*self.ssh(address), "hostname")).decode()
                    except CommandFailed as problem:
                        last = str(problem)
                        await asyncio.sleep(0.5)
                        continue
                    if said.strip() == SERVER:
                        return
                    raise RequestFailed(500, f"ssh to {address} answered {said.strip()!r} instead of {SERVER!r}")
        except RequestFailed as problem:
            raise RequestFailed(problem.status, f"{problem}. {last}\n{await self._console(server_id)}") from None

    async def _console(self, server_id: str) -> str:
        body = {"os-getConsoleOutput": {"length": 30}}
        answer = await self._demo.call("POST", f"/compute/v2.1/servers/{server_id}/action", body)
        return f"The guest's console ends with:\n{answer['output']}"
