"""Images through the socket of a cloud in a process of its own, beside what hashing and copying alone reach in the same run.

`BENCH_IMAGE_MB` is the size of the large image; the budgets are meant for 4096.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20
PORT = 8798
BLOCKS = [os.urandom(MIB) for _ in range(16)]
"""Not zeros: those would not be written."""

Note = Callable[..., None]


def measure(note: Note) -> None:
    """All rows."""
    size = int(os.environ.get("BENCH_IMAGE_MB", "256"))
    with tempfile.TemporaryDirectory() as folder, cloud(Path(folder)) as (process, token):
        client = Client(token)
        client.upload(client.make(), 16)
        hashing = _rate(size, lambda: hash_alone(size))
        before = _rss(process.pid)
        with _peak(process.pid) as peak:
            image = client.make()
            uploading = _rate(size, lambda: client.upload(image, size))
        note(f"upload of {size} MiB, of md5+sha512 alone ({hashing:.0f} MiB/s)", uploading / hashing * 100, "%", 85, at_least=True)
        note(f"upload of {size} MiB, memory", (peak[0] - before) / MIB, "MiB", 30)
        copying = _rate(size, lambda: copy_alone(Path(folder), size))
        downloading = _rate(size, lambda: client.download(image))
        note(f"download, of a file over loopback ({copying:.0f} MiB/s)", downloading / copying * 100, "%", 70, at_least=True)
        note("GET /v2/images beside 16 uploads, p99", while_uploading(client), "ms", 50)


@contextmanager
def cloud(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process, and an administrator's token."""
    argv = [sys.executable, "-m", "cumulet.app.cli", "up", "--fake", "--foreground", "--state", str(folder / "state")]
    process = subprocess.Popen(
        argv, env={**os.environ, "CUMULET_PORT": str(PORT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process, _token(folder / "state")
    finally:
        process.terminate()
        process.wait()


def _token(state: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            password = (state / "admin-password").read_text()
            user = {"name": "admin", "domain": {"id": "default"}, "password": password}
            scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
            body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            connection.request("POST", "/identity/v3/auth/tokens", json.dumps(body), {"Content-Type": "application/json"})
            token = connection.getresponse().getheader("X-Subject-Token")
            if token:
                return token
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the cloud did not start")


class Client:
    """Speaks for the administrator."""

    def __init__(self, token: str) -> None:
        self._token = token

    def _ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, blocksize=MIB)
        connection.request(method, f"/image/v2{path}", body, {"X-Auth-Token": self._token, **headers})  # type: ignore[arg-type]
        answer = connection.getresponse()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.read()!r}")
        return answer

    def make(self) -> str:
        """A queued image."""
        body = json.dumps({"disk_format": "raw", "container_format": "bare"})
        return str(json.loads(self._ask("POST", "/images", body, **{"Content-Type": "application/json"}).read())["id"])

    def upload(self, image: str, size: int) -> None:
        """`size` MiB."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size * MIB)}
        self._ask("PUT", f"/images/{image}/file", (BLOCKS[at % len(BLOCKS)] for at in range(size)), **headers).read()

    def download(self, image: str) -> None:
        """All bytes, which are thrown away."""
        answer, room = self._ask("GET", f"/images/{image}/file"), bytearray(MIB)
        while answer.readinto(room):
            pass

    def index(self) -> None:
        """List images."""
        self._ask("GET", "/images").read()


def hash_alone(size: int) -> None:
    """md5 and sha512 beside each other, over what is uploaded."""

    def run(name: str) -> None:
        digest = hashlib.new(name)
        for at in range(size):
            digest.update(BLOCKS[at % len(BLOCKS)])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, ("md5", "sha512")))


def copy_alone(folder: Path, size: int) -> None:
    """A file of that size through a socket of the loopback, as simply as it goes."""
    path = folder / "plain"
    if not path.exists():
        with path.open("wb") as file:
            for at in range(size):
                file.write(BLOCKS[at % len(BLOCKS)])
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = threading.Thread(target=_send, args=(server, path))
        sender.start()
        with socket.create_connection(server.getsockname()) as receiver:
            room = bytearray(MIB)
            while receiver.recv_into(room):
                pass
        sender.join()


def _send(server: socket.socket, path: Path) -> None:
    connection, _ = server.accept()
    with connection, path.open("rb", buffering=0) as file:
        while block := file.read(MIB):
            connection.sendall(block)


def while_uploading(client: Client, uploads: int = 16, size: int = 64) -> float:
    """How long a list takes while others upload: the 99th percentile in milliseconds."""
    images = [client.make() for _ in range(uploads)]
    taken: list[float] = []
    with ThreadPoolExecutor(uploads) as threads:
        running = [threads.submit(client.upload, image, size) for image in images]
        while not all(job.done() for job in running):
            began = time.perf_counter()
            client.index()
            taken.append((time.perf_counter() - began) * 1000)
        for job in running:
            job.result()
    return sorted(taken)[int(len(taken) * 0.99)]


def _rate(size: int, work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return size / (time.perf_counter() - began)


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) * 1024


@contextmanager
def _peak(pid: int) -> Iterator[list[int]]:
    """The most memory that the process has while the block runs."""
    found, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            found[0] = max(found[0], _rss(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()
