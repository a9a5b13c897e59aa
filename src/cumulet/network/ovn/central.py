"""OVN's central part: the northbound and the southbound database, and northd, which translates the one into the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cumulet.kernel.daemons import Daemon
from cumulet.kernel.process import run

_SCHEMAS = Path("/usr/share/ovn")
_QUIET = ("-vsyslog:off", "-vconsole:info")


class Central:
    """Three daemons with their files and sockets in `folder`.

    `listen` is where agents on other machines reach the southbound database, in OVSDB's words: `ptcp:6642:192.0.2.1`,
    `pssl:…`. On one machine the Unix socket is enough.
    """

    def __init__(self, folder: Path, listen: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._databases = {
            folder / "nb.db": (_SCHEMAS / "ovn-nb.ovsschema", self._server("nb", ())),
            folder / "sb.db": (_SCHEMAS / "ovn-sb.ovsschema", self._server("sb", listen)),
        }
        northd = ("ovn-northd", f"--ovnnb-db={self.northbound}", f"--ovnsb-db={self.southbound}")
        self._northd = self._daemon("northd", northd, ready="northd.ctl")

    @property
    def northbound(self) -> str:
        """The northbound database, as OVSDB clients are told: what networks should be."""
        return f"unix:{self._folder / 'nb.sock'}"

    @property
    def southbound(self) -> str:
        """The southbound database: what hosts have to do. Every ovn-controller needs it."""
        return f"unix:{self._folder / 'sb.sock'}"

    def daemons(self) -> list[Daemon]:
        """The daemons, in the order in which they start."""
        return [server for _, server in self._databases.values()] + [self._northd]

    async def up(self) -> list[str]:
        """Start what does not run; the names of what was started. Raises DaemonFailed, CommandFailed."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for database, (schema, server) in self._databases.items():
            if not server.alive():
                await (_convert if database.exists() else _create)(database, schema)
        return [daemon.name for daemon in self.daemons() if await daemon.ensure_running() == "started"]

    async def heal(self) -> list[str]:
        """Start what has died since; one sentence for each."""
        return [f"{name} was not running and has been started" for name in await self.up()]

    async def down(self) -> None:
        """Stop the daemons. The databases stay."""
        for daemon in reversed(self.daemons()):
            await daemon.stop()

    def _server(self, name: str, listen: tuple[str, ...]) -> Daemon:
        remotes = (f"--remote=punix:{self._folder / name}.sock", *(f"--remote={remote}" for remote in listen))
        return self._daemon(name, ("ovsdb-server", f"{self._folder / name}.db", *remotes), ready=f"{name}.sock")

    def _daemon(self, name: str, argv: tuple[str, ...], ready: str) -> Daemon:
        control = f"--unixctl={self._folder / name}.ctl"
        return Daemon(
            name=f"ovn-{name}",
            argv=(*argv, control, *_QUIET),
            pidfile=self._folder / f"{name}.pid",
            log=self._folder / f"{name}.log",
            ready=self._folder / ready,
            env={"OVS_RUNDIR": str(self._folder), "OVN_RUNDIR": str(self._folder)},
        )


async def _create(database: Path, schema: Path) -> None:
    fresh = database.with_suffix(".new")
    await asyncio.to_thread(fresh.unlink, missing_ok=True)
    await run("ovsdb-tool", "create", str(fresh), str(schema))
    await asyncio.to_thread(fresh.rename, database)


async def _convert(database: Path, schema: Path) -> None:
    """Bring the database of an older package to the installed schema."""
    if (await run("ovsdb-tool", "needs-conversion", str(database), str(schema))).strip() == b"yes":
        await run("ovsdb-tool", "convert", str(database), str(schema))
