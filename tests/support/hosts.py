"""Hosts that register: the agent's side of placement's registry, without an agent."""

from __future__ import annotations

from typing import Any

from cumulet.contract.commands import HostFacts
from cumulet.contract.reports import Heartbeat, Register, Welcome
from cumulet.kernel.db import Tx
from cumulet.kernel.ids import derived_uuid
from cumulet.placement.operations import hosts

PROJECT, USER = "a-project", "a-user"


def host_id(name: str) -> str:
    """The id of the test's host of this name."""
    return derived_uuid("host", name)


def facts(name: str = "h1", **changes: Any) -> HostFacts:
    """A host with 8 CPUs, 16 GiB and a disk of 100 GiB."""
    plain: dict[str, Any] = {
        "host_id": host_id(name),
        "fingerprint": f"hardware of {name}",
        "hostname": name,
        "hypervisor_type": "QEMU",
        "hypervisor_version": 7002000,
        "virt_type": "kvm",
        "cpu_arch": "x86_64",
        "cpu_model": "EPYC",
        "cpu_features": ["sse4.1", "aes", "avx2", "a-new-one"],
        "vcpus": 8,
        "memory_mb": 16384,
        "disk_gb": 100,
        "free_memory_mb": 16000,
        "free_disk_gb": 90,
    }
    return HostFacts(**{**plain, **changes})


def registration(
    name: str = "h1", instance: str = "agent-1", last_counter: int = 0, last_lease: str = "", **changes: Any
) -> Register:
    """What the agent of a host says when it starts."""
    return Register(facts(name, **changes), instance, last_counter, last_lease)


def beat(name: str = "h1", instance: str = "agent-1", **changes: Any) -> Heartbeat:
    """What it says every few seconds."""
    plain: dict[str, Any] = {"guests": [], "free_memory_mb": 15900, "free_disk_gb": 80}
    return Heartbeat(host_id(name), instance, **{**plain, **changes})


async def add_host(tx: Tx, name: str = "h1", **changes: Any) -> str:
    """Register a host for the first time and return its id."""
    answer = await hosts.register(tx, registration(name, **changes))
    assert isinstance(answer, Welcome), answer
    return host_id(name)
