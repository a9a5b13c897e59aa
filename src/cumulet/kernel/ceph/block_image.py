"""One open block image (RBD)."""

from __future__ import annotations

import ctypes
import errno

from .libraries import Libraries, checked


class BlockImage:
    """An image, or a snapshot of one. `connection` stays for as long as this does. Every method blocks, and raises OSError."""

    def __init__(self, c: Libraries, handle: ctypes.c_void_p, name: str, connection: object) -> None:
        self.name = name
        self._c = c.rbd
        self._handle: ctypes.c_void_p | None = handle
        self._connection: object | None = connection

    def close(self) -> None:
        """Let go; done already if it is closed."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._c.rbd_close(handle)
            self._connection = None

    def size(self) -> int:
        """In bytes."""
        size = ctypes.c_uint64()
        checked(self._c.rbd_get_size(self._handle, ctypes.byref(size)), self.name)
        return size.value

    def resize(self, size: int) -> None:
        """To `size` bytes."""
        checked(self._c.rbd_resize(self._handle, size), self.name)

    def write(self, offset: int, block: bytes) -> None:
        """All of a block; the image must be large enough. It is on disk after `flush`, which also tells of late failures."""
        checked(self._c.rbd_write(self._handle, offset, len(block), block), self.name)

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes; fewer where the image ends. Raises OSError with EINVAL behind its end."""
        buffer = ctypes.create_string_buffer(count)
        got = checked(self._c.rbd_read(self._handle, offset, count, buffer), self.name)
        return ctypes.string_at(buffer, got)

    def flush(self) -> None:
        """Return when all that was written is on disk."""
        checked(self._c.rbd_flush(self._handle), self.name)

    def has_writers(self) -> bool:
        """Whether anybody else has it open for writing, or died so less than half a minute ago."""
        none = ctypes.c_size_t(0)
        result: int = self._c.rbd_watchers_list(self._handle, None, ctypes.byref(none))
        if result == -errno.ERANGE:  # more than none
            return True
        checked(result, self.name)
        return False

    def make_snapshot(self, snapshot: str) -> None:
        """A snapshot of what is on disk. Raises FileExistsError."""
        checked(self._c.rbd_snap_create(self._handle, snapshot.encode()), f"{self.name}@{snapshot}")

    def protect(self, snapshot: str) -> None:
        """From now on the snapshot can be cloned and not be removed; done already if it is protected. Raises FileNotFoundError."""
        if not self._is_protected(snapshot):
            checked(self._c.rbd_snap_protect(self._handle, snapshot.encode()), f"{self.name}@{snapshot}")

    def _is_protected(self, snapshot: str) -> bool:
        answer = ctypes.c_int()
        checked(self._c.rbd_snap_is_protected(self._handle, snapshot.encode(), ctypes.byref(answer)), f"{self.name}@{snapshot}")
        return bool(answer.value)

    def remove_snapshot(self, snapshot: str) -> None:
        """Remove a snapshot, protected or not. Raises FileNotFoundError, and OSError with EBUSY if it has clones.

        Clones of the newer kind (version 2) do not hold a snapshot: ask `has_clones` before.
        """
        if self._is_protected(snapshot):
            checked(self._c.rbd_snap_unprotect(self._handle, snapshot.encode()), f"{self.name}@{snapshot}")
        checked(self._c.rbd_snap_remove(self._handle, snapshot.encode()), f"{self.name}@{snapshot}")

    def has_clones(self) -> bool:
        """Whether anything is based on this snapshot, also what is in Ceph's trash, or in pools that are not ours to see."""
        none = ctypes.c_size_t(0)
        result = self._c.rbd_list_children3(self._handle, None, ctypes.byref(none))
        if result in (-errno.ERANGE, -errno.EPERM):  # more than none; or one of which we may not know more
            return True
        checked(result, self.name)
        return False
