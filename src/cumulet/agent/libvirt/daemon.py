"""A libvirtd of our own: private folders for its files, the switch's network namespace, detached from us.

Guests are its grandchildren in nothing but name: QEMU goes on when it dies, and the next one takes them over (measured: 0.2 s).
"""

from __future__ import annotations

import shlex
from pathlib import Path

from cumulet.kernel.daemons import Daemon

from ..accelerator import VirtType
from ..refusals import Refusal
from .devices import PATIENCE
from .settings import HostSettings

_PRIVATE = {
    "run": "/run/libvirt",
    "lib": "/var/lib/libvirt",
    "log": "/var/log/libvirt",
    "cache": "/var/cache/libvirt",
    "etc": "/etc/libvirt",
}
_SOCKET_LIMIT = 107  # bytes, unix(7)

# One libvirtd per host, its guests reachable by nobody but root: no TCP, no authentication behind a folder of mode 0700.
_LIBVIRTD = """listen_tls = 0
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
host_uuid = "{host_id}"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

# Disks are ours already, so libvirt changes no owner. There are neither sVirt nor cgroups here: who wants them runs the
# system's libvirtd and names its socket.
_QEMU = """user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
vnc_listen = "127.0.0.1"
"""

# QEMU 7.2 with several TCG threads loses guest writes in live migration, and libvirt 9 cannot say thread=single. Nor does it pass
# on how long a disk's exporter is waited for: QEMU would answer with errors at once, which a guest's sync() does not even see.
_WRAPPER = """#!/bin/sh
previous=
for argument; do
    shift
    case "$previous $argument" in
        "-accel tcg"*) argument="$argument,thread=single" ;;
        *'"reconnect-delay"'*) ;;
        '-blockdev {{"driver":"nbd",'*) argument="{{\\"reconnect-delay\\":{patience},${{argument#?}}" ;;
    esac
    previous=$argument
    set -- "$@" "$argument"
done
exec {emulator} "$@"
"""


def socket_of(settings: HostSettings) -> Path:
    """The socket of the libvirtd to use. Raises Refusal if its path is too long."""
    path = settings.socket or settings.state / "libvirt" / "run" / "libvirt-sock"
    if len(bytes(path)) > _SOCKET_LIMIT:
        raise Refusal(f"The state folder's path is too long: {path} has more than {_SOCKET_LIMIT} bytes.")
    return path


def process_ids(settings: HostSettings) -> Path:
    """The folder in which libvirt writes the process id of each guest's QEMU."""
    return (settings.state / "libvirt" / "run" if settings.socket is None else Path("/run/libvirt")) / "qemu"


def namespace(settings: HostSettings) -> Path:
    """The network namespace that guests run in."""
    return Path("/run/netns") / settings.netns if settings.netns else Path("/proc/self/ns/net")


def emulator(settings: HostSettings, virt_type: VirtType) -> Path:
    """The program that runs guests; written by `prepare` for TCG, and for root disks that have exporters."""
    if virt_type == "qemu":
        return settings.state / "qemu-tcg"
    return settings.state / "qemu-kvm" if settings.disks.root_pool else settings.emulator


def prepare(settings: HostSettings, host_id: str) -> None:
    """Write the configuration and the wrapper."""
    folder = settings.state / "libvirt"
    for name in _PRIVATE:
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "etc" / "libvirtd.conf").write_text(_LIBVIRTD.format(host_id=host_id))
    (folder / "etc" / "qemu.conf").write_text(_QEMU)
    for name in ("qemu-tcg", "qemu-kvm"):
        wrapper = settings.state / name
        wrapper.write_text(_WRAPPER.format(emulator=shlex.quote(str(settings.emulator)), patience=PATIENCE))
        wrapper.chmod(0o755)


def libvirtd(settings: HostSettings) -> Daemon | None:
    """The daemon; None if somebody else runs it."""
    if settings.socket is not None:
        return None
    folder = settings.state / "libvirt"
    lines = [f"mkdir -p {path} && mount --bind {shlex.quote(str(folder / name))} {path} || exit" for name, path in _PRIVATE.items()]
    script = "\n".join([*lines, "exec libvirtd -f /etc/libvirt/libvirtd.conf -p /run/libvirt/libvirtd.pid"])
    return Daemon(
        name="libvirtd",
        argv=("unshare", "--mount", "--propagation", "private", "sh", "-c", script),
        pidfile=folder / "libvirtd.pid",
        log=folder / "libvirtd.log",
        ready=socket_of(settings),
        netns=settings.netns,
    )
