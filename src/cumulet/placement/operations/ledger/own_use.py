"""What a host itself uses (M19): storage daemons, agents, whoever logs in. Beyond the reserve it is taken off what can be claimed.

Nobody's claim is touched. What is claimed stays; if it does not fit any more, that is a finding (C7), and nothing grows there until
the reserve is raised, or the host uses less.
"""

from __future__ import annotations

from ....contract.commands import HostFacts
from ....contract.reports import Heartbeat
from ....kernel.clock import seconds
from ....kernel.db import Tx
from ...model import Figures
from ...rules import OWN_USE_WINDOW, counted_own_use, own_use_mb
from ...store import hosts as store
from ...store import inventories, providers
from .. import overcommit

MEMORY = "MEMORY_MB"


async def note(tx: Tx, facts: HostFacts, heartbeat: Heartbeat) -> None:
    """A heartbeat came: once in OWN_USE_WINDOW seconds, let the least that the host itself used meanwhile count."""
    own = own_use_mb(facts, heartbeat)
    lowest, since = await store.lowest_own_use(tx, facts.host_id)
    if since is None:
        await store.note_own_use(tx, facts.host_id, own, tx.stamp)
    elif tx.now - seconds(since) >= OWN_USE_WINDOW:
        await store.note_own_use(tx, facts.host_id, own, tx.stamp)
        await _count(tx, facts, min(lowest, own))
    elif own < lowest:
        await store.note_own_use(tx, facts.host_id, own, since)


async def _count(tx: Tx, facts: HostFacts, own_mb: int) -> None:
    now = (await inventories.figures(tx, [facts.host_id]))[facts.host_id].get(MEMORY)
    if now is None:
        return
    counted = counted_own_use(facts, now, own_mb, tx.now)
    if counted != now.own_use:
        await providers.touch(tx, facts.host_id)
        async with overcommit.watch(tx, facts.host_id, _cause(now, own_mb)):
            await inventories.set_own_use(tx, facts.host_id, MEMORY, counted)


def _cause(now: Figures, own_mb: int) -> str:
    return f"The host itself was measured to use {own_mb} MiB of memory; {now.reserved} MiB are reserved ({now.reserved_source})."


__all__ = ["note"]
