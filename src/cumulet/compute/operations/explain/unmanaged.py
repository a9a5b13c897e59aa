"""Guests that are none of ours, of all hosts. `cumulet status` asks for them, and is quick because this imports little."""

from __future__ import annotations

from ....kernel.db import Reader
from ...store import guests
from ...store.guests import Unmanaged


async def unmanaged(tx: Reader) -> list[Unmanaged]:
    """The hosts that have unknown guests, each with what is known of them: name, state, vcpus, memory_mb, server_id."""
    return [host for host in await guests.all_unmanaged(tx) if host.guests]
