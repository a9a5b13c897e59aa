"""What a machine must have installed to be a host with real guests, and the installer.

Debian packages come from the machine's own apt, libvirt's Python binding from pip, compiled against the libvirt that is there.
No service is started by an installation: the cloud starts its own daemons.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from ...kernel.clock import SystemClock
from ..tiny import BUILD_PACKAGES

_GUESTS = (
    *("qemu-system-x86", "qemu-utils", "libvirt-daemon", "libvirt-daemon-system", "libvirt-daemon-driver-qemu"),
    *("libvirt-clients", "genisoimage"),
)
_NETWORKS = (
    *("ovn-central", "ovn-host", "openvswitch-switch", "openvswitch-common", "iproute2", "ethtool"),
    *("util-linux", "openssh-client"),
)
REQUIRED = tuple(dict.fromkeys((*_GUESTS, *_NETWORKS, *BUILD_PACKAGES)))
"""Debian packages that a host needs, and those with which the tiny guest image is made."""

FOR_ROOT_POOL = ("librados2", "librbd1", "qemu-block-extra")
"""Debian packages that a host needs besides if its servers' root disks are in a Ceph pool."""

TO_COMPILE = ("gcc", "libc6-dev", "libvirt-dev", "pkg-config", "python3-dev", "python3-venv")
"""Debian packages needed only while libvirt's Python binding has to be compiled."""

BINDING = "libvirt-python"
VERSIONS = "libvirt-python>=9.0,<13"
"""The binding as pip is asked for it; the extra `libvirt` of pyproject.toml says the same."""

_STALE = 24 * 3600  # seconds after which package lists may name versions that mirrors have deleted
_MARK = "# Written by cumulet for the time of an installation."
_FORBID = f"#!/bin/sh\n{_MARK}\nexit 101\n"

OnStep = Callable[[str], None]


class CannotInstall(Exception):
    """Not root, not Debian, or a tool failed; the message says what, and what to do."""


class Machine(Struct, frozen=True):
    """Where this machine's files are, for tests that have their own; `uid` is who we are, 0 is root."""

    root: Path = Path("/")
    uid: int = os.geteuid()


HERE = Machine()


def missing(machine: Machine = HERE, more: Iterable[str] = ()) -> list[str]:
    """The names of what is not installed, Debian packages first, then `libvirt-python` if it cannot be imported.

    `more` are packages that this host needs besides.

    Raises CannotInstall if this is no Debian.
    """
    _check_debian(machine)
    binding = [] if has_binding() else [BINDING]
    wanted = [*REQUIRED, *more, *(TO_COMPILE if binding else ())]
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted]
    # It ends with status 1 if it has never heard of one of them.
    shown = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    there = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in there] + binding


def has_binding() -> bool:
    """Whether libvirt's Python binding can be imported now."""
    importlib.invalidate_caches()
    try:
        importlib.import_module("libvirt")
    except ImportError:
        return False
    return True


def install(names: list[str], on_step: OnStep = lambda name: None, machine: Machine = HERE) -> None:
    """Install `names`, as `missing` gives them. `on_step` is called with the name of each phase as it begins.

    Raises CannotInstall; what apt has finished by then stays installed.
    """
    _check_debian(machine)
    if machine.uid != 0:
        raise CannotInstall("Installing Debian packages needs root: run it with sudo.")
    debs = [name for name in names if name != BINDING]
    if debs:
        if _lists_are_stale(machine):
            on_step("refreshing package lists")
            _apt(["update"], on_step)
        with _services_kept_still(machine):
            _apt(["install", "--no-install-recommends", *debs], on_step)
    if BINDING in names:
        on_step("compiling libvirt-python")
        _install_binding()


def _check_debian(machine: Machine) -> None:
    release = machine.root / "etc/os-release"
    fields = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line) if release.exists() else {}
    families = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    if "debian" not in families or not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        name = fields.get("PRETTY_NAME", "an unknown system").strip('"')
        raise CannotInstall(
            f"Only Debian and its relatives are known here, and this is {name}. Without packages: cumulet up --fake"
        )


def _lists_are_stale(machine: Machine) -> bool:
    lists = list((machine.root / "var/lib/apt/lists").glob("*_Packages*"))
    newest = max((path.stat().st_mtime for path in lists), default=0.0)
    return SystemClock().now() - newest > _STALE


def _apt(arguments: list[str], on_step: OnStep) -> None:
    """Run apt-get and follow its status lines (apt's README.progress-reporting: kind, package, percent, text, by colons)."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C"}
    reader, writer = os.pipe()
    options = ["-y", "-q", "-o", f"APT::Status-Fd={writer}", "-o", "DPkg::Lock::Timeout=300"]
    options += ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    nothing = subprocess.DEVNULL
    with tempfile.TemporaryFile("w+") as said, os.fdopen(reader) as status:
        command = ["apt-get", *options, *arguments]
        process = subprocess.Popen(
            command, stdin=nothing, stdout=said, stderr=subprocess.STDOUT, env=environment, pass_fds=[writer]
        )
        os.close(writer)
        _report(status, on_step)
        if process.wait() != 0:
            said.seek(0)
            raise CannotInstall(f"apt-get {arguments[0]} failed: {_complaint(said.read())}")


def _report(status: Iterator[str], on_step: OnStep) -> None:
    """Tell of each phase once; lists are downloaded too, but as a phase of their own."""
    phases = {"dlstatus": "downloading packages", "pmstatus": "installing packages"}
    last = ""
    for line in status:
        phase = phases.get(line.split(":", 1)[0], last)
        if phase != last:
            on_step(phase)
            last = phase


def _complaint(output: str) -> str:
    lines = output.strip().splitlines()
    return " ".join([line for line in lines if line.startswith("E:")] or lines[-5:]) or "it did not say why"


@contextlib.contextmanager
def _services_kept_still(machine: Machine) -> Iterator[None]:
    """Forbid maintainer scripts to start services, by Debian's policy-rc.d; what was there is put back afterwards.

    A run that was killed in between left our file, and maybe a saved one: this one ends with the saved one in place.
    """
    policy = policy_file(machine)
    saved = policy.with_name(policy.name + ".before-cumulet")
    if policy.exists() and not forbids_services(machine):
        policy.replace(saved)
    ours = policy.with_name(policy.name + ".new")
    ours.write_text(_FORBID)
    ours.chmod(0o755)
    ours.replace(policy)
    try:
        yield
    finally:
        if saved.exists():
            saved.replace(policy)
        else:
            policy.unlink(missing_ok=True)


def policy_file(machine: Machine = HERE) -> Path:
    """Where Debian's maintainer scripts ask whether they may start a service."""
    return machine.root / "usr/sbin/policy-rc.d"


def forbids_services(machine: Machine = HERE) -> bool:
    """Whether our own policy-rc.d is in place: during an installation, or after one that was killed."""
    policy = policy_file(machine)
    return policy.exists() and _MARK in policy.read_text(errors="replace")


def _install_binding() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if importlib.util.find_spec("pip") is None:
        uv = shutil.which("uv")
        if uv is None:
            raise CannotInstall(f"{sys.executable} has no pip to install {BINDING} with: run {sys.executable} -m ensurepip")
        pip = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    ended = subprocess.run([*pip, VERSIONS], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise CannotInstall(f"{BINDING} could not be installed: {(ended.stderr or ended.stdout).strip()[-2000:]}")
    if not has_binding():
        raise CannotInstall(f"{BINDING} was installed into {sys.prefix} and cannot be imported")


def main() -> None:
    """Install what is missing of a host's packages, or those that are named, saying each step: for scripts."""
    wanted = sys.argv[1:] or missing()
    try:
        if wanted:
            install(wanted, lambda step: print(step, flush=True))
    except CannotInstall as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
