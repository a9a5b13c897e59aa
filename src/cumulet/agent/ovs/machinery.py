"""The daemons and devices of one host's switch, without guests: brought up, looked after, taken down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from cumulet.kernel.daemons import Daemon
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.ovsdb import Mutate, Op, Ovsdb, OvsdbError, ask, converge
from cumulet.kernel.process import run, succeeds

from . import netns, rows
from .config import SwitchConfig

_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
_QUIET = ("-vsyslog:off", "-vconsole:info")
_log = logging.getLogger(__name__)


class Machinery:
    """The namespace, ovsdb-server, ovs-vswitchd, ovn-controller and the bridges of one host."""

    def __init__(self, config: SwitchConfig) -> None:
        self._config = config
        self._datapath: rows.Datapath | None = None
        socket = config.folder / "db.sock"
        self.db = Ovsdb(f"unix:{socket}", "Open_vSwitch", rows.TABLES)
        self._connected = False
        server = ("ovsdb-server", str(self._database), f"--remote=punix:{socket}", self._control("ovsdb"))
        self._server = self._daemon("ovsdb", server, socket)
        controller = config.folder / "ovn-controller.{pid}.ctl"
        self._controller = self._daemon("ovn-controller", ("ovn-controller", self._remote), controller)

    @property
    def userspace(self) -> bool:
        """Whether packets are forwarded by ovs-vswitchd itself, which knows nothing of offloads."""
        return self._datapath == "netdev"

    async def up(self) -> list[str]:
        """Start or repair; what had to be started or made, one name each. Raises DaemonFailed, CommandFailed, Unavailable."""
        config = self._config
        self._datapath = self._datapath or ("system" if await succeeds("ovs-dpctl", "show") else "netdev")
        self._prepare_folder()
        done = []
        if await netns.ensure(config.netns):
            self._marker.touch()
            done.append(f"network namespace {config.netns}")
        await self._stop_strangers()
        if not self._server.alive():
            await (self._convert if self._database.exists() else self._create)()
        done += await self._started(self._server)
        await self._connect()
        restarted = await self._started(self._vswitchd())
        changed = converge(self.db.tables, rows.host_rows(config, self._datapath, self.db.tables))
        if restarted or changed:
            await self.apply(changed)
            await self._dress_devices()
        return done + restarted + await self._started(self._controller)

    async def apply(self, ops: list[Op]) -> None:
        """Change the switch's database and wait until ovs-vswitchd has acted on it.

        Raises OvsdbError, Unavailable, and TimeoutError after 15 s.
        """
        top = rows.root(self.db.tables)
        await self.db.transact([*ops, Mutate("Open_vSwitch", top, "next_cfg", "+=", 1)])
        wanted = self.db.tables["Open_vSwitch"][top]["next_cfg"]
        await self.db.until(lambda: _at_least(self.db.tables["Open_vSwitch"][top]["cur_cfg"], wanted), timeout=15)

    async def let_go(self, device: str) -> None:
        """Take a device off the switch before a new one of its name is made.

        The userspace datapath would go on talking to the old one, which is gone.
        """
        ops = rows.without_devices(self.db.tables, {device})
        if ops:
            await self.apply(ops)

    async def release(self) -> None:
        """Let go of the database; daemons and devices stay."""
        if self._connected:
            self._connected = False
            await self.db.close()

    async def down(self) -> None:
        """Stop the daemons and delete the namespace, if we made it, with all devices in it."""
        await self.release()
        await self._resign()
        for daemon in (self._controller, self._vswitchd(), self._server):
            await daemon.stop()
        if self._marker.exists():
            await netns.remove(self._config.netns)
            self._marker.unlink()

    @property
    def _database(self) -> Path:
        return self._config.folder / "conf.db"

    @property
    def _marker(self) -> Path:
        """Its existence says that the namespace is ours to delete."""
        return self._config.folder / f"made-{self._config.netns}"

    @property
    def _remote(self) -> str:
        return f"unix:{self._config.folder / 'db.sock'}"

    def _control(self, name: str) -> str:
        return f"--unixctl={self._config.folder / name}.ctl"

    def _prepare_folder(self) -> None:
        self._config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._controller.alive():
            for stale in self._config.folder.glob("ovn-controller.*.ctl"):
                stale.unlink()

    def _vswitchd(self) -> Daemon:
        kernel = () if self._datapath == "system" else ("--disable-system",)
        argv = ("ovs-vswitchd", self._remote, self._control("vswitchd"), *kernel)
        return self._daemon("vswitchd", argv, self._config.folder / "vswitchd.ctl")

    def _daemon(self, name: str, argv: tuple[str, ...], ready: Path) -> Daemon:
        folder = self._config.folder
        return Daemon(
            name=name,
            argv=(*argv, *_QUIET),
            pidfile=folder / f"{name}.pid",
            log=folder / f"{name}.log",
            ready=ready,
            netns=self._config.netns,
            env={f"{program}_{kind}": str(folder) for program in ("OVS", "OVN") for kind in ("RUNDIR", "SYSCONFDIR")},
        )

    async def _started(self, daemon: Daemon) -> list[str]:
        return [daemon.name] if await daemon.ensure_running() == "started" else []

    async def _stop_strangers(self) -> None:
        """Stop daemons that live in a namespace of the same name that somebody has deleted meanwhile."""
        for daemon in (self._controller, self._vswitchd(), self._server):
            pid = daemon.pid()
            if pid is not None and not netns.is_inside(pid, self._config.netns):
                await daemon.stop()

    async def _create(self) -> None:
        fresh = self._config.folder / "conf.new"
        await asyncio.to_thread(fresh.unlink, missing_ok=True)
        await run("ovsdb-tool", "create", str(fresh), _SCHEMA)
        await asyncio.to_thread(fresh.rename, self._database)

    async def _convert(self) -> None:
        if (await run("ovsdb-tool", "needs-conversion", str(self._database), _SCHEMA)).strip() == b"yes":
            await run("ovsdb-tool", "convert", str(self._database), _SCHEMA)

    async def _connect(self) -> None:
        if not self._connected:
            await self.db.start()
            self._connected = True

    async def _dress_devices(self) -> None:
        """Give the bridges' own devices their addresses: they are new whenever ovs-vswitchd is."""
        config, lines, bridges = self._config, ["link set br-int up"], [rows.EXTERNAL]
        if config.external_address:
            lines.append(f"addr replace {config.external_address} dev {rows.EXTERNAL}")
        lines.append(f"link set {rows.EXTERNAL} up")
        if config.underlay:
            lines.append(f"link set {config.underlay} up")
            tunnels = rows.UNDERLAY if self.userspace else config.underlay
            lines += [f"addr replace {config.tunnel_address} dev {tunnels}", f"link set {tunnels} up"]
            bridges += [rows.UNDERLAY] if self.userspace else []
        await netns.batch(config.netns, lines)
        if self.userspace:
            await netns.checksums_in_software(config.netns, bridges)

    async def _resign(self) -> None:
        """Have ovn-controller take this host out of the southbound database; it ends then. It may be unable to."""
        control = self._controller.socket()
        if control is not None:
            with contextlib.suppress(OSError, OvsdbError, TimeoutError, Unavailable):
                await ask(f"unix:{control}", "exit", timeout=3)


def _at_least(value: object, wanted: object) -> bool:
    return isinstance(value, int) and isinstance(wanted, int) and value >= wanted
