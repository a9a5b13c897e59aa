"""Every host as filters see it: what it is, what its aggregates say, and, if somebody asks, what is free there now."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Tx
from ....placement.operations import claims, hosts
from ....placement.operations.claims import Figures
from ....placement.operations.hosts import Host
from ...rules.scheduling.capabilities import Attributes
from ...rules.scheduling.filters import Marks, Place
from ...store import aggregates, services
from ...store.services import Counted

_NOTHING = Figures(0, 0, 1.0, 0)


async def everywhere(tx: Tx, marks: dict[str, Marks], closer: bool) -> list[Place]:
    """Every host, with its attributes if `closer`."""
    known = await hosts.list(tx)
    attributes = await _attributes(tx, known) if closer else {}
    return [
        Place(
            host.id,
            host.hostname,
            host.zone,
            host.facts.cpu_arch,
            frozenset((host.facts.hypervisor_type.lower(), host.facts.virt_type.lower())),
            marks.get(host.id, {}),
            host.facts.address,
            attributes.get(host.id, {}),
        )
        for host in known
    ]


async def marks(tx: Tx) -> dict[str, Marks]:
    """What the aggregates of each host say; empty if no aggregate says anything."""
    telling = {
        found.id: found.metadata for found in await aggregates.all_of_them(tx) if found.metadata.keys() - {"availability_zone"}
    }
    if not telling:
        return {}
    found: dict[str, Marks] = {}
    for aggregate_id, members in (await aggregates.hosts(tx)).items():
        for host_id in members if aggregate_id in telling else ():
            for key, value in telling[aggregate_id].items():
                found.setdefault(host_id, {}).setdefault(key, set()).update(part.strip() for part in value.split(","))
    return found


async def _attributes(tx: Tx, known: list[Host]) -> dict[str, Attributes]:
    ids = [host.id for host in known]
    figures, counted = await claims.usages(tx, ids), await services.counted(tx, ids)
    return {host.id: _of(host, figures[host.id], counted.get(host.id, Counted(host.id, 0, 0, 0))) for host in known}


def _of(host: Host, figures: dict[str, Figures], counted: Counted) -> dict[str, Any]:
    """By upstream's names; memory in MiB, disk in MiB and GiB as the names say."""
    facts = host.facts
    cpus, memory, disk = (figures.get(name, _NOTHING) for name in ("VCPU", "MEMORY_MB", "DISK_GB"))
    return {
        **dict.fromkeys(("host", "nodename", "hypervisor_hostname"), host.hostname),
        "uuid": host.id,
        "host_ip": facts.address,
        "hypervisor_type": facts.hypervisor_type,
        "hypervisor_version": facts.hypervisor_version,
        "cpu_info": {"arch": facts.cpu_arch, "model": facts.cpu_model, "features": facts.cpu_features},
        "vcpus_total": cpus.total,
        "vcpus_used": cpus.used,
        "total_usable_ram_mb": memory.total,
        "free_ram_mb": _free(memory),
        "total_usable_disk_gb": disk.total,
        "free_disk_mb": _free(disk) * 1024,
        "disk_mb_used": disk.used * 1024,
        "num_instances": counted.servers,
        "num_io_ops": counted.busy,
        "failed_builds": counted.failed_builds,
        "cpu_allocation_ratio": cpus.ratio,
        "ram_allocation_ratio": memory.ratio,
        "disk_allocation_ratio": disk.ratio,
    }


def _free(figures: Figures) -> int:
    """What is neither claimed nor kept, whatever the ratio; upstream's meaning."""
    return figures.total - figures.kept - figures.unmanaged - figures.used
