"""Disk formats: what an image really is, how large the disk in it is, and whether it is safe to open.

Everything is read from a few places of the file, with `Look`; nothing is executed and no other file is opened.
"""

from .found import Found, Look, within
from .inspection import inspect, objection, virtual_size

__all__ = ["Found", "Look", "inspect", "objection", "virtual_size", "within"]
