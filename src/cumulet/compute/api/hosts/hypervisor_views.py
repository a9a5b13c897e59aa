"""How hypervisors are written, in each version."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ....kernel import clock
from ....kernel.http import Version
from ...operations.hosts import Known, Load, Resident

UUIDS = Version(2, 53)
SERVERS_EVEN_IF_NONE = Version(2, 75)
CPU_INFO_IS_AN_OBJECT = Version(2, 28)
UPTIME_INSTEAD_OF_FIGURES = Version(2, 88)
FIGURES = (
    *("vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used", "free_ram_mb", "free_disk_gb"),
    *("current_workload", "running_vms", "disk_available_least"),
)


class Seen(Struct, frozen=True):
    """A host at a moment, in seconds since the epoch; `servers` is None unless the request asked for them."""

    known: Known
    now: float
    servers: list[Resident] | None = None


def brief(seen: Seen, version: Version | None) -> dict[str, Any]:
    """A hypervisor in a list."""
    version, known = version or UPTIME_INSTEAD_OF_FIGURES, seen.known
    shown: dict[str, Any] = {
        "id": known.host.id if version >= UUIDS else known.service.sequence,
        "hypervisor_hostname": known.host.hostname,
        "state": "up" if known.up(seen.now) else "down",
        "status": "enabled" if known.host.enabled else "disabled",
    }
    if seen.servers or (seen.servers is not None and version >= SERVERS_EVEN_IF_NONE):
        shown["servers"] = [{"name": server.name, "uuid": server.id} for server in seen.servers]
    return shown


def detailed(seen: Seen, load: Load, version: Version | None) -> dict[str, Any]:
    """A hypervisor in full."""
    version, known = version or UPTIME_INSTEAD_OF_FIGURES, seen.known
    shown = brief(seen, version)
    facts, service = known.host.facts, known.service
    shown |= {
        "hypervisor_type": facts.hypervisor_type,
        "hypervisor_version": facts.hypervisor_version,
        "host_ip": facts.address,
        "service": {
            "id": service.id if version >= UUIDS else service.sequence,
            "host": known.host.hostname,
            "disabled_reason": known.host.disabled_reason,
        },
    }
    if version >= UPTIME_INSTEAD_OF_FIGURES:
        return {**shown, "uptime": uptime_of(seen)}
    info: Any = {"arch": facts.cpu_arch, "model": facts.cpu_model, "features": facts.cpu_features}
    if version < CPU_INFO_IS_AN_OBJECT:
        info = msgspec.json.encode(info).decode()
    return {**shown, **figures(known, load), "cpu_info": info}


def figures(known: Known, load: Load) -> dict[str, int]:
    """What a host has, and how much of it is used. Memory in MiB, disk in GiB."""
    facts = known.host.facts
    memory, disk = load.used("MEMORY_MB"), load.used("DISK_GB")
    return {
        "vcpus": facts.vcpus + len(facts.dedicated_cpus),
        "memory_mb": facts.memory_mb,
        "local_gb": facts.disk_gb,
        "vcpus_used": load.used("VCPU") + load.used("PCPU"),
        "memory_mb_used": memory,
        "local_gb_used": disk,
        "free_ram_mb": facts.memory_mb - memory,
        "free_disk_gb": facts.disk_gb - disk,
        "current_workload": load.busy,
        "running_vms": len(load.servers),
        "disk_available_least": facts.free_disk_gb,
    }


def uptime_of(seen: Seen) -> str | None:
    """For how long a host has been running, in words like those of `uptime`; None if nobody knows."""
    booted_at = seen.known.host.facts.booted_at
    if not booted_at or not seen.known.up(seen.now):
        return None
    minutes = int(seen.now - booted_at) // 60
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    since = f"{days} day{'' if days == 1 else 's'}, " if days else ""
    return f" {clock.stamp(seen.now)[11:19]} up {since}{hours:2}:{minutes % 60:02}"
