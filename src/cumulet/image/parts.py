"""What the image service is put together from."""

from __future__ import annotations

from msgspec import Struct

from ..kernel.clock import SystemClock
from ..kernel.db import Database
from .bytes import ByteStore
from .protections import Protections
from .signatures import Certificates

HOUR = 3600.0


class Settings(Struct, frozen=True):
    """What an operator may set. Sizes are in bytes, times in seconds.

    `largest` is the largest image. `grace` is how long the bytes of a deleted image are kept; they are purged earlier, oldest
    first, while less than `reserve` is free. An upload without progress for `stall` is given up. `storage_quota` is how much every
    project may keep, 0 for any amount.
    """

    largest: int = 1 << 40
    grace: float = 72 * HOUR
    reserve: int = 2 << 30
    stall: float = 600.0
    storage_quota: int = 0


class Parts(Struct, frozen=True):
    """The service's surroundings, for what manages its own transactions."""

    db: Database
    store: ByteStore
    settings: Settings = Settings()
    protections: Protections = Protections()
    certificates: Certificates = Certificates(None, SystemClock())
