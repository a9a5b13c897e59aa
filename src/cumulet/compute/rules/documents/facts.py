"""Everything that a guest may be told."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....network.operations.ports import Interface
from ...model import Disk, Server

DOMAIN = "novalocal"
"""Appended to hostnames that have no domain; upstream's default."""


class Facts(Struct, frozen=True):
    """A server with its interfaces, its disks and its `network_data.json`. `seed` is 512 random bytes for the guest's kernel."""

    server: Server
    interfaces: list[Interface]
    disks: list[Disk]
    network_data: dict[str, Any]
    seed: bytes

    @property
    def hostname(self) -> str:
        """With a domain."""
        name = self.server.hostname
        return name if "." in name else f"{name}.{DOMAIN}"

    @property
    def fixed_ips(self) -> list[str]:
        """Every fixed address, in the order of the interfaces."""
        return [address for interface in self.interfaces for _, address in interface.fixed_ips]

    @property
    def floating_ips(self) -> list[str]:
        """Every floating address."""
        return [floating for interface in self.interfaces for _, floating in interface.floating]
