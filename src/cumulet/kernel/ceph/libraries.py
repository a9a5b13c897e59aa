"""Ceph's C libraries, by ctypes: librados (connections, pools) and librbd (block images).

Their interfaces have been stable since 2013 (librados.so.2, librbd.so.1), whatever Python runs us. Calls release the interpreter's
lock, and block: they belong into threads.
https://docs.ceph.com/en/latest/rados/api/librados/, https://github.com/ceph/ceph/blob/main/src/include/rbd/librbd.h
"""

from __future__ import annotations

import ctypes
import errno
import os
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from functools import cache
from typing import Any

from msgspec import Struct

_HANDLE = POINTER(c_void_p)
_SIZE = POINTER(c_size_t)
_RADOS: dict[str, tuple[Any, ...]] = {
    "rados_create2": (_HANDLE, c_char_p, c_char_p, c_uint64),
    "rados_conf_read_file": (c_void_p, c_char_p),
    "rados_conf_set": (c_void_p, c_char_p, c_char_p),
    "rados_conf_get": (c_void_p, c_char_p, c_char_p, c_size_t),
    "rados_connect": (c_void_p,),
    "rados_shutdown": (c_void_p,),
    "rados_ioctx_create": (c_void_p, c_char_p, _HANDLE),
    "rados_set_pool_full_try": (c_void_p,),
    "rados_ioctx_destroy": (c_void_p,),
    "rados_mon_command": (c_void_p, POINTER(c_char_p), c_size_t, c_char_p, c_size_t, _HANDLE, _SIZE, _HANDLE, _SIZE),
    "rados_buffer_free": (c_void_p,),
}
_RBD: dict[str, tuple[Any, ...]] = {
    "rbd_list2": (c_void_p, c_void_p, _SIZE),
    "rbd_image_spec_list_cleanup": (c_void_p, c_size_t),
    "rbd_create2": (c_void_p, c_char_p, c_uint64, c_uint64, POINTER(c_int)),
    "rbd_clone3": (c_void_p, c_char_p, c_char_p, c_void_p, c_char_p, c_void_p),
    "rbd_image_options_create": (_HANDLE,),
    "rbd_image_options_set_uint64": (c_void_p, c_int, c_uint64),
    "rbd_image_options_destroy": (c_void_p,),
    "rbd_open": (c_void_p, c_char_p, _HANDLE, c_char_p),
    "rbd_open_read_only": (c_void_p, c_char_p, _HANDLE, c_char_p),
    "rbd_close": (c_void_p,),
    "rbd_get_size": (c_void_p, POINTER(c_uint64)),
    "rbd_resize": (c_void_p, c_uint64),
    "rbd_write": (c_void_p, c_uint64, c_size_t, c_char_p),
    "rbd_read": (c_void_p, c_uint64, c_size_t, c_char_p),
    "rbd_flush": (c_void_p,),
    "rbd_snap_create": (c_void_p, c_char_p),
    "rbd_snap_remove": (c_void_p, c_char_p),
    "rbd_snap_protect": (c_void_p, c_char_p),
    "rbd_snap_unprotect": (c_void_p, c_char_p),
    "rbd_snap_is_protected": (c_void_p, c_char_p, POINTER(c_int)),
    "rbd_list_children3": (c_void_p, c_void_p, _SIZE),
    "rbd_watchers_list": (c_void_p, c_void_p, _SIZE),
    "rbd_rename": (c_void_p, c_char_p, c_char_p),
    "rbd_remove": (c_void_p, c_char_p),
}
_NOTHING = (
    *("rados_shutdown", "rados_set_pool_full_try", "rados_ioctx_destroy", "rados_buffer_free"),
    *("rbd_image_spec_list_cleanup", "rbd_image_options_create", "rbd_image_options_destroy"),
)
_LONG = ("rbd_read", "rbd_write")


class Libraries(Struct, frozen=True):
    """Both."""

    rados: ctypes.CDLL
    rbd: ctypes.CDLL


@cache
def libraries() -> Libraries:
    """Loaded. Raises ValueError if they are not installed."""
    try:
        rados, rbd = ctypes.CDLL("librados.so.2"), ctypes.CDLL("librbd.so.1")
    except OSError:
        raise ValueError("Ceph's libraries are not installed: apt-get install librados2 librbd1") from None
    for library, functions in ((rados, _RADOS), (rbd, _RBD)):
        for name, arguments in functions.items():
            function = getattr(library, name)
            function.argtypes = arguments
            function.restype = None if name in _NOTHING else ctypes.c_ssize_t if name in _LONG else c_int
    return Libraries(rados, rbd)


def checked(result: int, about: str) -> int:
    """What a function returned. Raises OSError, such as FileNotFoundError, if that was a failure."""
    if result < 0:
        number = -result
        raise OSError(number, "blocked by the cluster" if number == errno.ESHUTDOWN else os.strerror(number), about)
    return result
