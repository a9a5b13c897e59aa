"""PCI aliases follow the configuration."""

from __future__ import annotations

from collections.abc import Sequence

from ...kernel.db import Tx
from ..settings import Alias
from ..store import aliases as store


async def configure(tx: Tx, aliases: Sequence[Alias]) -> None:
    """The aliases are these from now on; what servers hold stays. Call it when the control plane starts."""
    await store.put(tx, aliases)


__all__ = ["Alias", "configure"]
