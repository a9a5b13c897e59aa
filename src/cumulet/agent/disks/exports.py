"""Block images in Ceph, as guests reach them: through a daemon for each, by NBD on a Unix socket.

QEMU runs in a network namespace from which no cluster can be reached, so `qemu-storage-daemon` (in Debian's qemu-system-common and
qemu-block-extra) opens the image outside of it. It outlives the agent as its guest does. When it has died, the guest's QEMU waits
and connects to the next one; nothing is lost, because it has no cache: what was answered is in the cluster.
https://www.qemu.org/docs/master/tools/qemu-storage-daemon.html
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from cumulet.kernel.ceph.client import Client
from cumulet.kernel.daemons import Daemon, DaemonFailed

from ..refusals import Refusal
from .shelves.block import address
from .shelves.choosing import Shelves

NAME = "root"
"""What an exporter calls what it exports."""

_NAMED = 12  # characters of a hash: sockets' paths are short
_PROGRAM = "qemu-storage-daemon"


def folder_of(state: Path) -> Path:
    """Where the exporters' files are, below the agent's state folder."""
    return state / "exports"


def socket_of(folder: Path, path: str) -> Path:
    """The socket on which the block image with this path is exported."""
    return folder / f"{hashlib.sha256(path.encode()).hexdigest()[:_NAMED]}.sock"


class Exports:
    """The exporters of this host."""

    def __init__(self, state: Path, ceph: Client, shelves: Shelves) -> None:
        self._folder = folder_of(state)
        self._conf = self._folder / "ceph.conf"
        self._ceph = ceph
        self._shelves = shelves

    async def serve(self, path: str) -> bool:
        """Export a block image; False if it is already. Raises Refusal: in_use if somebody else has it open, failed."""
        daemon = self._daemon(path)
        if not daemon.alive():
            await asyncio.to_thread(self._configure)
            await self._shelves.block_of(path).wait_until_free(path)
        try:
            return await daemon.ensure_running() == "started"
        except DaemonFailed as problem:
            raise Refusal("The root disk in Ceph cannot be opened on the host.", internal=str(problem)) from None

    async def stop(self, path: str) -> None:
        """Close it; done already if it is not exported."""
        daemon = self._daemon(path)
        await daemon.stop()
        for litter in (daemon.log, socket_of(self._folder, path)):
            litter.unlink(missing_ok=True)

    async def opened_by_qemu(self, path: str) -> dict[str, str]:
        """A block image in the words of QEMU's options, which can be used now."""
        await asyncio.to_thread(self._configure)
        return self._options(path)

    def _options(self, path: str) -> dict[str, str]:
        at = address(path)
        return {"driver": "rbd", "pool": at.pool, "image": at.image, "conf": str(self._conf), "user": self._ceph.user}

    def _configure(self) -> None:
        """Write Ceph's file with the user's keyring in it: QEMU has no option for that."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lines = ["", f"[client.{self._ceph.user}]", f"keyring = {self._ceph.keyring}", ""] if self._ceph.keyring else []
        new = self._conf.with_suffix(".new")
        new.write_text(Path(self._ceph.conf).read_text() + "\n".join(lines))
        new.replace(self._conf)

    def _daemon(self, path: str) -> Daemon:
        place = socket_of(self._folder, path)
        opened = self._options(path)
        # Without a cache (librbd's too) a write is answered when it is in the cluster: an exporter that is killed loses nothing.
        node = {**opened, "node-name": NAME, "discard": "unmap", "cache": {"direct": True}}
        export = f"type=nbd,id={NAME},node-name={NAME},name={NAME},writable=on"
        server = ("--nbd-server", f"addr.type=unix,addr.path={place}")
        return Daemon(
            name=f"exporter of {address(path).image}",
            argv=(_PROGRAM, "--blockdev", json.dumps(node), *server, "--export", export),
            pidfile=place.with_suffix(".pid"),
            log=place.with_suffix(".log"),
            ready=place,
        )
