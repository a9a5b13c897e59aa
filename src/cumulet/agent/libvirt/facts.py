"""What the machine is and has, read from the operating system and from libvirt."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as xml

from msgspec import Struct
from msgspec.structs import replace

from cumulet.kernel.process import run

from .devices import Surroundings

if TYPE_CHECKING:
    from .connection import Connection


class Hypervisor(Struct, frozen=True):
    """`version` is QEMU's, as libvirt writes it; model and features are what guests get."""

    version: int
    cpu_model: str
    cpu_features: list[str]


# What QEMU's model qemu64, the one that emulated guests get, has of what guests ask for.
_EMULATED = Hypervisor(0, "qemu64", ["cx16", "fxsr", "lm", "mmx", "nx", "pni", "sse", "sse2", "syscall"])


async def hypervisor(connection: Connection, around: Surroundings) -> Hypervisor:
    """What QEMU and the processor offer to guests. Asks about the one emulator in use: to ask libvirt about all takes seconds."""
    version = qemu_version((await run(around.emulator, "--version")).decode())
    if around.virt_type == "qemu":
        return replace(_EMULATED, version=version)
    return Hypervisor(version, host_model(await capabilities(connection, around)), _own_features())


async def capabilities(connection: Connection, around: Surroundings) -> str:
    """libvirt's domain capabilities of the emulator in use, as XML. Raises Refusal."""
    question = (around.emulator, None, "q35", around.virt_type)
    return await connection.run(lambda libvirt: str(libvirt.getDomainCapabilities(*question)))


def qemu_version(said: str) -> int:
    """libvirt's number for `QEMU emulator version 7.2.22 (…)`: 7002022."""
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    major, minor, micro = map(int, found.groups()) if found else (0, 0, 0)
    return major * 1_000_000 + minor * 1000 + micro


def host_model(described: str) -> str:
    """The processor model that guests get, from libvirt's domain capabilities."""
    return xml.fromstring(described).findtext("cpu/mode[@name='host-model']/model") or "unknown"


def _own_features() -> list[str]:
    return processor_features(Path("/proc/cpuinfo").read_text())


def processor_features(cpuinfo: str) -> list[str]:
    """The flags of the first processor in /proc/cpuinfo, sorted."""
    for line in cpuinfo.splitlines():
        if line.startswith("flags"):
            return sorted(line.partition(":")[2].split())
    return []


def memory_mb(meminfo: str) -> tuple[int, int]:
    """Total and available memory in MiB, from the text of /proc/meminfo."""
    fields = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    total, free = (int(fields[name].split()[0]) // 1024 for name in ("MemTotal", "MemAvailable"))
    return total, free


def cached_mb(meminfo: str) -> int:
    """The page cache in MiB, from the text of /proc/meminfo."""
    fields = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    return sum(int(fields[name].split()[0]) for name in ("Cached", "Buffers") if name in fields) // 1024


def booted_at(stat: str) -> float:
    """When the machine was started, in seconds since the epoch, from the text of /proc/stat; 0 if it does not say."""
    found = re.search(r"^btime (\d+)$", stat, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def processors() -> list[int]:
    """The processors that guests can use."""
    return sorted(os.sched_getaffinity(0))


def architecture() -> str:
    """As uname says it."""
    return platform.machine()
