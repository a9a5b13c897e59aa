"""What the network should be, object by object, as a driver is told it; and what a driver is.

A driver is told whole objects, never changes: it compares with what there is and does what is missing, so that telling it twice
is harmless.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from .model import FloatingIp, Network, Port, Router, SecurityGroup, SecurityRule, Subnet


class DesiredNetwork(Struct, frozen=True):
    """A network with its subnets; `service_port` is the `network:distributed` one, if it has DHCP."""

    network: Network
    subnets: list[Subnet]
    service_port: Port | None = None


class DesiredPort(Struct, frozen=True):
    """A port of a guest, of a network's own services, or without an owner; not a router's, which `DesiredRouter` holds.

    `subnets` are those of its addresses.
    """

    port: Port
    network: Network
    subnets: list[Subnet]


class DesiredInterface(Struct, frozen=True):
    """A router's port on a network, inside or, as its gateway, outside."""

    port: Port
    network: Network
    subnets: list[Subnet]


class DesiredFloatingIp(Struct, frozen=True):
    """A floating IP that leads somewhere. `port_mac` is the MAC of the port it leads to, `mac` that of its own port outside."""

    floating: FloatingIp
    mac: str
    port_mac: str


class DesiredRouter(Struct, frozen=True):
    """A router with its interfaces, its gateway and the floating IPs behind it."""

    router: Router
    interfaces: list[DesiredInterface]
    gateway: DesiredInterface | None
    floating_ips: list[DesiredFloatingIp]

    @property
    def all_interfaces(self) -> list[DesiredInterface]:
        """Those inside, and the gateway."""
        return [*self.interfaces, *([self.gateway] if self.gateway else [])]


class DesiredGroup(Struct, frozen=True):
    """A security group with its rules."""

    group: SecurityGroup
    rules: list[SecurityRule]


class Desired(Struct, frozen=True):
    """The present wish for some objects. `gone` are (kind, id) of objects that must not be there; kinds are the outbox's.

    With `everything`, whatever is not in it must not be there either.
    """

    networks: list[DesiredNetwork] = []
    ports: list[DesiredPort] = []
    routers: list[DesiredRouter] = []
    groups: list[DesiredGroup] = []
    gone: list[tuple[str, str]] = []
    everything: bool = False


class Driver(Protocol):
    """Makes networks real. Two: OVN (`ovn.driver`) and one in memory (`fake`)."""

    async def make(self, desired: Desired) -> None:
        """Make it so; all of it or, when it fails, harmlessly some of it. Raises Unavailable when OVN does not answer."""
        ...

    async def ports_up(self) -> dict[str, str]:
        """The ports that are up now, each with the host's id it is up on (empty if the driver does not know)."""
        ...

    def watch(self, listener: Listener) -> None:
        """Call `listener.port_changed(port id, up)` whenever a port comes up or goes down."""
        ...


class Listener(Protocol):
    """Who wants to know that a port came up or went down; the reconciler, and tests."""

    def port_changed(self, port_id: str, up: bool) -> None:
        """Take note; must not block."""
        ...
