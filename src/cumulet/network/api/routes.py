"""The whole network API on one screen."""

from __future__ import annotations

from types import ModuleType
from typing import Literal

from ...kernel.http import PUBLIC, Route
from ..operations import floating_ips as floating_operations
from ..operations import networks as network_operations
from ..operations import ports as port_operations
from ..operations import routers as router_operations
from ..operations import security_groups as group_operations
from ..operations import subnetpools as pool_operations
from ..operations import subnets as subnet_operations
from . import (
    extensions,
    floating_ips,
    networks,
    operators,
    ports,
    quotas,
    routers,
    security_group_rules,
    security_groups,
    subnetpools,
    subnets,
    tags,
    versions,
)

ListTx = Literal["read", "write"]

ANYBODY = "regular_user"
"""Handlers of these ask the real rule, which needs to know the network or the security group."""


def _noun(module: ModuleType, noun: str, path: str, creating: str | None = None, list_tx: ListTx = "read") -> list[Route]:
    """The five routes that every noun has."""
    one = f"/v2.0/{path}/{{{noun}_id}}"
    return [
        Route("POST", f"/v2.0/{path}", module.create, creating or f"create_{noun}"),
        Route("GET", f"/v2.0/{path}", module.index, f"get_{noun}", tx=list_tx),
        Route("GET", one, module.show, f"get_{noun}"),
        Route("PUT", one, module.update, f"update_{noun}"),
        Route("DELETE", one, module.delete, f"delete_{noun}"),
    ]


ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v2.0", versions.show_version, PUBLIC),
    Route("GET", "/v2.0/extensions", extensions.index, ANYBODY),
    Route("GET", "/v2.0/extensions/{alias}", extensions.show, ANYBODY),
    *_noun(networks, "network", "networks"),
    *_noun(subnets, "subnet", "subnets", creating=ANYBODY),
    *_noun(ports, "port", "ports", creating=ANYBODY),
    *_noun(subnetpools, "subnetpool", "subnetpools"),
    *_noun(routers, "router", "routers"),
    Route("PUT", "/v2.0/routers/{router_id}/add_router_interface", routers.add_interface, "add_router_interface"),
    Route("PUT", "/v2.0/routers/{router_id}/remove_router_interface", routers.remove_interface, "remove_router_interface"),
    Route("PUT", "/v2.0/routers/{router_id}/add_extraroutes", routers.add_routes, "add_extraroutes"),
    Route("PUT", "/v2.0/routers/{router_id}/remove_extraroutes", routers.remove_routes, "remove_extraroutes"),
    *_noun(floating_ips, "floatingip", "floatingips"),
    *_noun(security_groups, "security_group", "security-groups", list_tx="write"),
    Route("POST", "/v2.0/security-group-rules", security_group_rules.create, ANYBODY),
    Route("GET", "/v2.0/security-group-rules", security_group_rules.index, ANYBODY),
    Route("GET", "/v2.0/security-group-rules/{security_group_rule_id}", security_group_rules.show, ANYBODY),
    Route("DELETE", "/v2.0/security-group-rules/{security_group_rule_id}", security_group_rules.delete, ANYBODY),
    Route("GET", "/v2.0/quotas", quotas.index, ANYBODY),
    Route("GET", "/v2.0/quotas/tenant", quotas.own, ANYBODY),
    Route("GET", "/v2.0/quotas/{project_id}", quotas.show, ANYBODY),
    Route("GET", "/v2.0/quotas/{project_id}/default", quotas.defaults, ANYBODY),
    Route("GET", "/v2.0/quotas/{project_id}/details", quotas.details, ANYBODY),
    Route("PUT", "/v2.0/quotas/{project_id}", quotas.update, "update_quota"),
    Route("DELETE", "/v2.0/quotas/{project_id}", quotas.delete, "delete_quota"),
    Route("GET", "/v2.0/agents", operators.list_agents, ANYBODY),
    Route("GET", "/v2.0/agents/{agent_id}", operators.show_agent, "get_agent"),
    Route("GET", "/v2.0/availability_zones", operators.list_zones, "get_availability_zone"),
    Route("GET", "/v2.0/service-providers", operators.list_providers, "get_service_provider"),
    Route("GET", "/v2.0/network-ip-availabilities", operators.list_availability, ANYBODY),
    Route("GET", "/v2.0/network-ip-availabilities/{network_id}", operators.show_availability, "get_network_ip_availability"),
    *tags.routes("/v2.0/networks", "network", network_operations.get),
    *tags.routes("/v2.0/subnets", "subnet", subnet_operations.get),
    *tags.routes("/v2.0/ports", "port", port_operations.get),
    *tags.routes("/v2.0/subnetpools", "subnetpool", pool_operations.get),
    *tags.routes("/v2.0/routers", "router", router_operations.get),
    *tags.routes("/v2.0/floatingips", "floatingip", floating_operations.get),
    *tags.routes("/v2.0/security-groups", "security_group", group_operations.get),
]
