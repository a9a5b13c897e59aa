"""A receiver of bytes that hashes them in two threads, writes them in a third and flushes them, with nothing around it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

BLOCK = 1 << 20


@contextmanager
def receiver(folder: Path) -> Iterator[tuple[str, int]]:
    """Its address; it runs in a process of its own."""
    server = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(server, folder / "received"), daemon=True)
    process.start()
    try:
        yield server.getsockname()
    finally:
        process.terminate()
        process.join()
        server.close()


def _serve(server: socket.socket, path: Path) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            path.unlink(missing_ok=True)
            _receive(connection, path)
            connection.sendall(b"x")


def _receive(connection: socket.socket, path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    works = (hashlib.md5().update, hashlib.sha512().update, lambda block: os.write(descriptor, block))
    lanes: list[Queue[bytes]] = [Queue(4) for _ in works]
    threads = [threading.Thread(target=_do, args=(work, lane)) for work, lane in zip(works, lanes, strict=True)]
    for thread in threads:
        thread.start()
    while block := connection.recv(BLOCK, socket.MSG_WAITALL):
        for lane in lanes:
            lane.put(block)
    for lane in lanes:
        lane.put(b"")
    for thread in threads:
        thread.join()
    os.fsync(descriptor)
    os.close(descriptor)


def _do(work: Callable[[bytes], object], lane: Queue[bytes]) -> None:
    while block := lane.get():
        work(block)
