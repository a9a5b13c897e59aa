"""Ports of servers. https://docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ....kernel.errors import Invalid
from ....kernel.http import Lives, Request, Response, accepted, ok
from ....network.operations.ports import Interface, Wish
from ...operations.devices import interfaces
from ...operations.servers import reading
from .. import values as v


class WantedAddress(Struct, forbid_unknown_fields=True):
    """An address that the port shall have."""

    ip_address: str


class NewInterface(Struct, kw_only=True, forbid_unknown_fields=True):
    """A port, or a network on which one is made; neither: on the project's only network."""

    net_id: str | None = None
    port_id: str | None = None
    fixed_ips: Annotated[list[WantedAddress], Meta(min_length=1, max_length=1)] | None = None
    tag: Annotated[v.Tag | None, Lives("2.49")] = None

    def wish(self) -> Wish:
        """What it comes to. Raises Invalid."""
        if self.net_id and self.port_id:
            raise Invalid("Must not input both network_id and port_id")
        if self.fixed_ips and not self.net_id:
            raise Invalid("Must input network_id when request IP address")
        return Wish(
            network_id=None if self.net_id is None else v.identifier("net_id", self.net_id),
            port_id=None if self.port_id is None else v.identifier("port_id", self.port_id),
            fixed_ip=v.address("fixed_ips", self.fixed_ips[0].ip_address) if self.fixed_ips else None,
            tag=self.tag,
        )


class FixedAddress(Struct):
    """An address that the port has."""

    subnet_id: str
    ip_address: str


class InterfaceView(Struct):
    """A port of a server."""

    net_id: str
    port_id: str
    mac_addr: str
    port_state: str
    fixed_ips: list[FixedAddress]
    tag: Annotated[str | None, Lives("2.70")]


def _view(i: Interface) -> InterfaceView:
    fixed = [FixedAddress(subnet_id, address) for subnet_id, address in i.fixed_ips]
    return InterfaceView(i.network_id, i.port_id, i.mac, i.state, fixed, i.tag)


async def index(request: Request, server_id: str) -> Response:
    """A server's ports."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"interfaceAttachments": [_view(i) for i in await interfaces.index(request.tx, server)]})


async def show(request: Request, server_id: str, port_id: str) -> Response:
    """One of a server's ports."""
    server = await reading.get(request.tx, request.actor, server_id)
    return ok({"interfaceAttachment": _view(await interfaces.get(request.tx, server, port_id))})


async def attach(request: Request, server_id: str, body: NewInterface) -> Response:
    """Give a server one more port."""
    made = await interfaces.attach(request.tx, request.actor, server_id, body.wish())
    return ok({"interfaceAttachment": _view(made)})


async def detach(request: Request, server_id: str, port_id: str) -> Response:
    """Take a port from a server."""
    await interfaces.detach(request.tx, request.actor, server_id, port_id)
    return accepted()
