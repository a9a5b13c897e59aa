"""What was once an extension. https://docs.openstack.org/api-ref/compute/#extensions-extensions-deprecated"""

from __future__ import annotations

from typing import Any

from ...kernel.errors import NotFound
from ...kernel.http import Request, Response, ok

_ALIASES: dict[str, str] = {
    "OS-DCF": "DiskConfig",
    "OS-EXT-AZ": "ExtendedAvailabilityZone",
    "OS-EXT-IPS": "ExtendedIps",
    "OS-EXT-IPS-MAC": "ExtendedIpsMac",
    "OS-EXT-SRV-ATTR": "ExtendedServerAttributes",
    "OS-EXT-STS": "ExtendedStatus",
    "OS-FLV-DISABLED": "FlavorDisabled",
    "OS-FLV-EXT-DATA": "FlavorExtraData",
    "OS-SCH-HNT": "SchedulerHints",
    "OS-SRV-USG": "ServerUsage",
    "os-aggregates": "Aggregates",
    "os-attach-interfaces": "AttachInterfaces",
    "os-availability-zone": "AvailabilityZone",
    "os-block-device-mapping-v2-boot": "BlockDeviceMappingV2Boot",
    "os-config-drive": "ConfigDrive",
    "os-console-output": "ConsoleOutput",
    "os-create-server-ext": "Createserverext",
    "os-extended-volumes": "ExtendedVolumes",
    "os-flavor-access": "FlavorAccess",
    "os-flavor-extra-specs": "FlavorExtraSpecs",
    "os-flavor-manage": "FlavorManage",
    "os-hosts": "Hosts",
    "os-hypervisors": "Hypervisors",
    "os-instance-actions": "InstanceActions",
    "os-keypairs": "Keypairs",
    "os-lock-server": "LockServer",
    "os-migrations": "Migrations",
    "os-multiple-create": "MultipleCreate",
    "os-quota-class-sets": "QuotaClasses",
    "os-quota-sets": "Quotas",
    "os-security-groups": "SecurityGroups",
    "os-server-diagnostics": "ServerDiagnostics",
    "os-server-groups": "ServerGroups",
    "os-server-list-multi-status": "ServerListMultiStatus",
    "os-server-password": "ServerPassword",
    "os-server-sort-keys": "ServerSortKeys",
    "os-server-start-stop": "ServerStartStop",
    "os-services": "Services",
    "os-simple-tenant-usage": "SimpleTenantUsage",
    "os-used-limits": "UsedLimits",
    "os-user-data": "UserData",
    "os-volume-attachment-update": "VolumeAttachmentUpdate",
}
"""Upstream's aliases and names of what works here."""


def _view(alias: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "name": _ALIASES[alias],
        "description": f"{_ALIASES[alias]}.",
        "links": [],
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
    }


async def index(request: Request) -> Response:
    """All of them."""
    return ok({"extensions": [_view(alias) for alias in _ALIASES]})


async def show(request: Request, alias: str) -> Response:
    """One."""
    if alias not in _ALIASES:
        raise NotFound(f"There is no extension {alias}.")
    return ok({"extension": _view(alias)})
