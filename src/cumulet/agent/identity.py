"""Who this host is: a UUID drawn once and kept in the agent's state folder, and a fingerprint of the hardware under it (C8).

A host's name is no part of its identity: it may change. The control plane refuses a second agent with the same UUID; the lock
here refuses a second agent on the same folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from msgspec import Struct

from cumulet.kernel.durable import sync
from cumulet.kernel.ids import is_uuid, new_uuid

from .refusals import Refusal

_HARDWARE = (
    Path("/sys/class/dmi/id/product_uuid"),
    Path("/sys/class/dmi/id/board_serial"),
    Path("/etc/machine-id"),
)


class Identity(Struct, frozen=True):
    """`fingerprint` is a SHA-256 in hexadecimal. Keep the object: it holds the lock on the state folder."""

    host_id: str
    fingerprint: str
    lock: int


def claim_identity(state: Path, hardware: tuple[Path, ...] = _HARDWARE) -> Identity:
    """This host's identity, made at the first call. Raises Refusal if another agent has it, or if it cannot be read."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(state / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Identity(_host_id(state / "host_id"), fingerprint(hardware), lock)
    except BlockingIOError:
        os.close(lock)
        raise Refusal(f"Another agent uses the folder {state}.") from None
    except BaseException:
        os.close(lock)
        raise


def release_identity(identity: Identity) -> None:
    """Let another agent use the folder."""
    os.close(identity.lock)


def fingerprint(hardware: tuple[Path, ...] = _HARDWARE) -> str:
    """A hash over what names this machine and its processor; unreadable parts count as empty."""
    parts = [_read(path) for path in hardware]
    parts += sorted({line for line in _read(Path("/proc/cpuinfo")).splitlines() if line.startswith("model name")})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _host_id(path: Path) -> str:
    if path.exists():
        kept = path.read_text().strip()
        if not is_uuid(kept):
            raise Refusal(f"{path} does not hold this host's UUID; restore it: a new one would be another host.")
        return kept
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(new_uuid() + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync(path.parent)
    return path.read_text().strip()


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_name(state: Path) -> str:
    """The name of the time since the machine's last boot, or since `forget_boot`: the same for every start of the agent in it."""
    file, machine = state / "boot", _read(_BOOT_ID)
    known = _read(file).split()
    if len(known) != 2 or known[0] != machine:
        known = [machine, new_uuid()]
        fresh = file.with_suffix(".new")
        fresh.write_text(" ".join(known))
        fresh.rename(file)
    return known[1]


def forget_boot(state: Path) -> None:
    """Everything on this host is about to be stopped: the next start is a new one."""
    (state / "boot").unlink(missing_ok=True)
