"""What a project may use, and does. https://docs.openstack.org/api-ref/compute/#limits-limits"""

from __future__ import annotations

from ....kernel.http import Request, Response, Version, ok
from ...operations import quotas
from .. import queries
from .resources import NO_INJECTED, hidden, without

POLICY = "os_compute_api:limits"
NO_IMAGE_METADATA = Version(2, 39)
_MOST = {
    "ram": "maxTotalRAMSize",
    "instances": "maxTotalInstances",
    "cores": "maxTotalCores",
    "key_pairs": "maxTotalKeypairs",
    "floating_ips": "maxTotalFloatingIps",
    "metadata_items": "maxServerMeta",
    "injected_files": "maxPersonality",
    "injected_file_content_bytes": "maxPersonalitySize",
    "security_groups": "maxSecurityGroups",
    "security_group_rules": "maxSecurityGroupRules",
    "server_groups": "maxServerGroups",
    "server_group_members": "maxServerGroupMembers",
}
_USED = {
    "ram": "totalRAMUsed",
    "cores": "totalCoresUsed",
    "instances": "totalInstancesUsed",
    "floating_ips": "totalFloatingIpsUsed",
    "security_groups": "totalSecurityGroupsUsed",
    "server_groups": "totalServerGroupsUsed",
}


async def index(request: Request) -> Response:
    """All of a project's limits; another project's, for administrators who ask for that."""
    queries.only(request, "tenant_id")
    asked = request.asked("tenant_id")
    if asked is not None:
        request.authorize(f"{POLICY}:other_project")
    version = request.version or NO_INJECTED
    found = without(await quotas.of_project(request.tx, asked or request.actor.project_id or ""), hidden(version))
    absolute = {_MOST[name]: quota.limit for name, quota in found.items() if name in _MOST}
    if version < NO_IMAGE_METADATA:
        absolute["maxImageMeta"] = absolute["maxServerMeta"]
    absolute |= {_USED[name]: quota.used for name, quota in found.items() if name in _USED}
    return ok({"limits": {"rate": [], "absolute": absolute}})
