"""What stands between this machine and a cloud that works, found out by trying, with what to do about it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from msgspec import Struct
from rich.table import Table

from ...agent import accelerator
from ...kernel.daemons import Daemon
from ...kernel.process import succeeds
from ..config import Config
from . import packages
from .packages import HERE, Machine

_GIB = 1 << 30
_MEMORY_NEEDED, _MEMORY_WANTED = 1 * _GIB, 2 * _GIB  # the cloud's own daemons take 300 MB, a small guest 250 MB
_DISK_NEEDED, _DISK_WANTED = 1 * _GIB, 10 * _GIB
_TUN = "dev/net/tun"


class Check(Struct, frozen=True):
    """One finding. Not `ok`: the cloud cannot work; `ok` with a remedy: it works, and could work better."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


async def checks(config: Config, machine: Machine = HERE) -> list[Check]:
    """Everything there is to find out about this machine; only what concerns `--fake` if the configuration says so."""
    general = [_memory(machine), _disk(config), _port(config, machine)]
    if config.fake:
        return general
    own = [_root(machine), *_packages(machine), await _accelerator(machine)]
    network = [await _datapath(), _tun(machine), await _namespaces()]
    return [*own, *network, *general, *_leftovers(config, machine)]


def render(found: list[Check]) -> Table:
    """The findings as a table for a terminal."""
    table = Table(box=None, pad_edge=False)
    for title in ("", "check", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for check in found:
        mark = "[red]✗[/red]" if not check.ok else "[yellow]![/yellow]" if check.remedy else "[green]✓[/green]"
        table.add_row(mark, check.name, check.detail, check.remedy)
    return table


def exit_code(found: list[Check]) -> int:
    """0 if the cloud can work here, else 1."""
    return 0 if all(check.ok for check in found) else 1


def _root(machine: Machine) -> Check:
    if machine.uid == 0:
        return Check("root", True, "yes")
    return Check("root", False, f"no, user {machine.uid}", "run it with sudo; without root: cumulet up --fake")


def _packages(machine: Machine) -> list[Check]:
    try:
        absent = packages.missing(machine)
    except packages.CannotInstall as problem:
        return [Check("Debian packages", False, str(problem), "")]
    debs = [name for name in absent if name != packages.BINDING]
    remedy = "cumulet up --install"
    listed = Check("Debian packages", not debs, f"missing: {' '.join(debs)}" if debs else "all there", remedy if debs else "")
    if packages.BINDING not in absent:
        return [listed, Check(packages.BINDING, True, "can be imported")]
    return [listed, Check(packages.BINDING, False, "cannot be imported", remedy)]


async def _accelerator(machine: Machine) -> Check:
    """Tried anew, whatever the running agent has found: that is what one calls a doctor for."""
    name = "accelerator"
    slow, remedy = "guests are emulated (TCG), ten times slower or worse", "use a machine with (nested) virtualization"
    if not os.access(accelerator.EMULATOR, os.X_OK):
        return Check(name, False, "QEMU is not installed", "cumulet up --install")
    if not accelerator.has_virtualization(_text(machine.root / "proc/cpuinfo")):
        return Check(name, True, f"the processor has neither vmx nor svm: {slow}", remedy)
    if not os.access(machine.root / "dev/kvm", os.R_OK | os.W_OK):
        return Check(
            name, True, f"/dev/kvm cannot be used: {slow}", "modprobe kvm_intel or kvm_amd; in a container: --device /dev/kvm"
        )
    with tempfile.TemporaryDirectory(prefix="cumulet-doctor-") as folder:
        if await accelerator.works(Path(folder), "kvm"):
            return Check(name, True, "KVM runs a guest")
    return Check(name, True, f"/dev/kvm is there and runs nothing: {slow}", remedy)


async def _datapath() -> Check:
    """The same question that the agent asks: what the switch says of itself is not to be trusted."""
    if await succeeds("ovs-dpctl", "show"):
        return Check("OVN datapath", True, "the kernel's")
    return Check("OVN datapath", True, "userspace (netdev): the kernel has no openvswitch module", "modprobe openvswitch")


def _tun(machine: Machine) -> Check:
    path = machine.root / _TUN
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as problem:
        remedy = "modprobe tun; in a container: --device /dev/net/tun"
        return Check("TUN device", False, f"/{_TUN}: {problem.strerror}", remedy)
    return Check("TUN device", True, f"/{_TUN}")


async def _namespaces() -> Check:
    if await succeeds("unshare", "--net", "--mount", "--pid", "--fork", "true"):
        return Check("namespaces", True, "can be made")
    return Check("namespaces", False, "cannot be made", "needs root; in a container: --privileged")


def _memory(machine: Machine) -> Check:
    fields = dict(line.split(":", 1) for line in _text(machine.root / "proc/meminfo").splitlines() if ":" in line)
    free = int(fields.get("MemAvailable", "0 kB").split()[0]) * 1024
    remedy = "" if free >= _MEMORY_WANTED else "stop something, or use a larger machine: 2 GiB are comfortable"
    return Check("memory", free >= _MEMORY_NEEDED, f"{free / _GIB:.1f} GiB available", remedy)


def _disk(config: Config) -> Check:
    folder = next(path for path in (config.state.absolute(), *config.state.absolute().parents) if path.exists())
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    remedy = "" if free >= _DISK_WANTED else f"make room in {folder}, or name another place by --state: 10 GiB are comfortable"
    return Check("disk", free >= _DISK_NEEDED, f"{free / _GIB:.1f} GiB free in {folder}", remedy)


def _port(config: Config, machine: Machine) -> Check:
    name = f"port {config.port}"
    inode = _listener(config.port, machine)
    if inode is None:
        return Check(name, True, "free")
    pid, command = _holder(inode, machine)
    if "cumulet" in command:
        return Check(name, True, f"this cloud's own process {pid} answers there")
    remedy = "stop that program, or choose another port: CUMULET_PORT=8781"
    return Check(name, False, f"process {pid} uses it: {command}" if pid else "another program uses it", remedy)


def _listener(port: int, machine: Machine) -> str | None:
    """The inode of the socket that listens on `port`, from the kernel's tables (proc(5): local address, state 0A, inode)."""
    for table in ("proc/net/tcp", "proc/net/tcp6"):
        for line in _text(machine.root / table).splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return fields[9]
    return None


def _holder(inode: str, machine: Machine) -> tuple[str, str]:
    """Process id and command of who has the socket open; empty texts if that is hidden from us."""
    for link in (machine.root / "proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) == f"socket:[{inode}]":
                process = link.parent.parent
                return process.name, _text(process / "cmdline").replace("\0", " ").strip()
        except OSError:
            continue
    return "", ""


def _leftovers(config: Config, machine: Machine) -> list[Check]:
    """What an earlier run left: harmless if it is the daemons, which the next run takes over."""
    found = []
    if packages.forbids_services(machine):
        policy = packages.policy_file(machine)
        found.append(Check("earlier installation", False, f"killed: {policy} forbids services to start", f"rm {policy}"))
    running = sorted(path.stem for path in config.state.rglob("*.pid") if _alive(path)) if config.state.exists() else []
    space = machine.root / "run/netns" / config.namespace
    names = [*running, *([f"network namespace {config.namespace}"] if space.exists() else [])]
    if "cumulet" in running:
        found.append(Check("earlier run", True, "the cloud is up"))
    elif names:
        remedy = "cumulet up takes them over, cumulet down ends them"
        found.append(Check("earlier run", True, f"still there: {', '.join(names)}", remedy))
    else:
        found.append(Check("earlier run", True, "nothing left"))
    return found


def _alive(pidfile: Path) -> bool:
    return Daemon(name=pidfile.stem, argv=(), pidfile=pidfile, log=pidfile).alive()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
