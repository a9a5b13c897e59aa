"""A cloud with real guests, driven from outside as its users do: by the command line in processes of its own, and by the API."""

# ruff: noqa: ASYNC110
from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from cumulet.app import config
from cumulet.app.operator import clouds_yaml, process
from cumulet.app.operator.client import Client
from cumulet.app.operator.main_job import USER
from cumulet.kernel.daemons import Daemon
from cumulet.kernel.process import CommandFailed, run

from .killing import kill_9
from .tiny_guest import free_port

_OPTIONS = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=5")
_SSH = [f"-o{option}" for option in _OPTIONS]
BOOT_SECONDS = 120.0


class Said(Struct, frozen=True):
    """What a command printed on both its outputs, and the status with which it ended."""

    status: int
    text: str


class RealCloud:
    """One cloud. `options` are given to every command as CUMULET_<OPTION>; `image` is what `hello` boots."""

    def __init__(self, state: Path, image: Path | None = None, **options: object) -> None:
        self.options = {"port": free_port(socket.SOCK_STREAM), "namespace": state.name, **options}
        self.config = config.load(None, {}, state=state, **self.options)
        self.state = state
        self.image = image
        self.file: Path | None = None
        """The configuration file that commands are given, if any."""
        self.demo, self.admin = Client(self.config.url), Client(self.config.url)
        self.address = ""

    async def command(self, *words: str, prefix: tuple[str, ...] = (), seconds: float = 120, columns: int = 200) -> Said:
        """`cumulet WORDS --state …`, to its end. Raises TimeoutError; the command is killed then."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CUMULET_")}
        environment |= {f"CUMULET_{name.upper()}": str(value) for name, value in self.options.items()}
        argv = (*prefix, sys.executable, "-m", "cumulet.app.cli", *words, "--state", str(self.state))
        argv += ("--config", str(self.file)) if self.file else ()
        both = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
        child = await asyncio.create_subprocess_exec(*argv, env={**environment, "COLUMNS": str(columns)}, **both)
        try:
            async with asyncio.timeout(seconds):
                output, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return Said(child.returncode or 0, output.decode())

    async def must(self, *words: str, seconds: float = 120) -> str:
        """The same, for a command that has to end well; what it said."""
        said = await self.command(*words, seconds=seconds)
        assert said.status == 0, f"cumulet {' '.join(words)}: {said.text}\n{self.log()}"
        return said.text

    async def up(self) -> str:
        """`cumulet up`, and log in."""
        said = await self.must("up")
        self.demo, self.admin = [await Client.log_in(self.config.url, self.credentials(user)) for user in ("demo", "admin")]
        return said

    async def hello(self) -> str:
        """The main job; `address` is the floating IP afterwards."""
        said = await self.must("hello", "--image", str(self.image), seconds=240)
        self.address = said.partition(" answers at ")[2].partition(". ")[0]
        return said

    def credentials(self, user: str) -> Any:
        """Those of `demo` or `admin`."""
        return clouds_yaml.credentials(self.config, user)

    def log(self) -> str:
        """The end of the cloud's log."""
        path = process.daemon(self.config).log
        return path.read_text(errors="replace")[-4000:] if path.exists() else "There is no log."

    def serving(self) -> int | None:
        """The process id of the serving process."""
        return process.daemon(self.config).pid()

    def kill(self) -> None:
        """Kill the serving process, as a crash would."""
        kill_9(self.serving())

    def daemon(self, name: str) -> Daemon:
        """What guests need: `nb`, `sb`, `northd`, `ovsdb`, `vswitchd`, `ovn-controller`, `libvirtd`."""
        folder = {"libvirtd": "agent/libvirt", **dict.fromkeys(("nb", "sb", "northd"), "ovn")}.get(name, "ovs")
        pidfile = self.state / folder / f"{name}.pid"
        return Daemon(name=name, argv=(), pidfile=pidfile, log=pidfile)

    def emulator(self, server_id: str) -> int:
        """The process id of a guest's QEMU."""
        return int((self.state / f"agent/libvirt/run/qemu/cumulet-{server_id}.pid").read_text())

    def has_emulator(self, server_id: str) -> bool:
        """Whether libvirt has started a QEMU for the server and has not seen it end."""
        return (self.state / f"agent/libvirt/run/qemu/cumulet-{server_id}.pid").exists()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
        """One ssh session to `hello` that stays open: it says back what it is told."""
        target = ("-i", str(self.state / "hello-key"), f"{USER}@{self.address}")
        pipe = asyncio.subprocess.PIPE
        argv = ("ip", "netns", "exec", self.config.namespace, "ssh", *_SSH, *target, "cat")
        child = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
        assert child.stdin is not None
        assert child.stdout is not None
        writer, reader = child.stdin, child.stdout

        async def say(text: str) -> str:
            writer.write(f"{text}\n".encode())
            async with asyncio.timeout(20):
                return (await reader.readline()).decode().strip()

        try:
            yield say
        finally:
            child.kill()
            await child.wait()

    async def ssh(self, command: str, address: str = "", seconds: float = 30) -> str:
        """What `command` prints in the guest at this address, `hello` if none is given. Raises CommandFailed, TimeoutError."""
        inside = ("ip", "netns", "exec", self.config.namespace)
        target = f"{USER}@{address or self.address}"
        key = ("-i", str(self.state / "hello-key"))
        return (await run(*inside, "ssh", *key, *_SSH, target, command, timeout=seconds)).decode().strip()

    async def ssh_through(self, address: str, command: str) -> str:
        """The same in a guest without floating IP, by way of `hello`."""
        key = f"-i {self.state / 'hello-key'}"
        way = f"ip netns exec {self.config.namespace} ssh {key} {' '.join(_SSH)} -W %h:%p {USER}@{self.address}"
        argv = ("ssh", *key.split(), *_SSH, "-o", f"ProxyCommand={way}", f"{USER}@{address}", command)
        return (await run(*argv, timeout=30)).decode().strip()

    async def answers(self, address: str = "", hostname: str = "hello", seconds: float = BOOT_SECONDS) -> None:
        """Wait until ssh works there. Raises AssertionError."""
        await self._says(lambda: self.ssh("hostname", address), hostname, seconds)

    async def answers_through(self, address: str, hostname: str) -> None:
        """The same for a guest without floating IP."""
        await self._says(lambda: self.ssh_through(address, "hostname"), hostname, BOOT_SECONDS)

    async def _says(self, ask: Callable[[], Awaitable[str]], hostname: str, seconds: float) -> None:
        async def is_so() -> bool:
            try:
                return await ask() == hostname
            except (CommandFailed, TimeoutError):
                return False

        await until(is_so, f"ssh to {hostname}", seconds)

    async def server(self, name: str) -> dict[str, Any]:
        """The server of this name, as its owner sees it."""
        found = (await self.demo.get(f"/compute/v2.1/servers/detail?name=^{name}$"))["servers"]
        assert len(found) == 1, found
        return dict(found[0])

    async def remove(self) -> None:
        """End everything, and check that nothing is left."""
        namespace = Path("/run/netns") / self.config.namespace
        inode = os.stat(namespace).st_ino if namespace.exists() else 0
        try:
            await self.must("down", "--remove-state")
            left = await processes_of(self.state, inode)
            assert not left, f"still running: {left}"
            assert not namespace.exists()
            assert not self.state.exists()
        finally:
            for pid, _ in await processes_of(self.state, inode):
                kill_9(pid)
            shutil.rmtree(self.state, ignore_errors=True)


async def until(check: Callable[[], Awaitable[Any]], what: str, seconds: float = 60, pause: float = 0.1) -> Any:
    """Poll, every `pause` seconds, until `check` says something true, and return that.

    Raises AssertionError, naming `what`, after so many seconds.
    """
    try:
        async with asyncio.timeout(seconds):
            while not (found := await check()):
                await asyncio.sleep(pause)
            return found
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None


async def processes_of(state: Path, namespace: int) -> list[tuple[int, str]]:
    """Processes that name the state folder on their command line, or live in its network namespace; id and command."""
    return await asyncio.to_thread(_processes_of, state, namespace)


def _processes_of(state: Path, namespace: int) -> list[tuple[int, str]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            ours = any(str(state) in word for word in words) or (namespace and os.stat(folder / "ns/net").st_ino == namespace)
        except OSError:  # it has ended meanwhile
            continue
        if ours and int(folder.name) != os.getpid():
            found.append((int(folder.name), " ".join(words)[:120]))
    return found


@asynccontextmanager
async def real_cloud(image: Path | None = None, **options: object) -> AsyncIterator[RealCloud]:
    """A cloud that is not up yet, in a folder of its own. Its path is short: sockets' are."""
    cloud = RealCloud(Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp")), image, **options)
    try:
        yield cloud
    finally:
        await cloud.remove()
