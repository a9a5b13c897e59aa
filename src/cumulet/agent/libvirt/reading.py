"""What libvirt says of a guest, read back. Pure."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

from cumulet.kernel.ids import is_uuid

from .devices import alias
from .domain import name_of

# virDomainState and virDomainShutoffReason (libvirt-domain.h): no import, so that this can be read without the library.
_STATES = {1: "running", 2: "running", 3: "paused", 4: "running", 5: "shutdown", 6: "crashed", 7: "suspended"}
_SHUTOFF, _BECAUSE_CRASHED = 5, 3
ALIVE = ("running", "paused", "suspended")


def state_of(state: int, reason: int) -> str:
    """libvirt's state in the contract's words; 4 is a guest that is shutting down, and still runs."""
    if (state, reason) == (_SHUTOFF, _BECAUSE_CRASHED):
        return "crashed"
    return _STATES.get(state, "shutdown")


def server_of(name: str, uuid: str) -> str | None:
    """The server a domain belongs to; None if Cumulet did not make it."""
    return uuid if is_uuid(uuid) and name == name_of(uuid) else None


def has_device(definition: str, name: str) -> bool:
    """Whether a domain has the device that we call `name`."""
    wanted = alias(name)
    return any(found.get("name") == wanted for found in xml.fromstring(definition).iter("alias"))


def target_of(definition: str, path: str) -> str | None:
    """The target name of the disk with this file."""
    for disk in xml.fromstring(definition).iterfind("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is not None and target is not None and source.get("file") == path:
            return target.get("dev")
    return None


def disk_targets(definition: str) -> list[str]:
    """The target names of all disks."""
    return [target.get("dev", "") for target in xml.fromstring(definition).iterfind("devices/disk/target")]


def ports_of(definition: str) -> list[str]:
    """The ids of a domain's ports."""
    aliases = xml.fromstring(definition).iterfind("devices/interface/alias")
    return [found.get("name", "").removeprefix("ua-") for found in aliases if found.get("name", "").startswith("ua-")]


def process_id(pidfile: Path) -> int | None:
    """The process that libvirt has written down; it may have ended."""
    try:
        return int(pidfile.read_text())
    except (OSError, ValueError):
        return None


def proportional_mb(pid: int | None) -> int:
    """The memory of a guest's process in MiB, shared pages divided among those that share them; 0 if it does not run."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in rollup.splitlines() if ":" in line)
    return int(fields.get("Pss", "0 kB").split()[0]) // 1024


def resident_mb(pid: int | None) -> int:
    """The memory that a guest's process has, in MiB; 0 if it does not run."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(fields.get("VmRSS", "0 kB").split()[0]) // 1024
