"""From what the network should be to what the northbound database lacks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cumulet.kernel.ovsdb import Op, Tables, Wanted, converge

from ..desired import Desired
from . import networks, ports, routers, security_groups
from .removal import removal, unwanted
from .tables import MARK, WAY_OUT, ids_of


def plan(tables: Tables, desired: Desired, gateways: Sequence[str]) -> list[Op]:
    """The operations that make it so; none if it is so. `gateways` are the ids of the hosts that can carry routers' ways out.

    Raises Missing if something is to be made whose network, router or security group is neither there nor desired.
    """
    wanted, stale = security_groups.drop_rows(), list[Op]()
    for group in desired.groups:
        wanted += security_groups.group_rows(group)
        stale += security_groups.stale_rules(tables, group)
    for network in desired.networks:
        wanted += networks.network_rows(tables, network)
        stale += networks.stale_rows(tables, network)
    for port in desired.ports:
        wanted += ports.port_rows(tables, port)
        stale += ports.stale_memberships(tables, port.port)
    for router in desired.routers:
        rows = routers.router_rows(router, gateways)
        wanted += rows
        stale += routers.stale_rows(tables, router, rows)
    gone = {object_id for _, object_id in desired.gone}
    if desired.everything:
        gone |= set(unwanted(tables, {row.uuid for row in wanted}))
    return converge(tables, wanted) + stale + removal(tables, gone)


def gateway_plan(tables: Tables, gateways: Sequence[str]) -> list[Op]:
    """The operations that spread the routers' ways out over these hosts, after a host has come or gone."""
    wanted: list[Wanted] = []
    stale: list[Op] = []
    for row in tables["Logical_Router_Port"].values():
        ids = ids_of(row)
        if ids.get(MARK) == WAY_OUT:
            rows = routers.gateway_rows(ids["router"], ids["port"], gateways)
            wanted += rows
            stale += routers.stale_gateways(tables, ids["port"], {row.uuid for row in rows})
    return converge(tables, wanted) + stale
