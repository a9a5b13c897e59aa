"""Programs that outlive us: started detached, found again after our own restart, stopped only if they are surely ours.

A daemon gets its own session, no pipe to us, and `init` as its parent, so that killing our process does not touch it. Its
pidfile holds three words: process id, start time in clock ticks since boot, boot id. Together they name one process for ever;
a process id that was given to somebody else is never taken for the daemon, let alone killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Literal

from msgspec import Struct

from .process import run

# The shell writes the pidfile before it becomes the daemon: there is no moment at which the daemon runs unknown.
# Field 22 of /proc/self/stat is the start time, which exec keeps (proc(5)).
_LAUNCH = """
pidfile=$1 log=$2; shift 2
read -r boot </proc/sys/kernel/random/boot_id
read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/self/stat
printf '%s %s %s\\n' "$pid" "$start" "$boot" >"$pidfile.new" && mv "$pidfile.new" "$pidfile"
exec </dev/null >>"$log" 2>&1
cd / && exec "$@"
"""

_LONGEST_SOCKET = 107  # unix(7): sun_path, with its final zero, has 108 bytes


class DaemonFailed(Exception):
    """A daemon ended, or was not ready in time; the message has the end of its log."""


class Daemon(Struct, frozen=True, kw_only=True):
    """One detached program. Calls for the same daemon must not overlap.

    `argv` must stay in the foreground and must not fork itself away; wrappers that end in exec are fine (`unshare`, `env`).
    `ready` is a Unix socket that accepts connections once the daemon works, with the daemon's process id for "{pid}"; None: it
    is ready when it runs. `netns` is the name of a network namespace under /run/netns. `env` is added to our own environment.
    `patience` and `grace` are in seconds: how long it may take to get ready, and to end after SIGTERM before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    pidfile: Path
    log: Path
    ready: Path | None = None
    netns: str | None = None
    env: dict[str, str] = {}
    patience: float = 15
    grace: float = 5

    async def ensure_running(self) -> Literal["started", "running"]:
        """Start the daemon unless it runs, and wait until it is ready. Raises DaemonFailed; nothing keeps running then."""
        if self.ready is not None and len(str(self.ready)) > _LONGEST_SOCKET:
            raise DaemonFailed(f"{self.name} cannot work: its socket's path is longer than {_LONGEST_SOCKET} bytes: {self.ready}")
        found: Literal["started", "running"] = "running"
        pause = 0.005
        try:
            async with asyncio.timeout(self.patience):
                while not (self.alive() and self._is_ready()):
                    if not self.alive():
                        self._refuse_second_start(found)
                        await self._launch()
                        found = "started"
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, 0.1)
        except TimeoutError:
            await self.stop()
            raise DaemonFailed(f"{self.name} was not ready after {self.patience:g} s: {self._last_words()}") from None
        return found

    def alive(self) -> bool:
        """Whether the daemon runs, ready or not."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """The daemon's process id, if it runs."""
        identity = _read_identity(self.pidfile)
        return identity.pid if identity and identity == _identity_of(identity.pid) else None

    async def stop(self) -> None:
        """Ask the daemon to end, kill it after `grace` seconds, and remove its pidfile. Done already if it does not run."""
        identity = _read_identity(self.pidfile)
        if identity is not None:
            await _end(identity, self.grace)
        self.pidfile.unlink(missing_ok=True)

    async def _launch(self) -> None:
        self.pidfile.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.pidfile.unlink(missing_ok=True)
        inside = ("nsenter", f"--net=/run/netns/{self.netns}", "--") if self.netns else ()
        shell = ("sh", "-c", _LAUNCH, self.name, str(self.pidfile.absolute()), str(self.log.absolute()))
        # What setsid --fork leaves behind has no parent but init, which reaps it. `run` reads until the shell lets go of
        # our pipe, and by then the pidfile is written.
        await run("setsid", "--fork", *shell, *inside, *self.argv, env={**os.environ, **self.env})

    def _refuse_second_start(self, found: Literal["started", "running"]) -> None:
        if found == "started":
            raise DaemonFailed(f"{self.name} ended at once: {self._last_words()}")

    def socket(self) -> Path | None:
        """Where `ready` is now; None if there is no such socket, or the daemon does not run."""
        pid = self.pid()
        return Path(str(self.ready).replace("{pid}", str(pid))) if self.ready and pid else None

    def _is_ready(self) -> bool:
        path = self.socket()
        return self.ready is None or (path is not None and accepts(path))

    def _last_words(self) -> str:
        try:
            return self.log.read_bytes()[-1000:].decode(errors="replace").strip() or "its log is empty"
        except FileNotFoundError:
            return "it has no log"


class _Identity(Struct, frozen=True):
    pid: int
    start: str
    boot: str


def accepts(path: Path) -> bool:
    """Whether something accepts connections on the Unix socket `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _read_identity(pidfile: Path) -> _Identity | None:
    try:
        pid, start, boot = pidfile.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return _Identity(int(pid), start, boot) if pid.isdigit() else None


def _identity_of(pid: int) -> _Identity | None:
    """Who has this process id now; None if nobody has, or only a dead process that waits for its parent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat[stat.rindex(")") + 2 :].split()
    return None if state in "ZX" else _Identity(pid, fields[18], _boot_id())


async def _end(identity: _Identity, grace: float) -> None:
    """End exactly this process. The descriptor pins the process before we look who it is: no window for a reused id."""
    try:
        process = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return
    try:
        if _identity_of(identity.pid) != identity:
            return
        ended = _readable(process)
        signal.pidfd_send_signal(process, signal.SIGTERM)
        done, _ = await asyncio.wait([ended], timeout=grace)
        if not done:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            await ended
    except ProcessLookupError:
        return
    finally:
        asyncio.get_running_loop().remove_reader(process)
        os.close(process)


def _readable(descriptor: int) -> asyncio.Future[None]:
    """A future that is done once `descriptor` can be read: for a pidfd, once the process has ended (pidfd_open(2))."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        loop.remove_reader(descriptor)
        if not future.done():
            future.set_result(None)

    loop.add_reader(descriptor, settle)
    return future
