"""The metadata service on this host: for each network with guests here, a namespace in which 169.254.169.254 answers.

OVN delivers packets for the network's own port (`localport`) on the guest's host, so that a request never leaves it, and the
guest's address is seen as it is: with the network it names the guest, whatever addresses other networks use.
"""

from __future__ import annotations

import socket

import msgspec

from cumulet.contract.guests import MetadataPort
from cumulet.kernel.ovsdb import converge

from . import netns, rows
from .config import SwitchConfig
from .machinery import Machinery
from .metadata_http import Answer, MetadataServer

__all__ = ["Answer", "Metadata"]

_ADDRESS = "169.254.169.254"
_INNER = "eth0"


class Metadata:
    """The metadata namespaces of one host. Which ones there are is remembered in the switch's folder."""

    def __init__(self, config: SwitchConfig, machinery: Machinery, answer: Answer) -> None:
        self._config = config
        self._machinery = machinery
        self._answer = answer
        self._servers: dict[str, MetadataServer] = {}
        self._memory = config.folder / "metadata.json"

    async def ensure(self, network_id: str, port: MetadataPort) -> None:
        """Serve a network through its own port; done already if it is served so."""
        known = self._remembered()
        if known.get(network_id) not in (None, port):
            await self.drop(network_id)
        self._remember({**self._remembered(), network_id: port})
        await self._serve(network_id, port)

    async def restore(self) -> None:
        """Serve every remembered network: after a start of the agent, or when somebody removed something."""
        for network_id, port in self._remembered().items():
            await self._serve(network_id, port)

    async def drop(self, network_id: str) -> None:
        """Serve a network no longer."""
        known = self._remembered()
        port = known.pop(network_id, None)
        server = self._servers.pop(network_id, None)
        if server is not None:
            await server.close()
        if port is not None:
            device = rows.device_name(port.port_id)
            await self._machinery.apply(rows.without_devices(self._machinery.db.tables, {device}))
        await netns.remove(self._namespace(network_id))
        self._remember(known)

    async def release(self) -> None:
        """Stop answering; the namespaces stay."""
        for server in self._servers.values():
            await server.close()
        self._servers.clear()

    async def drop_all(self) -> None:
        """Remove every namespace. The switch's own database is about to be stopped, and forgets the devices by itself."""
        await self.release()
        for network_id in self._remembered():
            await netns.remove(self._namespace(network_id))
        self._remember({})

    def _namespace(self, network_id: str) -> str:
        return f"{self._config.metadata_prefix}{network_id[:13]}"

    async def _serve(self, network_id: str, port: MetadataPort) -> None:
        namespace = self._namespace(network_id)
        whole = netns.exists(namespace) and rows.device_name(port.port_id) in await netns.links(self._config.netns)
        server = self._servers.get(network_id)
        if server is not None and not whole:
            del self._servers[network_id]
            await server.close()
        if not whole:
            await self._connect(namespace, port)
        missing = converge(self._machinery.db.tables, rows.metadata_rows(network_id, port))
        if missing:
            await self._machinery.apply(missing)
        if network_id not in self._servers:
            listening = await netns.inside(namespace, _listen)
            self._servers[network_id] = await MetadataServer.start(network_id, listening, self._answer)

    async def _connect(self, namespace: str, port: MetadataPort) -> None:
        """Make the namespace and the cable between it and the switch."""
        device, switch = rows.device_name(port.port_id), self._config.netns
        await netns.remove(namespace)
        await netns.ensure(namespace)
        cable = f"link add dev {device} type veth peer name {_INNER} address {port.mac} netns {namespace}"
        await netns.batch(switch, [cable, f"link set dev {device} up"])
        addresses = [*port.addresses, f"{_ADDRESS}/32"]
        inner = [f"addr add {address} dev {_INNER}" for address in addresses]
        await netns.batch(namespace, [*inner, f"link set dev {_INNER} up"])
        if self._machinery.userspace:
            await netns.checksums_in_software(namespace, [_INNER])

    def _remembered(self) -> dict[str, MetadataPort]:
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=dict[str, MetadataPort])
        except FileNotFoundError:
            return {}

    def _remember(self, ports: dict[str, MetadataPort]) -> None:
        fresh = self._memory.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(ports))
        fresh.replace(self._memory)


def _listen() -> socket.socket:
    """A listening socket; it belongs to the namespace of the thread that makes it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((_ADDRESS, 80))
    listening.listen(128)
    listening.setblocking(False)
    return listening
