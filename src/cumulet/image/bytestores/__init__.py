"""Where images' bytes are: one file for each kind of store, and what they have in common (`protocol.py`)."""

from .bytestore import ByteStore, workers
from .file import FileStore
from .incoming import Digests, Incoming
from .protocol import BLOCK, Health, Quarantined, Sink, Store
from .stores import Stores, open_stores

__all__ = [
    "BLOCK",
    "ByteStore",
    "Digests",
    "FileStore",
    "Health",
    "Incoming",
    "Quarantined",
    "Sink",
    "Store",
    "Stores",
    "open_stores",
    "workers",
]
