"""Hosts compared with the database, hosts that refuse it because it is older (F7), and their quarantine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from ...compute.operations.explain import stock as comparing
from ...compute.operations.explain.differences import Compared
from ...contract.agents import AgentRefused, Agents, Unreachable
from ...contract.commands import (
    Command,
    ListQuarantine,
    PurgeObject,
    Quarantine,
    Quarantined,
    ReleaseObject,
    SetAside,
    Stock,
    TakeStock,
)
from ...kernel import audit, ids
from ...kernel.db import Database, Tx
from ...kernel.errors import Conflict, NotFound, Unavailable
from ...kernel.policy import Actor
from ...placement.operations import hosts
from ..reports import OlderThan
from .checked import Checked

PATIENCE = 30.0
"""Seconds for an agent to answer."""

Refused = Mapping[str, OlderThan]
"""The hosts than which the database is older, by id."""


class Hosts(Struct, frozen=True):
    """The hosts of this cloud, those that it refuses, and how to speak to them."""

    db: Database
    agents: Agents
    refused: Refused

    async def check(self) -> list[Checked]:
        """Every host that is known or refused, compared with the database."""
        async with self.db.read() as tx:
            known = {host.id: host for host in await hosts.list(tx)}
        found = []
        for host_id in sorted({*known, *self.refused}):
            older = self.refused.get(host_id)
            name = older.register.facts.hostname if older else known[host_id].hostname
            found.append(Checked(host_id, name, older.why if older else None, await self._compared(host_id)))
        return found

    async def _compared(self, host_id: str) -> Compared | None:
        try:
            stock = await self._stock(host_id)
        except Unavailable:
            return None
        async with self.db.read() as tx:
            return await comparing.compare(tx, host_id, stock)

    async def _stock(self, host_id: str) -> Stock:
        stock = await self._send(host_id, TakeStock())
        assert isinstance(stock, Stock)
        return stock

    async def readmit(self, host_id: str, reason: str, actor: Actor) -> int:
        """Let a host that refuses the database accept it; how many epochs had to be raised.

        Raises NotFound if it is not refused, and Conflict while a server runs on it that the database has on another host.
        """
        older = self.refused.get(host_id)
        if older is None:
            raise NotFound(f"No host {host_id} is refused because the database is older than it is.")
        stock = await self._stock(host_id)
        async with self.db.tx() as tx:
            compared = await comparing.compare(tx, host_id, stock)
            if compared.elsewhere:
                servers = ", ".join(compared.elsewhere)
                raise Conflict(f"These servers run on host {host_id}, and by the database they are on another one: {servers}.")
            raised = await hosts.readmit(tx, older.register, _consumers(stock.epochs))
            details = {"reason": reason, "why": older.why, "epochs": raised}
            await _note(tx, "operator.host.readmit", ("compute/host", host_id), actor, details)
        return raised

    async def set_aside(self, host_id: str, actor: Actor) -> list[str]:
        """Quarantine, and hold there, the disks of servers and volumes that the database does not know; whose they are.

        Those that a guest has now stay where they are. Raises NotFound and Unavailable.
        """
        await self._known(host_id)
        stock = await self._stock(host_id)
        async with self.db.read() as tx:
            compared = await comparing.compare(tx, host_id, stock)
        done = []
        for unknown in compared.unknown:
            if not unknown.runs and await self._put_aside(host_id, unknown.owner):
                done.append(unknown.owner)
                await self._noted("operator.disk.set_aside", unknown.owner, actor, {"host_id": host_id})
        return done

    async def _put_aside(self, host_id: str, owner: str) -> bool:
        try:
            await self._send(host_id, SetAside(owner), ids.new_uuid())
        except Conflict:
            return False  # a guest has come to use it meanwhile
        return True

    async def quarantine(self) -> dict[str, list[Quarantined]]:
        """What is in quarantine on every host that answers, by the host's id."""
        async with self.db.read() as tx:
            alive = await hosts.alive(tx)
        found = {}
        for host in alive:
            answer = await self._send(host.id, ListQuarantine())
            assert isinstance(answer, Quarantine)
            found[host.id] = answer.objects
        return found

    async def release(self, host_id: str, object_id: str, actor: Actor) -> None:
        """Put a disk back where it was. Raises NotFound and Conflict."""
        await self._known(host_id)
        await self._send(host_id, ReleaseObject(object_id), ids.new_uuid())
        await self._noted("operator.quarantine.release", object_id, actor, {"host_id": host_id})

    async def purge(self, host_id: str, object_id: str, actor: Actor) -> None:
        """Remove a disk for good. Raises NotFound and Conflict."""
        await self._known(host_id)
        await self._send(host_id, PurgeObject(object_id), ids.new_uuid())
        await self._noted("operator.quarantine.purge", object_id, actor, {"host_id": host_id})

    async def _known(self, host_id: str) -> None:
        async with self.db.read() as tx:
            await hosts.get(tx, host_id)

    async def _send(self, host_id: str, command: Command, key: str = "") -> object:
        try:
            return await self.agents.send(host_id, command, key=key, timeout=PATIENCE)
        except Unreachable:
            raise Unavailable(f"The agent of host {host_id} does not answer.") from None
        except AgentRefused as problem:
            raise _problems.get(problem.code, Unavailable)(problem.message) from None

    async def _noted(self, action: str, object_id: str, actor: Actor, details: dict[str, object]) -> None:
        async with self.db.tx() as tx:
            await _note(tx, action, ("storage/volume", object_id), actor, details)


_problems: dict[str, Callable[[str], Exception]] = {"disk_missing": NotFound, "disk_exists": Conflict, "in_use": Conflict}


def _consumers(epochs: Mapping[str, int]) -> dict[str, int]:
    """The highest epoch of each server's, by its id; the host knows those of its guests and of its claims apart."""
    seen: dict[str, int] = {}
    for resource, epoch in epochs.items():
        kind, _, name = resource.partition("/")
        if kind in ("server", "claim"):
            seen[name] = max(epoch, seen.get(name, 0))
    return seen


async def _note(tx: Tx, action: str, target: tuple[str, str], actor: Actor, details: Mapping[str, object]) -> None:
    kind, target_id = target
    await audit.record(
        tx,
        audit.Event(
            service="operator",
            action=action,
            user_id=actor.user_id,
            project_id=actor.project_id,
            target_type=kind,
            target_id=target_id,
            details=dict(details),
        ),
    )
