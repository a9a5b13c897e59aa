"""The metadata service on this host: for each network with guests here, a namespace in which 169.254.169.254 answers.

OVN delivers packets for the network's own port (`localport`) on the guest's host, so that a request never leaves it, and the
guest's address is seen as it is: with the network it names the guest, whatever addresses other networks use.
"""

from __future__ import annotations

import socket

from cumulet.contract.guests import MetadataPort
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.ovsdb import OvsdbError, converge
from cumulet.kernel.process import CommandFailed

from . import netns, rows
from .config import SwitchConfig
from .machinery import Machinery
from .metadata_http import Answer, MetadataServer

__all__ = ["Answer", "Metadata"]

_ADDRESS = "169.254.169.254"
_INNER = "eth0"


class Metadata:
    """The metadata namespaces of one host. Which ones there are is remembered in the switch's own database."""

    def __init__(self, config: SwitchConfig, machinery: Machinery, answer: Answer) -> None:
        self._config = config
        self._machinery = machinery
        self._answer = answer
        self._servers: dict[str, MetadataServer] = {}

    async def ensure(self, network_id: str, port: MetadataPort) -> None:
        """Serve a network through its own port; done already if it is served so."""
        if self._served().get(network_id) not in (None, port):
            await self.drop(network_id)
        await self._serve(network_id, port)

    async def restore(self) -> list[str]:
        """Serve every network again that was served: after a start of the agent, or when somebody removed something.

        One sentence for each network that cannot be served now. Networks without guests here are dropped.
        """
        broken = []
        used = set(rows.plugged(self._machinery.db.tables).values())
        for network_id, port in self._served().items():
            try:
                await (self._serve(network_id, port) if network_id in used else self.drop(network_id))
            except (CommandFailed, OvsdbError, Unavailable, OSError, TimeoutError) as trouble:
                broken.append(f"guests on network {network_id} cannot reach the metadata service here: {trouble}")
        return broken

    async def drop(self, network_id: str) -> None:
        """Serve a network no longer."""
        await self._close_server(network_id)
        port = self._served().get(network_id)
        if port is not None:
            await netns.delete_link(self._config.netns, rows.device_name(port.port_id))
            await self._machinery.apply(rows.without_metadata(self._machinery.db.tables, network_id))
        await netns.remove(self._namespace(network_id))

    async def release(self) -> None:
        """Stop answering; the namespaces stay."""
        for network_id in list(self._servers):
            await self._close_server(network_id)

    async def remove_all(self) -> None:
        """Remove every namespace; the switch itself is about to be taken down."""
        await self.release()
        for network_id in self._served():
            await netns.remove(self._namespace(network_id))

    def _served(self) -> dict[str, MetadataPort]:
        return rows.served(self._machinery.db.tables)

    def _namespace(self, network_id: str) -> str:
        return f"{self._config.metadata_prefix}{network_id[:13]}"

    async def _close_server(self, network_id: str) -> None:
        server = self._servers.pop(network_id, None)
        if server is not None:
            await server.close()

    async def _serve(self, network_id: str, port: MetadataPort) -> None:
        namespace = self._namespace(network_id)
        whole = netns.exists(namespace) and rows.device_name(port.port_id) in await netns.links(self._config.netns)
        if not whole:
            await self._close_server(network_id)
            await self._connect(namespace, port)
        tables = self._machinery.db.tables
        missing = converge(tables, rows.metadata_rows(tables, network_id, port))
        if missing:
            await self._machinery.apply(missing)
        if network_id not in self._servers:
            listening = await netns.inside(namespace, _listen)
            self._servers[network_id] = await MetadataServer.start(network_id, listening, self._answer)

    async def _connect(self, namespace: str, port: MetadataPort) -> None:
        """Make the namespace and the cable between it and the switch, instead of what may be left of them."""
        device, switch = rows.device_name(port.port_id), self._config.netns
        await netns.delete_link(switch, device)
        await self._machinery.let_go(device)
        await netns.remove(namespace)
        await netns.ensure(namespace)
        cable = f"link add dev {device} type veth peer name {_INNER} address {port.mac} netns {namespace}"
        await netns.batch(switch, [cable, f"link set dev {device} up"])
        addresses = [*port.addresses, f"{_ADDRESS}/32"]
        inner = [f"addr add {address} dev {_INNER}" for address in addresses]
        await netns.batch(namespace, [*inner, f"link set dev {_INNER} up"])
        if self._machinery.userspace:
            await netns.checksums_in_software(namespace, [_INNER])


def _listen() -> socket.socket:
    """A listening socket; it belongs to the namespace of the thread that makes it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((_ADDRESS, 80))
    listening.listen(128)
    listening.setblocking(False)
    return listening
