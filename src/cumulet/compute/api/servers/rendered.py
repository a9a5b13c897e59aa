"""Servers that were written as JSON before, kept until they change.

What is kept holds while the server's row has the same version, its interfaces are the same and its host has the same status; there
is one JSON text for each microversion and for each way of seeing (administrators see more).
"""

from __future__ import annotations

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

    def holds(self, version: int, interfaces: list[Interface], host_status: str | None) -> bool:
        """Whether the server would be written the same way now."""
        if self.version != version or self.host_status != host_status:
            return False
        return self.interfaces is interfaces or self.interfaces == interfaces


class Rendered:
    """The texts of each variant; all of them go when there are too many."""

    def __init__(self) -> None:
        self._kept: dict[Variant, dict[str, Kept]] = {}

    def of(self, variant: Variant) -> dict[str, Kept]:
        """What was written in this way, by server."""
        return self._kept.setdefault(variant, {})

    def write(self, variant: Variant, whole: Whole, host_status: str | None) -> bytes:
        """Write a server, and keep the text."""
        if sum(map(len, self._kept.values())) >= MOST:
            self._kept.clear()
        view: Any = views.server(whole, variant.shown, host_status)
        text = encode(view, variant.version)
        self.of(variant)[whole.server.id] = Kept(whole.server.version, whole.interfaces, host_status, text)
        return text
