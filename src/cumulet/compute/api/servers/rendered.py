"""Servers that were written as JSON before, kept until they change.

What is kept holds while the server's row has the same version, its interfaces are the same and its host has the same status; there
is one JSON text for each microversion and for each way of seeing (administrators see more).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from msgspec import Struct

from ....kernel.http import Version
from ....kernel.http.versioned import encode
from ....network.operations.ports import Interface
from ...operations.servers.reading import Whole
from . import views
from .views import Shown

MOST = 8192
"""How many texts are kept, of about 2 kB each."""


class Variant(Struct, frozen=True):
    """One way of writing a server."""

    version: Version
    shown: Shown


class Kept(Struct, frozen=True):
    """A text and what it depends on."""

    version: int
    interfaces: list[Interface]
    host_status: str | None
    text: bytes


class Rendered:
    """The texts, the most recently used ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Variant, str], Kept] = OrderedDict()

    def find(self, variant: Variant, server_id: str, now: tuple[int, list[Interface], str | None]) -> bytes | None:
        """The text of a server that is `now` (version, interfaces, host status), if it was written before."""
        key = (variant, server_id)
        kept = self._kept.get(key)
        if kept is None or (kept.version, kept.interfaces, kept.host_status) != now:
            return None
        self._kept.move_to_end(key)
        return kept.text

    def write(self, variant: Variant, whole: Whole, host_status: str | None) -> bytes:
        """Write a server, and keep the text."""
        view: Any = views.server(whole, variant.shown, host_status)
        text = encode(view, variant.version)
        self._kept[(variant, whole.server.id)] = Kept(whole.server.version, whole.interfaces, host_status, text)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return text
