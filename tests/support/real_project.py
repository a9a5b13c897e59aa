"""What one user makes in a real cloud, by the API: networks, servers, volumes, floating IPs."""

from __future__ import annotations

import base64
from typing import Any

from cumulet.app.operator.client import Client, RequestFailed

from .real_cloud import until


class Project:
    """One user's things. `client` may be replaced: after a restart of the cloud the token still holds."""

    def __init__(self, client: Client, admin: Client) -> None:
        self.client, self.admin = client, admin

    async def first(self, path: str) -> dict[str, Any]:
        """The first of a list, which is not empty."""
        answer = await self.client.get(path)
        return dict(next(value for value in answer.values() if isinstance(value, list))[0])

    async def make(self, path: str, kind: str, **fields: Any) -> dict[str, Any]:
        """POST one object of this kind; it, as answered."""
        return dict((await self.client.call("POST", path, {kind: fields}))[kind])

    async def network(self, name: str, cidr: str) -> str:
        """A network with one subnet behind a router of its own to the outside; its id."""
        outside = (await self.admin.get("/network/v2.0/networks?router:external=true"))["networks"][0]["id"]
        network = await self.make("/network/v2.0/networks", "network", name=name)
        subnet = await self.make("/network/v2.0/subnets", "subnet", network_id=network["id"], ip_version=4, cidr=cidr)
        router = await self.make("/network/v2.0/routers", "router", name=name, external_gateway_info={"network_id": outside})
        await self.client.call("PUT", f"/network/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
        return str(network["id"])

    async def group(self, name: str, *rules: tuple[str, int | None]) -> str:
        """A security group that lets in these protocols and ports; its id."""
        group = await self.make("/network/v2.0/security-groups", "security_group", name=name)
        for protocol, port in rules:
            await self.allow(group["id"], protocol, port)
        return str(group["id"])

    async def allow(self, group_id: str, protocol: str, port: int | None) -> str:
        """One more rule; its id."""
        ports = {"port_range_min": port, "port_range_max": port} if port else {}
        wanted = {"security_group_id": group_id, "direction": "ingress", "ethertype": "IPv4", "protocol": protocol, **ports}
        return str((await self.make("/network/v2.0/security-group-rules", "security_group_rule", **wanted))["id"])

    async def keypair(self, name: str, public_key: str) -> None:
        """Make it known."""
        await self.client.call("POST", "/compute/v2.1/os-keypairs", {"keypair": {"name": name, "public_key": public_key}})

    async def server(self, name: str, network_id: str, **fields: Any) -> str:
        """Begin to build a server from the tiny image; its id. `user_data` is text, `address` is the one to have."""
        nic = {"uuid": network_id, **({"fixed_ip": fields.pop("address")} if "address" in fields else {})}
        if "user_data" in fields:
            fields["user_data"] = base64.b64encode(fields["user_data"].encode()).decode()
        flavor = next(f for f in (await self.client.get("/compute/v2.1/flavors"))["flavors"] if f["name"] == "m1.tiny")
        image = await self.first("/image/v2/images?name=tiny")
        wanted = {"name": name, "imageRef": image["id"], "flavorRef": flavor["id"], "networks": [nic], "key_name": "hello"}
        groups = {"security_groups": [{"name": "hello"}]}
        asked = {name: value for name, value in {**wanted, **groups, **fields}.items() if value is not None}
        return str((await self.make("/compute/v2.1/servers", "server", **asked))["id"])

    async def show(self, server_id: str) -> dict[str, Any] | None:
        """The server; None if it is gone."""
        try:
            return dict((await self.client.get(f"/compute/v2.1/servers/{server_id}"))["server"])
        except RequestFailed as problem:
            if problem.status == 404:
                return None
            raise

    async def becomes(self, server_id: str, status: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for a status with nothing being done; the server then."""

        async def is_so() -> dict[str, Any] | None:
            found = await self.show(server_id)
            assert found is not None, f"server {server_id} is gone"
            assert found["status"] == status or found["status"] != "ERROR", found.get("fault")
            return found if found["status"] == status and found["OS-EXT-STS:task_state"] is None else None

        return dict(await until(is_so, f"server {server_id} {status}", seconds))

    async def fails(self, server_id: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the server is in error; it then."""

        async def is_so() -> dict[str, Any] | None:
            found = await self.show(server_id)
            return found if found is not None and found["status"] == "ERROR" else None

        return dict(await until(is_so, f"server {server_id} in error", seconds))

    async def act(self, server_id: str, action: str, body: Any = None) -> None:
        """POST an action."""
        await self.client.call("POST", f"/compute/v2.1/servers/{server_id}/action", {action: body})

    async def delete(self, server_id: str) -> None:
        """Delete a server and wait until it is gone."""
        await self.client.call("DELETE", f"/compute/v2.1/servers/{server_id}")
        await self.gone(server_id)

    async def gone(self, server_id: str) -> None:
        """Wait until a server is gone."""

        async def is_gone() -> bool:
            return await self.show(server_id) is None

        await until(is_gone, f"server {server_id} gone")

    async def address(self, server_id: str) -> str:
        """Its fixed address."""
        port = await self.first(f"/network/v2.0/ports?device_id={server_id}")
        return str(port["fixed_ips"][0]["ip_address"])

    async def floating_ip(self, server_id: str) -> str:
        """Give it a floating IP; the address."""
        outside = (await self.admin.get("/network/v2.0/networks?router:external=true"))["networks"][0]["id"]
        port = await self.first(f"/network/v2.0/ports?device_id={server_id}")
        made = await self.make("/network/v2.0/floatingips", "floatingip", floating_network_id=outside, port_id=port["id"])
        return str(made["floating_ip_address"])

    async def volume(self, name: str, size_gb: int = 1) -> str:
        """Begin to make a volume; its id."""
        return str((await self.make("/volume/v3/volumes", "volume", name=name, size=size_gb))["id"])

    async def volume_becomes(self, volume_id: str, status: str) -> None:
        """Wait for a volume's status."""

        async def is_so() -> bool:
            found = (await self.client.get(f"/volume/v3/volumes/{volume_id}"))["volume"]["status"]
            assert not found.startswith("error") or status.startswith("error"), found
            return bool(found == status)

        await until(is_so, f"volume {volume_id} {status}")

    async def attach(self, server_id: str, volume_id: str) -> None:
        """Begin to attach a volume."""
        path = f"/compute/v2.1/servers/{server_id}/os-volume_attachments"
        await self.make(path, "volumeAttachment", volumeId=volume_id)

    async def detach(self, server_id: str, volume_id: str) -> None:
        """Begin to detach a volume."""
        await self.client.call("DELETE", f"/compute/v2.1/servers/{server_id}/os-volume_attachments/{volume_id}")
