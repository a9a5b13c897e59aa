"""A pool of a Ceph cluster, and the connection to it."""

from __future__ import annotations

import ctypes
import errno
import json
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from .block_image import BlockImage
from .client import Client
from .libraries import Libraries, checked, libraries

_NO_FSID = "00000000-0000-0000-0000-000000000000"
_LAYERING = 1  # the one feature that a clone's parent needs
_EXCLUSIVE_LOCK = 4  # one writer at a time, and one that is taken for dead is shut out of the cluster
_DISK = _LAYERING | _EXCLUSIVE_LOCK
_FEATURES = 1  # RBD_IMAGE_OPTION_FEATURES in librbd.h
_ORDER = 22  # objects of 4 MiB


class _Name(ctypes.Structure):
    """`rbd_image_spec_t`."""

    _fields_ = (("id", ctypes.c_char_p), ("name", ctypes.c_char_p))


class _Connection:
    """A client that is connected to a pool. It ends when nobody refers to it any more."""

    def __init__(self, c: Libraries, client: Client, name: str) -> None:
        cluster, pool = _configured(c, client), ctypes.c_void_p()
        try:
            checked(c.rados.rados_connect(cluster), client.conf)
            checked(c.rados.rados_ioctx_create(cluster, name.encode(), ctypes.byref(pool)), name)
        except OSError:
            c.rados.rados_shutdown(cluster)
            raise
        # In a full pool what takes room fails, and what frees some goes on; without this both would wait.
        c.rados.rados_set_pool_full_try(pool)
        self.cluster, self.pool = cluster, pool
        weakref.finalize(self, _disconnect, c, cluster, pool)


def _configured(c: Libraries, client: Client) -> ctypes.c_void_p:
    """A client that is not connected yet. Raises OSError if its configuration cannot be read."""
    cluster = ctypes.c_void_p()
    checked(c.rados.rados_create2(ctypes.byref(cluster), b"ceph", f"client.{client.user}".encode(), 0), client.user)
    try:
        checked(c.rados.rados_conf_read_file(cluster, client.conf.encode()), client.conf)
        for option, value in _options(client).items():
            checked(c.rados.rados_conf_set(cluster, option.encode(), value.encode()), option)
    except OSError:
        c.rados.rados_shutdown(cluster)
        raise
    return cluster


def _options(client: Client) -> dict[str, str]:
    waits = ("client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout")
    return {
        **dict.fromkeys(waits, f"{client.patience:.0f}"),
        # What is written need not be on disk before it is flushed.
        "rbd_cache_writethrough_until_flush": "false",
        "log_to_stderr": "false",
        "err_to_stderr": "false",
        **({"keyring": client.keyring} if client.keyring else {}),
    }


def _disconnect(c: Libraries, cluster: ctypes.c_void_p, pool: ctypes.c_void_p) -> None:
    c.rados.rados_ioctx_destroy(pool)
    c.rados.rados_shutdown(cluster)


def fsid(client: Client) -> str:
    """The cluster's identity, as the configuration file says it: nobody is asked.

    Raises ValueError if it does not say so, or Ceph's libraries are not installed.
    """
    c, text = libraries(), ctypes.create_string_buffer(64)
    try:
        cluster = _configured(c, client)
        checked(c.rados.rados_conf_get(cluster, b"fsid", text, len(text)), "fsid")
    except OSError as problem:
        raise ValueError(f"{client.conf}: {problem.strerror}") from None
    c.rados.rados_shutdown(cluster)
    if text.value.decode() in ("", _NO_FSID):
        raise ValueError(f"{client.conf} does not say the cluster's fsid")
    return text.value.decode()


class Snapshot(Struct, frozen=True):
    """A snapshot of an image in a pool, by their names."""

    pool: str
    image: str
    snapshot: str


class Room(Struct, frozen=True):
    """Bytes that a pool can still take, and has in all."""

    free: int
    total: int


class Pool:
    """Block images in the pool `name`. It connects when it is first used.

    Raises ValueError if Ceph's libraries are not installed, or the configuration file cannot be used. Every method blocks, and
    raises OSError; ConnectionError if there is no such cluster or pool, or it is not ours to use.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name
        self.fsid = fsid(client)
        self._c = libraries()
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                try:
                    self._connection = _Connection(self._c, self.client, self.name)
                except OSError as problem:  # not FileNotFoundError: no pool is something else than no image in it
                    raise ConnectionError(problem.errno, problem.strerror, problem.filename) from None
            return self._connection

    @contextmanager
    def _calling(self) -> Iterator[_Connection]:
        """A connection; one that the cluster has cut off (it was taken for dead) is not used again."""
        connection = self._connected()
        try:
            yield connection
        except OSError as problem:
            if problem.errno == errno.ESHUTDOWN:
                with self._lock:
                    self._connection = None if self._connection is connection else self._connection
            raise

    def names(self) -> list[str]:
        """The images that are there."""
        with self._calling() as connection:
            count = ctypes.c_size_t(1024)
            while True:
                found = (_Name * count.value)()
                result = self._c.rbd.rbd_list2(connection.pool, found, ctypes.byref(count))
                if result != -errno.ERANGE:  # then `count` says how many there are
                    break
            checked(result, self.name)
            names = [found[at].name.decode() for at in range(count.value)]
            self._c.rbd.rbd_image_spec_list_cleanup(found, count)
            return names

    def create(self, name: str, order: int) -> None:
        """An empty image of objects with 2**`order` bytes. Raises FileExistsError."""
        with self._calling() as connection:
            bits = ctypes.c_int(order)
            checked(self._c.rbd.rbd_create2(connection.pool, name.encode(), 0, _LAYERING, ctypes.byref(bits)), name)

    def create_disk(self, name: str, size: int) -> None:
        """An empty image of `size` bytes with one writer at a time. Raises FileExistsError."""
        with self._calling() as connection:
            bits = ctypes.c_int(_ORDER)
            checked(self._c.rbd.rbd_create2(connection.pool, name.encode(), size, _DISK, ctypes.byref(bits)), name)

    def clone_disk(self, parent: Snapshot, name: str) -> None:
        """The same with the content of a snapshot, of which it takes no room. Raises FileNotFoundError, FileExistsError."""
        # Everything else, such as the size of its objects, is as the parent has it.
        options = ctypes.c_void_p()
        self._c.rbd.rbd_image_options_create(ctypes.byref(options))
        try:
            self._c.rbd.rbd_image_options_set_uint64(options, _FEATURES, _DISK)
            with self._calling() as connection, self._beside(connection, parent.pool) as pool:
                source = (pool, parent.image.encode(), parent.snapshot.encode())
                result = self._c.rbd.rbd_clone3(*source, connection.pool, name.encode(), options)
                checked(result, f"{parent.image}@{parent.snapshot}")
        finally:
            self._c.rbd.rbd_image_options_destroy(options)

    @contextmanager
    def _beside(self, connection: _Connection, name: str) -> Iterator[ctypes.c_void_p]:
        """Another pool, by the same connection."""
        pool = ctypes.c_void_p()
        checked(self._c.rados.rados_ioctx_create(connection.cluster, name.encode(), ctypes.byref(pool)), name)
        try:
            yield pool
        finally:
            self._c.rados.rados_ioctx_destroy(pool)

    @contextmanager
    def opened(self, name: str, snapshot: str | None = None, writable: bool = False) -> Iterator[BlockImage]:
        """An image, or one of its snapshots, for as long as the context lasts. Raises FileNotFoundError."""
        image = self.open(name, snapshot, writable)
        try:
            yield image
        finally:
            image.close()

    def open(self, name: str, snapshot: str | None = None, writable: bool = False) -> BlockImage:
        """The same, until it is closed."""
        with self._calling() as connection:
            handle = ctypes.c_void_p()
            function = self._c.rbd.rbd_open if writable else self._c.rbd.rbd_open_read_only
            at = snapshot.encode() if snapshot is not None else None
            checked(function(connection.pool, name.encode(), ctypes.byref(handle), at), name)
            return BlockImage(self._c, handle, name, connection)

    def rename(self, name: str, other: str) -> None:
        """Give an image another name, at one stroke. Raises FileNotFoundError, FileExistsError."""
        with self._calling() as connection:
            checked(self._c.rbd.rbd_rename(connection.pool, name.encode(), other.encode()), name)

    def remove(self, name: str) -> None:
        """Remove an image without snapshots. Raises FileNotFoundError, and OSError with EBUSY while somebody may write to it."""
        with self._calling() as connection:
            checked(self._c.rbd.rbd_remove(connection.pool, name.encode()), name)

    def room(self) -> Room | None:
        """What the pool can take, by the cluster's figures and the pool's quota; None while the cluster does not know."""
        figures = self._ask("df")
        stats = next((each["stats"] for each in figures["pools"] if each["name"] == self.name), None)
        if stats is None or not figures["stats"]["total_bytes"]:
            return None
        free, used = int(stats["max_avail"]), int(stats["stored"])
        quota = int(stats.get("quota_bytes") or 0)
        return Room(min(free, max(0, quota - used)), quota) if quota else Room(free, free + used)

    def _ask(self, question: str) -> Any:
        """One question to the monitors."""
        with self._calling() as connection:
            asked = json.dumps({"prefix": question, "detail": "detail", "format": "json"}).encode()
            command = (ctypes.c_char_p * 1)(asked)
            out, said = ctypes.c_void_p(), ctypes.c_void_p()
            out_size, said_size = ctypes.c_size_t(), ctypes.c_size_t()
            pointers = [ctypes.byref(each) for each in (out, out_size, said, said_size)]
            result = self._c.rados.rados_mon_command(connection.cluster, command, 1, b"", 0, *pointers)
            text = ctypes.string_at(out, out_size.value) if out else b""
            for buffer in (out, said):
                self._c.rados.rados_buffer_free(buffer)
            checked(result, question)
            return json.loads(text)
