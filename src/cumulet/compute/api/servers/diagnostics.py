"""Diagnostics. https://docs.openstack.org/api-ref/compute/#servers-diagnostics-servers-diagnostics"""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request, Response, Version, ok
from ...operations.servers import diagnostics, reading
from ...operations.servers.diagnostics import Diagnostics

STANDARD = Version(2, 48)


async def show(request: Request, server_id: str) -> Response:
    """What is known of a guest; null is not known."""
    server = await reading.get(request.tx, request.actor, server_id)
    found = await diagnostics.of_server(request.tx, server)
    return ok(_standard(found) if (request.version or STANDARD) >= STANDARD else _old(found))


def _standard(d: Diagnostics) -> dict[str, Any]:
    disk = {"read_bytes": None, "read_requests": None, "write_bytes": None, "write_requests": None, "errors_count": None}
    traffic = ("octets", "packets", "drop", "errors", "rate")
    nic = {f"{way}_{what}": None for way in ("rx", "tx") for what in traffic}
    return {
        "state": d.state,
        "driver": "libvirt",
        "hypervisor": "qemu",
        "hypervisor_os": "linux",
        "uptime": None,
        "config_drive": d.config_drive,
        "num_cpus": d.vcpus,
        "num_disks": len(d.devices),
        "num_nics": len(d.macs),
        "memory_details": {"maximum": d.memory_mb, "used": None},
        "cpu_details": [{"id": at, "time": None, "utilisation": None} for at in range(d.vcpus)],
        "disk_details": [disk for _ in d.devices],
        "nic_details": [{"mac_address": mac, **nic} for mac in d.macs],
    }


def _old(d: Diagnostics) -> dict[str, Any]:
    """Before it was the same everywhere, each hypervisor answered what it liked."""
    return {"memory": d.memory_mb * 1024, "memory-actual": d.memory_mb * 1024, "cpus": d.vcpus, "disks": d.devices, "nics": d.macs}
