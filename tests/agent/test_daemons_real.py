"""Detached daemons: real processes of our own, which need no root."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.kernel.daemons import Daemon, DaemonFailed
from cumulet.kernel.process import run
from support.killing import kill_9

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
SERVE = """
import signal, socket, sys
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(); print("ready", flush=True)
while True: server.accept()
"""


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cumulet-") as name:
        yield Path(name)


def daemon(folder: Path, *words: str, program: str = SERVE, grace: float = 5) -> Daemon:
    """A daemon that listens on `folder`/socket."""
    argv = (sys.executable, "-c", program, str(folder / "socket"), *words)
    return Daemon(name="server", argv=argv, pidfile=folder / "pid", log=folder / "log", ready=folder / "socket", grace=grace)


async def test_a_daemon_is_started_once_and_then_found(folder: Path) -> None:
    server = daemon(folder)
    assert not server.alive()
    assert await server.ensure_running() == "started"
    first = server.pid()
    assert await server.ensure_running() == "running"
    assert daemon(folder).pid() == first
    await server.stop()
    assert not server.alive()
    assert not (folder / "pid").exists()
    await server.stop()


async def test_a_killed_daemon_is_started_again(folder: Path) -> None:
    server = daemon(folder)
    await server.ensure_running()
    first = server.pid()
    kill_9(first)
    assert not server.alive()
    (folder / "socket").unlink()
    assert await server.ensure_running() == "started"
    assert server.pid() != first
    await server.stop()


async def test_a_daemon_survives_the_kill_of_the_process_that_started_it(folder: Path) -> None:
    starter = f"""
import asyncio, os, signal
from pathlib import Path
from cumulet.kernel.daemons import Daemon
folder = Path({str(folder)!r})
server = Daemon(name="server", argv=({sys.executable!r}, "-c", {SERVE!r}, str(folder / "socket")),
                pidfile=folder / "pid", log=folder / "log", ready=folder / "socket")
asyncio.run(server.ensure_running())
os.killpg(0, signal.SIGKILL)
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", starter, start_new_session=True)
    assert await process.wait() == -signal.SIGKILL
    server = daemon(folder)
    assert await server.ensure_running() == "running"
    await server.stop()


async def test_a_daemon_that_ignores_the_request_to_end_is_killed(folder: Path) -> None:
    server = daemon(folder, "stubborn", grace=0.05)
    await server.ensure_running()
    await server.stop()
    assert not server.alive()


async def test_a_reused_process_id_is_never_killed(folder: Path) -> None:
    bystander = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    (folder / "pid").write_text(f"{bystander.pid} 1 {BOOT}\n")
    server = daemon(folder)
    assert not server.alive()
    await server.stop()
    assert bystander.returncode is None
    assert bystander.stdin
    bystander.stdin.close()
    assert await bystander.wait() == 0


async def test_a_pidfile_of_an_earlier_boot_means_nothing(folder: Path) -> None:
    server = daemon(folder)
    await server.ensure_running()
    pid, start, _ = (folder / "pid").read_text().split()
    truth = (folder / "pid").read_text()
    (folder / "pid").write_text(f"{pid} {start} 00000000-0000-0000-0000-000000000000\n")
    assert not server.alive()
    (folder / "pid").write_text(truth)
    assert server.alive()
    await server.stop()


async def test_a_daemon_that_ends_at_once_says_why(folder: Path) -> None:
    server = daemon(folder, program="raise SystemExit('no such shelf')")
    with pytest.raises(DaemonFailed, match="server ended at once: no such shelf"):
        await server.ensure_running()


async def test_a_socket_whose_path_is_too_long_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(DaemonFailed, match="its socket's path is longer than 107 bytes"):
        await daemon(folder / ("x" * 100)).ensure_running()
    assert not (folder / ("x" * 100)).exists()


async def test_a_daemon_that_never_gets_ready_is_stopped(folder: Path) -> None:
    program = "import signal; print('thinking', flush=True); signal.pause()"
    server = Daemon(
        name="server",
        argv=(sys.executable, "-c", program),
        pidfile=folder / "pid",
        log=folder / "log",
        ready=folder / "never",
        patience=0.5,
    )
    with pytest.raises(DaemonFailed, match=r"server was not ready after 0\.5 s"):
        await server.ensure_running()
    assert not (folder / "pid").exists()


@pytest.mark.real
async def test_a_daemon_can_live_in_a_network_namespace(folder: Path) -> None:
    name = f"cml-{os.getpid()}"
    await run("ip", "netns", "add", name)
    try:
        server = Daemon(
            name="server",
            argv=(sys.executable, "-c", SERVE, str(folder / "socket")),
            pidfile=folder / "pid",
            log=folder / "log",
            ready=folder / "socket",
            netns=name,
        )
        await server.ensure_running()
        inside = os.stat(f"/proc/{server.pid()}/ns/net")
        assert inside.st_ino == os.stat(f"/run/netns/{name}").st_ino
        await server.stop()
    finally:
        await run("ip", "netns", "del", name)
