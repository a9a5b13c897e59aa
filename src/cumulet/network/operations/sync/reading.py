"""The present wish for some objects, read from the store as a driver is told it. A few statements for any number of objects."""

from __future__ import annotations

from collections.abc import Iterable

from ....kernel.db import Reader
from ...desired import Desired, DesiredFloatingIp, DesiredGroup, DesiredInterface, DesiredNetwork, DesiredPort, DesiredRouter
from ...model import FLOATING_OWNER, GATEWAY_OWNER, INTERFACE_OWNER, Port
from ...store import floating_ips as floating_store
from ...store import networks as network_store
from ...store import ports as port_store
from ...store import routers as router_store
from ...store import security_groups as group_store
from ...store import subnets as subnet_store
from .. import changes

ROUTED = (INTERFACE_OWNER, GATEWAY_OWNER, FLOATING_OWNER)
"""Owners of ports that routers hold, or that only keep an address."""


async def desired(tx: Reader, wanted: Iterable[tuple[str, str]]) -> Desired:
    """What these (kind, id) should be now. Those that are not in the store are `gone`."""
    by_kind: dict[str, list[str]] = {}
    for kind, object_id in dict.fromkeys(wanted):
        by_kind.setdefault(kind, []).append(object_id)
    networks = await _networks(tx, by_kind.get(changes.NETWORK, []))
    ports, skipped = await _ports(tx, by_kind.get(changes.PORT, []))
    routers = await _routers(tx, by_kind.get(changes.ROUTER, []))
    groups = await _groups(tx, by_kind.get(changes.GROUP, []))
    there = {n.network.id for n in networks} | {p.port.id for p in ports} | {r.router.id for r in routers}
    there |= {g.group.id for g in groups} | skipped
    gone = [(kind, object_id) for kind, ids in by_kind.items() for object_id in ids if object_id not in there]
    return Desired(networks, ports, routers, groups, gone)


async def everything(tx: Reader) -> Desired:
    """What there should be at all."""
    networks = await _networks(tx, await network_store.every_id(tx))
    ports, _ = await _ports(tx, await port_store.every_id(tx))
    routers = await _routers(tx, await router_store.every_id(tx))
    groups = await _groups(tx, await group_store.every_id(tx))
    return Desired(networks, ports, routers, groups, everything=True)


async def _networks(tx: Reader, ids: list[str]) -> list[DesiredNetwork]:
    if not ids:
        return []
    found = await network_store.many(tx, ids)
    subnets = await subnet_store.of_networks(tx, ids)
    services = {port.row.network_id: port for port in await port_store.service_ports(tx, ids)}
    return [
        DesiredNetwork(network, [s for s in subnets if s.network_id == network.id], services.get(network.id))
        for network in found.values()
    ]


async def _ports(tx: Reader, ids: list[str]) -> tuple[list[DesiredPort], set[str]]:
    """Ports, and the ids of those that a driver is not told of by themselves. One whose network is just going is gone too."""
    if not ids:
        return [], set()
    found = await port_store.many(tx, ids)
    plain = [port for port in found if port.row.device_owner not in ROUTED]
    skipped = {port.id for port in found} - {port.id for port in plain}
    attached = await _attached(tx, plain)
    return [DesiredPort(i.port, i.network, i.subnets) for i in attached], skipped


async def _attached(tx: Reader, ports: list[Port]) -> list[DesiredInterface]:
    """Ports with their networks and the subnets of their addresses."""
    if not ports:
        return []
    networks = await network_store.many(tx, list({port.row.network_id for port in ports}))
    subnets = await subnet_store.many(tx, list({fixed.subnet_id for port in ports for fixed in port.fixed_ips}))
    return [
        DesiredInterface(
            port, networks[port.row.network_id], [subnets[f.subnet_id] for f in port.fixed_ips if f.subnet_id in subnets]
        )
        for port in ports
        if port.row.network_id in networks
    ]


async def _routers(tx: Reader, ids: list[str]) -> list[DesiredRouter]:
    if not ids:
        return []
    found = await router_store.many(tx, ids)
    ports = [p for p in await port_store.of_devices(tx, ids) if p.row.device_owner in (INTERFACE_OWNER, GATEWAY_OWNER)]
    attached = await _attached(tx, ports)
    floating = await _floating(tx, ids)
    return [
        DesiredRouter(
            router,
            [i for i in attached if i.port.row.device_id == router.id and i.port.row.device_owner == INTERFACE_OWNER],
            next((i for i in attached if i.port.id == router.gateway_port_id), None),
            [f for f in floating if f.floating.router_id == router.id],
        )
        for router in found
    ]


async def _floating(tx: Reader, router_ids: list[str]) -> list[DesiredFloatingIp]:
    floating = await floating_store.of_routers(tx, router_ids)
    ids = [port_id for f in floating for port_id in (f.floating_port_id, f.port_id) if port_id]
    macs = {port.id: port.row.mac_address for port in await port_store.many(tx, ids)} if ids else {}
    return [
        DesiredFloatingIp(f, macs[f.floating_port_id], macs[f.port_id])
        for f in floating
        if f.port_id in macs and f.floating_port_id in macs
    ]


async def _groups(tx: Reader, ids: list[str]) -> list[DesiredGroup]:
    if not ids:
        return []
    found = await group_store.many(tx, ids)
    rules = await group_store.rules_of(tx, ids)
    return [DesiredGroup(group, rules[group.id]) for group in found.values()]
