"""Images through the socket of a cloud in a process of its own, beside what its parts alone reach in the same run.

`BENCH_IMAGE_MB` is the size of the large image; the budgets are meant for 4096. A bare receiver does all that an upload must do and
nothing else: between it and hashing alone is what the network and the disk take of the processors.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from . import bare

MIB = 1 << 20
PORT = 8798
BLOCKS = [os.urandom(MIB) for _ in range(16)]
"""Not zeros: those would not be written."""

Note = Callable[..., None]
Figure = Callable[[str, float, str], None]
Work = Callable[[], None]


def measure(note: Note, figure: Figure) -> None:
    """All rows."""
    size = int(os.environ.get("BENCH_IMAGE_MB", "256"))
    with tempfile.TemporaryDirectory() as name, cloud(Path(name)) as (process, token), bare.receiver(Path(name)) as address:
        client, folder = Client(token), Path(name)
        client.upload(client.make(), 16)
        for smaller in (1, 16):
            uploads(client, smaller, Alone(folder, address), figure)
        before = _rss(process.pid)
        with _peak(process.pid) as peak:
            hashed, received = uploads(client, size, Alone(folder, address), figure)
        note(f"upload of {size} MiB, of md5+sha512 alone", hashed, "%", 85, at_least=True)
        note(f"upload of {size} MiB, of a bare receiver", received, "%", 85, at_least=True)
        note(f"upload of {size} MiB, memory", (peak[0] - before) / MIB, "MiB", 30)
        Alone(folder, address).write(size)
        image = client.make()
        client.upload(image, size)
        ways = {"copy": partial(copy_alone, folder / "alone"), "download": partial(client.download, image)}
        took = in_turns(ways, figure, size)
        note(f"download of {size} MiB, of a file over loopback", took["copy"] / took["download"] * 100, "%", 70, at_least=True)
        note("GET /v2/images beside 16 uploads, p99", while_uploading(client), "ms", 50)


class Alone:
    """What an upload consists of, each by itself, on the same bytes and the same disk."""

    def __init__(self, folder: Path, receiver: tuple[str, int]) -> None:
        self._path, self._receiver = folder / "alone", receiver

    def hash(self, size: int) -> None:
        """md5 and sha512 beside each other, in two threads."""
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(_hash, ("md5", "sha512"), (size, size)))

    def write(self, size: int) -> None:
        """A new file."""
        with self._path.open("wb", buffering=0) as file:
            for at in range(size):
                file.write(BLOCKS[at % len(BLOCKS)])

    def flush(self) -> None:
        """What `write` has written, to disk."""
        descriptor = os.open(self._path, os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)

    def receive(self, size: int) -> None:
        """All of it: received in another process, hashed and written in three threads there, flushed."""
        with socket.create_connection(self._receiver) as connection:
            for at in range(size):
                connection.sendall(BLOCKS[at % len(BLOCKS)])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)


def _hash(name: str, size: int) -> None:
    digest = hashlib.new(name)
    for at in range(size):
        digest.update(BLOCKS[at % len(BLOCKS)])


def uploads(client: Client, size: int, alone: Alone, figure: Figure) -> tuple[float, float]:
    """How fast an upload is beside its parts; in percent of hashing alone, and of a bare receiver."""
    ways: dict[str, Work] = {
        "md5+sha512 in 2 threads": partial(alone.hash, size),
        "write": partial(alone.write, size),
        "fsync": alone.flush,
        "bare receiver": partial(alone.receive, size),
        "upload": lambda: client.upload(client.make(), size),
    }
    hashing, _, _, receiving, uploading = in_turns(ways, figure, size).values()
    return hashing / uploading * 100, receiving / uploading * 100


def in_turns(ways: dict[str, Work], figure: Figure, size: int, rounds: int = 5) -> dict[str, float]:
    """How many seconds each takes: medians, so that other work on the machine troubles all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            began = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - began)
    medians = {name: sorted(each)[rounds // 2] for name, each in taken.items()}
    for name, seconds in medians.items():
        figure(f"{size} MiB: {name}", seconds * 1000, "ms")
    return medians


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

    def _ask(self, method: str, path: str, body: str | Iterable[bytes] | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, blocksize=MIB)
        connection.request(method, f"/image/v2{path}", body, {"X-Auth-Token": self._token, **headers})
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


def copy_alone(path: Path) -> None:
    """A file through a socket of the loopback, from another process, as simply as it goes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = multiprocessing.get_context("fork").Process(target=_send, args=(server, path))
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
    """How long a list takes while another process uploads: the 99th percentile in milliseconds."""
    images = [client.make() for _ in range(uploads)]
    uploader = multiprocessing.get_context("spawn").Process(target=upload_all, args=(client, images, size))
    uploader.start()
    taken: list[float] = []
    while uploader.is_alive():
        began = time.perf_counter()
        client.index()
        taken.append((time.perf_counter() - began) * 1000)
    if uploader.exitcode:
        raise SystemExit("an upload failed")
    return sorted(taken)[int(len(taken) * 0.99)]


def upload_all(client: Client, images: list[str], size: int) -> None:
    """All at once."""
    with ThreadPoolExecutor(len(images)) as threads:
        list(threads.map(lambda image: client.upload(image, size), images))


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
