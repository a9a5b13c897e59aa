"""Network namespaces by name, as `ip netns` keeps them under /run/netns (ip-netns(8))."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cumulet.kernel.process import CommandFailed, run

_T = TypeVar("_T")
_FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000


async def ensure(name: str) -> bool:
    """Make the namespace unless it exists, with its loopback up; whether it was made."""
    if exists(name):
        return False
    # A crash leaves a plain file where the namespace was to be mounted; it holds nothing.
    stale = _FOLDER / name
    await asyncio.to_thread(stale.unlink, missing_ok=True)
    await run("ip", "netns", "add", name)
    await batch(name, ["link set lo up"])
    return True


async def remove(name: str) -> None:
    """Delete the namespace with every device in it. Done already if there is none."""
    if (_FOLDER / name).exists():
        await run("ip", "netns", "del", name)


def exists(name: str) -> bool:
    """Whether there is a namespace of this name."""
    try:
        return os.stat(_FOLDER / name).st_dev != os.stat(_FOLDER).st_dev
    except FileNotFoundError:
        return False


def is_inside(pid: int, name: str) -> bool:
    """Whether the process lives in the namespace of this name."""
    try:
        ours, theirs = os.stat(_FOLDER / name), os.stat(f"/proc/{pid}/ns/net")
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)


async def batch(name: str, lines: Iterable[str]) -> None:
    """Give `ip` several commands at once in the namespace. Raises CommandFailed at the first that fails."""
    await run("ip", "-n", name, "-batch", "-", stdin="\n".join(lines).encode())


async def links(name: str) -> set[str]:
    """The names of the devices in the namespace."""
    return {link for _, link in await inside(name, socket.if_nameindex)}


async def delete_link(name: str, device: str) -> None:
    """Delete a device, and with one end of a cable the other. Done already if it is not there."""
    if device not in await links(name):
        return
    try:
        await batch(name, [f"link del dev {device}"])
    except CommandFailed:
        # The kernel takes the devices of a dead namespace away in its own time; it may have been quicker.
        if device in await links(name):
            raise


async def checksums_in_software(name: str, devices: Iterable[str]) -> None:
    """Make devices hand over packets with finished checksums: the userspace datapath forwards them as they are."""
    for device in devices:
        await run("nsenter", f"--net={_FOLDER / name}", "ethtool", "-K", device, "tx", "off")


async def inside(name: str, function: Callable[[], _T]) -> _T:
    """The result of `function`, called in a thread of its own that has entered the namespace. The thread ends with it."""

    def call() -> _T:
        descriptor = os.open(_FOLDER / name, os.O_RDONLY)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {name}")
        finally:
            os.close(descriptor)
        return function()

    thread = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, call)
    finally:
        thread.shutdown(wait=False)
