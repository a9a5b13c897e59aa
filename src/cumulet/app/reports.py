"""What the control plane does with what agents say: the subject `cloud`."""

from __future__ import annotations

from msgspec import Struct

from ..compute.operations import guests, metadata
from ..contract.reports import Ack, Answer, Heartbeat, MetadataQuery, Register, Rejected, Welcome, decode_report, encode
from ..kernel.cause import acting
from ..kernel.db import Database
from ..placement.operations import hosts


class OlderThan(Struct, frozen=True):
    """A host than which the database is older: what its agent said, and why it was refused."""

    register: Register
    why: str


class Reports:
    """Answers the subject `cloud`. `refused` holds the hosts than which the database is older, with what they said last (F7)."""

    def __init__(self, db: Database, initial: hosts.Initial, refused: dict[str, OlderThan] | None = None) -> None:
        self._db = db
        self._initial = initial
        self._refused = {} if refused is None else refused

    async def receive(self, payload: bytes) -> bytes:
        """One report, one answer."""
        report = decode_report(payload)
        if isinstance(report, MetadataQuery):
            return encode(await self._metadata(report))
        host_id = report.facts.host_id if isinstance(report, Register) else report.host_id
        with acting(f"the agent of host {host_id}"):
            if isinstance(report, Register):
                return encode(await self._register(report))
            return encode(await self._heartbeat(report))

    async def _register(self, report: Register) -> Answer:
        async with self._db.tx() as tx:
            answer = await hosts.register(tx, report, self._initial)
            if isinstance(answer, Welcome):
                await guests.host_registered(tx, report)
        if isinstance(answer, Rejected) and answer.code == "older_database":
            self._refused[report.facts.host_id] = OlderThan(report, answer.message)
        else:
            self._refused.pop(report.facts.host_id, None)
        return answer

    async def _heartbeat(self, report: Heartbeat) -> Answer:
        async with self._db.tx() as tx:
            answer = await hosts.heartbeat(tx, report, self._initial)
            if isinstance(answer, Ack):
                await guests.host_booted(tx, report.host_id, report.boot)
                await guests.observe(tx, report.host_id, report.guests)
            return answer

    async def _metadata(self, query: MetadataQuery) -> Answer:
        async with self._db.tx() if metadata.writes(query) else self._db.read() as tx:
            return await metadata.answer(tx, query)  # type: ignore[arg-type]  # a reader answers what only reads
