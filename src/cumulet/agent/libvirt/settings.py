"""What may be chosen for a real host."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from ..accelerator import EMULATOR
from ..disks.disks import Settings as DiskSettings
from ..topology.specs import DeviceSpec


class HostSettings(Struct, frozen=True, kw_only=True):
    """One host.

    `state` keeps everything the host must remember; its path must be short, as a Unix socket's has at most 107 bytes. `netns`
    is the namespace in which the switch lives; guests run there too. `socket` names a libvirtd that somebody else runs; None:
    we run one. `devices` says which PCI devices guests may have,
    `cpu_shared_set` which processors they share, `cpu_dedicated_set` which ones a guest can have for itself; if both are empty,
    they share all. Times are in seconds.
    """

    state: Path
    netns: str | None = None
    hostname: str | None = None
    address: str = "127.0.0.1"
    virt_type: Literal["auto", "kvm", "qemu"] = "auto"
    emulator: Path = Path(EMULATOR)
    socket: Path | None = None
    detach_patience: float = 15.0
    disks: DiskSettings = DiskSettings()
    devices: list[DeviceSpec] = []
    cpu_shared_set: str = ""
    cpu_dedicated_set: str = ""
