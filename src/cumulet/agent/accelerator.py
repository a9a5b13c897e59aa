"""Whether guests run on the processor (KVM) or are emulated (TCG). Found out by doing: capabilities and /dev/kvm may lie.

A boot sector that writes two letters to the serial port must do so within five seconds under `-accel kvm`. The answer holds
until the machine boots again, and is kept in the state folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from cumulet.kernel.process import CommandFailed, run

log = logging.getLogger(__name__)

VirtType = Literal["kvm", "qemu"]
"""libvirt's names: `qemu` is TCG."""

EMULATOR = "/usr/bin/qemu-system-x86_64"
_PATIENCE = 5.0  # seconds
_EXIT_PORT = 0xF4


def boot_sector() -> bytes:
    """512 bytes that write "OK" and a newline to the serial port 0x3f8, tell QEMU to end if it listens, and halt for ever."""
    code = bytes.fromhex("baf803")  # mov dx, 0x3f8
    for letter in b"OK\r\n":
        code += bytes((0xB0, letter, 0xEE))  # mov al, letter; out dx, al
    code += bytes((0xE6, _EXIT_PORT))  # out exit port, al
    code += bytes.fromhex("fa f4 ebfc")  # cli; hlt; again
    return code.ljust(510, b"\0") + b"\x55\xaa"


class _Known(Struct, frozen=True):
    boot_id: str
    virt_type: VirtType


async def choose(state: Path) -> VirtType:
    """The accelerator to use on this machine."""
    boot_id = _read(Path("/proc/sys/kernel/random/boot_id"))
    memory = state / "accelerator.json"
    known = _recall(memory)
    if known is not None and known.boot_id == boot_id:
        return known.virt_type
    found = await _find(state)
    memory.write_bytes(msgspec.json.encode(_Known(boot_id, found)))
    return found


async def _find(state: Path) -> VirtType:
    if not has_virtualization(_read(Path("/proc/cpuinfo"))):
        log.warning("the processor has neither vmx nor svm: guests are emulated, and slow")
    elif not os.access("/dev/kvm", os.R_OK | os.W_OK):
        log.warning("/dev/kvm cannot be used: guests are emulated, and slow")
    elif not await works(state, "kvm"):
        log.warning("/dev/kvm is there and runs nothing: guests are emulated, and slow")
    else:
        return "kvm"
    return "qemu"


def has_virtualization(cpuinfo: str) -> bool:
    """Whether /proc/cpuinfo's flags have Intel's or AMD's virtualization."""
    flags = {flag for line in cpuinfo.splitlines() if line.startswith("flags") for flag in line.split()}
    return bool(flags & {"vmx", "svm"})


async def works(state: Path, accelerator: str) -> bool:
    """Whether a guest writes to its serial port within five seconds under `-accel accelerator`."""
    payload, serial = state / "accelerator.img", state / "accelerator.out"
    payload.write_bytes(boot_sector())
    machine = ("-machine", "pc", "-accel", accelerator, "-m", "16", "-nodefaults", "-display", "none", "-no-reboot")
    devices = ("-device", f"isa-debug-exit,iobase={_EXIT_PORT:#x},iosize=1", "-serial", f"file:{serial}")
    drive = ("-drive", f"file={payload},format=raw,if=ide,snapshot=on")
    try:
        with contextlib.suppress(CommandFailed, TimeoutError):  # the exit port ends QEMU with a status that is never 0
            await run(EMULATOR, *machine, *devices, *drive, timeout=_PATIENCE)
        return b"OK" in await asyncio.to_thread(serial.read_bytes)
    except FileNotFoundError:
        return False
    finally:
        for left in (payload, serial):
            left.unlink(missing_ok=True)


def _recall(path: Path) -> _Known | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Known)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _read(path: Path) -> str:
    return path.read_text().strip()
