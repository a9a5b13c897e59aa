"""Version documents. https://docs.openstack.org/api-ref/network/v2/#api-versions"""

from __future__ import annotations

from ...kernel.http import Request, Response, ok

RESOURCES = {
    "network": "networks",
    "subnet": "subnets",
    "subnetpool": "subnetpools",
    "port": "ports",
    "router": "routers",
    "floatingip": "floatingips",
    "security_group": "security-groups",
    "security_group_rule": "security-group-rules",
    "quota": "quotas",
    "extension": "extensions",
    "availability_zone": "availability_zones",
    "agent": "agents",
    "network_ip_availability": "network-ip-availabilities",
}


async def list_versions(request: Request) -> Response:
    """The versions: one."""
    link = {"rel": "self", "href": request.url("/v2.0/")}
    return ok({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})


async def show_version(request: Request) -> Response:
    """What version 2.0 has."""
    resources = [
        {
            "name": name,
            "collection": path.replace("-", "_"),
            "links": [{"rel": "self", "href": request.url(f"/v2.0/{path}")}],
        }
        for name, path in RESOURCES.items()
    ]
    return ok({"resources": resources})
