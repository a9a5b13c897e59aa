"""The reconciler between the tables and the network driver.

`drain` empties the outbox: what changed is read as it is now, the driver makes it so, then the entries are deleted. If the
driver fails they stay, and the next run tries again. `repair` compares everything. Ports' states come the other way: the driver
says which are up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ....kernel import ids
from ....kernel.db import Database
from ....kernel.errors import Unavailable
from ....kernel.reconcile import Reconciler
from ...desired import Desired, Driver
from ...model import ACTIVE, Change
from ...store import changes as store
from .. import ports
from . import reading

log = logging.getLogger("cumulet.network")

BATCH = 200
"""How many entries are made so in one go."""
RETRY, REPAIR = 5.0, 300.0
"""Seconds between tries after a failure, and between full comparisons."""
LEASE, LIMIT = 60.0, 25.0
"""For how many seconds one process tells OVN, and within how many it must have told one batch: in less than half a lease."""


class Sync:
    """Tells one driver what one database wants. Of several processes one does, by a lease: an old state never follows a newer.

    Nothing is told while `waits` says so; what changes meanwhile stays in the outbox.
    """

    def __init__(self, db: Database, driver: Driver, waits: Callable[[], bool] = lambda: False) -> None:
        self._db, self._driver, self._waits = db, driver, waits
        self._lock = asyncio.Lock()
        self._holder, self._leads_until = ids.new_uuid(), 0.0
        self._reports: dict[str, bool] = {}
        self._writer: asyncio.Task[None] | None = None
        driver.watch(self)

    def reconcilers(self) -> list[Reconciler]:
        """What must run for networks to become real."""
        return [
            Reconciler("network", RETRY, self.drain, topic="network"),
            Reconciler("network-repair", REPAIR, self.repair),
        ]

    async def take_over(self) -> None:
        """Whoever held the lease is gone: for the one process of a cloud, when it starts."""
        async with self._db.tx() as tx:
            await store.vacate(tx)

    async def release(self) -> None:
        """Let another process tell OVN at once, when this one ends."""
        self._leads_until = 0.0
        async with self._db.tx() as tx:
            await store.vacate(tx, self._holder)

    async def drain(self) -> None:
        """Empty the outbox. Raises what the driver raises; then the rest stays in it."""
        async with self._lock:
            while True:
                async with self._db.read() as tx:
                    found = await store.oldest(tx, BATCH)
                if not found or not await self._leads():
                    return
                await self._make(found)

    async def repair(self) -> None:
        """Compare everything with what there is, and mend it."""
        async with self._lock:
            if not await self._leads():
                return
            async with self._db.tx() as tx:  # one moment's state
                wanted = await reading.everything(tx)
            await self._tell(wanted)
            await self._note_states(wanted)

    async def _leads(self) -> bool:
        """Whether this process is the one that tells OVN, for at least half a lease from now, and may."""
        if self._waits():
            return False
        now = self._db.clock.now()
        if self._leads_until - now < LEASE / 2:
            async with self._db.tx() as tx:
                held = await store.hold(tx, self._holder, LEASE)
            self._leads_until = now + LEASE if held else 0.0
        return self._leads_until > now

    async def _tell(self, wanted: Desired) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                await self._driver.make(wanted)
        except TimeoutError:
            raise Unavailable(f"The network driver did not end within {LIMIT:.0f} seconds.") from None

    async def _make(self, found: list[Change]) -> None:
        try:
            await self._make_together(found)
        except Unavailable:
            raise
        except Exception:
            if len(found) == 1:
                raise
            log.exception("%d network changes together failed; trying one by one", len(found))
            await self._make_singly(found)

    async def _make_singly(self, found: list[Change]) -> None:
        """One object that cannot be made must not keep the others from it."""
        problems: list[Exception] = []
        for change in found:
            try:
                await self._make_together([change])
            except Exception as problem:
                log.warning("%s %s cannot be made: %s", change.kind, change.object_id, problem)
                problems.append(problem)
        if problems:
            raise problems[0]

    async def _make_together(self, found: list[Change]) -> None:
        async with self._db.read() as tx:
            wanted = await reading.desired(tx, [(change.kind, change.object_id) for change in found])
        await self._tell(wanted)
        async with self._db.tx() as tx:
            await store.done(tx, [change.seq for change in found])
        await self._note_states(wanted)

    async def _note_states(self, wanted: Desired) -> None:
        """Ports that are up already, of which no report comes: routers' are by being made, others where they are bound."""
        rows = [interface.port.row for router in wanted.routers for interface in router.all_interfaces]
        bound = {d.port.id: d.port.row.host_id for d in wanted.ports if d.port.row.host_id}
        up = await self._driver.ports_up() if bound else {}
        for port_id in [row.id for row in rows if row.status != ACTIVE]:
            self.port_changed(port_id, True)
        for port_id, host_id in bound.items():
            if up.get(port_id) in (host_id, ""):
                self.port_changed(port_id, True)
        await self.settle()

    def port_changed(self, port_id: str, up: bool) -> None:
        """The driver says that a port came up or went down; it is written soon."""
        self._reports[port_id] = up
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write(), name="network port states")

    async def settle(self) -> None:
        """Return when every report so far is written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.shield(self._writer)

    async def _write(self) -> None:
        while self._reports:
            reports, self._reports = self._reports, {}
            try:
                async with self._db.tx() as tx:
                    for port_id, up in reports.items():
                        await ports.set_up(tx, port_id, up)
            except Unavailable as problem:
                log.warning("the states of %d ports could not be written: %s", len(reports), problem)
