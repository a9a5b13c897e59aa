"""What operators look at: hosts as agents, availability zones, how many addresses are left.

https://docs.openstack.org/api-ref/network/v2/#agents
"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import NotFound
from ...kernel.http import Request, Response, ok
from ..operations import availability, hosts
from ..operations.availability import NetworkFigures
from ..operations.hosts import Agent


def _agent(agent: Agent) -> dict[str, Any]:
    seconds = agent.heartbeat_at[:19].replace("T", " ")
    return {
        "id": agent.id,
        "agent_type": "OVN Controller agent",
        "binary": "ovn-controller",
        "host": agent.hostname,
        "topic": "n/a",
        "availability_zone": agent.zone,
        "admin_state_up": True,
        "alive": agent.alive,
        "description": "",
        "resources_synced": None,
        "configurations": {},
        "created_at": agent.registered_at[:19].replace("T", " "),
        "started_at": agent.registered_at[:19].replace("T", " "),
        "heartbeat_timestamp": seconds,
    }


async def list_agents(request: Request) -> Response:
    """List the hosts' network agents; nobody but administrators sees any."""
    allowed = request.allows("get_agent")
    found = [_agent(agent) for agent in await hosts.agents(request.tx)] if allowed else []
    asked = {name: values for name, values in request.query.items() if name in ("host", "agent_type", "binary", "id")}
    return ok({"agents": [agent for agent in found if all(agent[name] in values for name, values in asked.items())]})


async def show_agent(request: Request, agent_id: str) -> Response:
    """Show one."""
    found = next((agent for agent in await hosts.agents(request.tx) if agent.id == agent_id), None)
    if found is None:
        raise NotFound(f"Agent {agent_id} could not be found", code="AgentNotFound")
    return ok({"agent": _agent(found)})


async def list_providers(request: Request) -> Response:
    """The providers of services beside the core: none."""
    return ok({"service_providers": []})


async def list_zones(request: Request) -> Response:
    """List the availability zones."""
    zone = request.parts.wiring.availability_zone
    found = [{"name": zone, "resource": resource, "state": "available"} for resource in ("network", "router")]
    return ok({"availability_zones": found})


def _availability(figures: NetworkFigures) -> dict[str, Any]:
    network = figures.network
    return {
        "network_id": network.id,
        "network_name": network.name,
        "project_id": network.project_id,
        "tenant_id": network.project_id,
        "total_ips": sum(figure.total for figure in figures.subnets),
        "used_ips": sum(figure.used for figure in figures.subnets),
        "subnet_ip_availability": [
            {
                "subnet_id": figure.subnet.id,
                "subnet_name": figure.subnet.name,
                "cidr": figure.subnet.cidr,
                "ip_version": figure.subnet.ip_version,
                "total_ips": figure.total,
                "used_ips": figure.used,
            }
            for figure in figures.subnets
        ],
    }


async def list_availability(request: Request) -> Response:
    """How many addresses each network has, and how many are taken; nobody but administrators sees any."""
    if not request.allows("get_network_ip_availability"):
        return ok({"network_ip_availabilities": []})
    names = ("network_id", "network_name", "project_id", "tenant_id")
    asked = {name: values for name, values in request.query.items() if name in names}
    found = [_availability(figures) for figures in await availability.figures(request.tx, request.actor)]
    matching = [item for item in found if all(item[name] in values for name, values in asked.items())]
    return ok({"network_ip_availabilities": matching})


async def show_availability(request: Request, network_id: str) -> Response:
    """The same of one network."""
    found = await availability.figures_of(request.tx, request.actor, network_id)
    return ok({"network_ip_availability": _availability(found)})
