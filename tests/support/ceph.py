"""A whole Ceph on the loopback: a monitor, an OSD that keeps everything in memory, and the gateway that speaks S3.

It needs root and the Debian packages ceph-mon, ceph-mgr, ceph-osd, ceph-common and radosgw, and is there after a few seconds.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

PROGRAMS = ("ceph-mon", "ceph-mgr", "ceph-osd", "ceph", "ceph-authtool", "monmaptool", "radosgw", "radosgw-admin")

_CONF = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{port}
mon initial members = a
mon data = {folder}/mon
osd data = {folder}/osd
mgr data = {folder}/mgr
rgw data = {folder}/rgw
keyring = {folder}/keyring
log file = {folder}/$name.log
admin socket =
pid file = {folder}/$name.pid
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd client watch timeout = 5
mgr tick period = 1
mgr stats period = 1
paxos propose interval = 0.05
paxos min wait = 0.01
rgw run sync thread = false
rgw dynamic resharding = false
rgw frontends = beast endpoint=127.0.0.1:{gateway}
"""
_SECONDS = 60


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Ceph:
    """A running one. `gateway` is the URL of its S3 service; `access_key` and `secret_key` are a user's."""

    access_key, secret_key = "AKEY", "SKEY"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port, gateway = _free_port(), _free_port()
        self.gateway = f"http://127.0.0.1:{gateway}"
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._fsid = str(uuid4())
        for name in ("mon", "mgr", "osd", "rgw"):
            (folder / name).mkdir()
        text = _CONF.format(fsid=self._fsid, port=self._port, gateway=gateway, folder=folder)
        (folder / "ceph.conf").write_text(text)

    @property
    def conf(self) -> str:
        """Its configuration file."""
        return str(self.folder / "ceph.conf")

    def run(self, *command: str) -> str:
        """One command to its end, and what it said. Raises CalledProcessError."""
        done = subprocess.run([command[0], "-c", self.conf, *command[1:]], check=True, capture_output=True, timeout=_SECONDS)
        return done.stdout.decode()

    def pool(self, name: str) -> None:
        """Make a pool for block images; as good if it is there."""
        self.run("ceph", "osd", "pool", "create", name)
        self.run("ceph", "osd", "pool", "application", "enable", name, "rbd")

    def user(self, name: str, pool: str, profile: str = "rbd", also: str = "") -> Path:
        """Make a user who may use block images in a pool, and may do something else; the file with his key."""
        keyring, may = self.folder / f"{name}.keyring", ", ".join(filter(None, (f"profile {profile} pool={pool}", also)))
        self.run("ceph", "auth", "get-or-create", f"client.{name}", "mon", "profile rbd", "osd", may, "-o", str(keyring))
        return keyring

    def count(self) -> None:
        """Start what counts free space, and return once it has: after some 20 seconds."""
        caps = ("mon", "allow profile mgr", "osd", "allow *")
        self.run("ceph", "auth", "get-or-create", "mgr.a", *caps, "-o", str(self.folder / "mgr" / "keyring"))
        self._daemon("ceph-mgr", "-i", "a", "--keyring", str(self.folder / "mgr" / "keyring"))
        until = time.monotonic() + _SECONDS
        while not json.loads(self.run("ceph", "df", "--format", "json"))["stats"]["total_bytes"]:
            if time.monotonic() > until:
                raise TimeoutError("free space is not counted")
            time.sleep(0.5)

    def start(self) -> None:
        """Begin, and return once S3 answers."""
        self._make_keys()
        monmap = str(self.folder / "monmap")
        subprocess.run(
            ["monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", f"[v2:127.0.0.1:{self._port}]", monmap],
            check=True,
            capture_output=True,
        )
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", str(self.folder / "keyring"))
        self._daemon("ceph-mon", "-i", "a")
        osd = str(uuid4())
        self.run("ceph", "osd", "new", osd)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0")
        self.run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=here")
        self._daemon("radosgw", "--name", "client.admin")
        self._await_gateway()
        keys = (f"--access-key={self.access_key}", f"--secret-key={self.secret_key}")
        self.run("radosgw-admin", "--name", "client.admin", "user", "create", "--uid=test", "--display-name=test", *keys)

    def _make_keys(self) -> None:
        keyring = str(self.folder / "keyring")
        every = ("--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
        for at, (name, caps) in enumerate(
            (("mon.", every[:3]), ("client.admin", every), ("osd.0", ("--cap", "mon", "allow profile osd", *every[3:6])))
        ):
            new = ("--create-keyring",) if at == 0 else ()
            subprocess.run(["ceph-authtool", *new, keyring, "--gen-key", "-n", name, *caps], check=True, capture_output=True)

    def _daemon(self, *command: str) -> None:
        foreground = [
            command[0],
            "-f",
            "-c",
            str(self.folder / "ceph.conf"),
            *command[1:],
            "--setuser",
            "root",
            "--setgroup",
            "root",
        ]
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            self._daemons.append(subprocess.Popen(foreground, stdout=out, stderr=out))

    def _await_gateway(self) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(self.gateway, timeout=2):
                return
            time.sleep(0.1)
        raise TimeoutError("the S3 gateway does not answer")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """What keeps the bytes neither answers nor ends, for as long as the context lasts."""
        (osd,) = [daemon for daemon in self._daemons if "ceph-osd" in str(daemon.args)]
        osd.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            osd.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill the daemons: nothing of theirs is to be kept."""
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()


@contextmanager
def ceph() -> Iterator[Ceph]:
    """A running one, in a folder with a short path: sockets are in it."""
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))
    made = Ceph(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
