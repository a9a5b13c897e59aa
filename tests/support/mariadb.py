"""A MariaDB server for the tests, private to them: its files in a temporary folder, reached by a unix socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Start a server and yield the URL of an empty database `keystone` of its; it is stopped afterwards."""
    folder.mkdir()
    user = "mysql" if os.geteuid() == 0 else None  # the server refuses to run as root
    socket = Path("/tmp") / f"cumulet-mariadb-{os.getpid()}.sock"  # the path of a socket is short
    if user is not None:
        shutil.chown(folder, user)
        for above in folder.parents[:3]:
            above.chmod(above.stat().st_mode | 0o011)
    common = ["--no-defaults", f"--datadir={folder}/data"]
    made = subprocess.run(
        ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"], user=user, cwd=folder, capture_output=True
    )
    assert made.returncode == 0, made.stderr.decode()
    argv = ["mariadbd", *common, "--skip-networking", f"--socket={socket}", f"--pid-file={folder}/pid"]
    server = subprocess.Popen(argv, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _run(socket, "CREATE DATABASE keystone CHARACTER SET utf8mb4")
        yield f"mysql+pymysql://root@localhost/keystone?unix_socket={socket}"
    finally:
        server.terminate()
        server.wait(60)


def _run(socket: Path, sql: str) -> None:
    """Run a statement as soon as the server answers."""
    for _ in range(600):
        done = subprocess.run(["mariadb", "-uroot", f"--socket={socket}", "-e", sql], capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.05)
    raise AssertionError(done.stderr.decode())
