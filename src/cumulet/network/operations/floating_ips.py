"""Floating IPs: addresses on external networks that lead to a port behind a router."""

from __future__ import annotations

from msgspec.structs import replace

from ...kernel.db import Tx
from ..model import DOWN, FloatingIp
from ..store import floating_ips as store
from . import changes

__all__ = ["FloatingIp", "addresses_gone", "port_gone"]


async def port_gone(tx: Tx, port_id: str) -> None:
    """The port is being deleted: the floating IPs that lead to it lead nowhere."""
    for floating in await store.of_ports(tx, [port_id]):
        await _detach(tx, floating)


async def addresses_gone(tx: Tx, port_id: str, gone: set[str]) -> None:
    """The port has lost these addresses: the floating IPs that lead to one of them lead nowhere."""
    if gone:
        for floating in await store.of_ports(tx, [port_id]):
            if floating.fixed_address in gone:
                await _detach(tx, floating)


async def _detach(tx: Tx, floating: FloatingIp) -> FloatingIp:
    detached = await store.save(tx, replace(floating, port_id=None, fixed_address=None, router_id=None, status=DOWN))
    if floating.router_id:
        await changes.record(tx, changes.ROUTER, floating.router_id)
    return detached
