"""The move engine: the only way by which a server comes to a host, changes it or leaves it (C2, C4).

| what happens to the server              | calls                                                        |
|---|---|
| create, unshelve, restart after a loss  | `place`; undone by `leave`                                    |
| resize, cold and live migration,        | `begin`; then `finish` in the transaction that moves          |
| evacuation, revert (also on one host)   | the server, or `cancel` in the one that leaves it where it is |
| delete, shelve                          | `leave`                                                      |

A move holds both ends: `begin` hands the claim at the source over to a consumer of the type MIGRATION, whose id is the move's,
and claims the target for the server itself, as upstream does. So both hosts count the server until the end (M21), also if both
are one host, and exactly one claim is given up (C4). A server is moved by one move at a time (F3): the second `begin` is refused.

`begin` and `place` raise epochs, `finish` does not; `cancel` does, so that a late command for the target is refused by agents.
Every function works in its caller's transaction: the claim and the row that it is for are committed together.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ...model import Move
from ...store import claims as store
from ...store import consumers, providers
from ...store.ledger import history
from ...store.ledger import moves as under_way
from ...wishes import Inside
from .. import claims


class Wish(Struct, frozen=True):
    """What a server needs, for whom, and where to: amounts by resource class, a host's id, and what it needs inside of that.

    `why` is kept with the claim, for those who ask later why it is there.
    """

    host_id: str
    resources: dict[str, int]
    project_id: str
    user_id: str
    why: dict[str, Any] | None = None
    inside: Inside = Inside()


async def place(tx: Tx, server_id: str, wish: Wish) -> int:
    """A server that is nowhere gets a host; the claim's epoch.

    Raises NoCapacity with figures, NotFound without the host, Conflict if the server has a claim there.
    """
    who = {"project_id": wish.project_id, "user_id": wish.user_id}
    return await claims.claim(tx, server_id, wish.host_id, wish.resources, **who, why=wish.why, within=wish.inside)


async def begin(tx: Tx, move_id: str, server_id: str, kind: str, wish: Wish) -> int:
    """Hold the target beside the source; the epoch of the claim at the target.

    `kind` is resize, cold-migration, live-migration or evacuation. Raises NoCapacity and NotFound as `place`, Conflict if the
    server is being moved already, or holds nothing, or claims on several hosts.
    """
    held = list(await claims.claims_of(tx, server_id))
    move = await under_way.of_consumer(tx, server_id)
    if move is not None or len(held) != 1:
        raise Conflict(f"Server {server_id} is being moved already." if move else f"Server {server_id} holds {len(held)} claims.")
    if not await under_way.add(tx, Move(move_id, server_id, kind, held[0], wish.host_id, tx.stamp)):
        raise Conflict(f"Server {server_id} is being moved already.")
    for provider_id in sorted({held[0], wish.host_id}):  # in one order, so that moves in opposite directions wait for each other
        await providers.touch(tx, provider_id)
    await _hand_over(tx, (server_id, move_id, "MIGRATION"), held[0], wish)
    return await place(tx, server_id, wish)


async def finish(tx: Tx, move_id: str) -> None:
    """The server is at the target: the source is free. Nothing happens if the move has ended."""
    move = await under_way.find(tx, move_id)
    if move is not None:
        await claims.release(tx, move.id)
        await under_way.remove(tx, move.id)


async def cancel(tx: Tx, move_id: str) -> int:
    """The server stays at the source: the target is free; the epoch of the claim at the source, 0 if the move has ended."""
    move = await under_way.find(tx, move_id)
    if move is None:
        return 0
    await claims.release(tx, move.consumer_id)
    consumer = await consumers.find(tx, move.consumer_id)
    assert consumer is not None
    back = Wish(move.source_id, {}, consumer.project_id, consumer.user_id)
    epoch = await _hand_over(tx, (move.id, move.consumer_id, "INSTANCE"), move.source_id, back)
    await consumers.settle(tx, move.id)
    await under_way.remove(tx, move.id)
    return epoch


async def leave(tx: Tx, server_id: str) -> None:
    """The server is nowhere: all that it holds, at both ends of a move too, is free. Nothing happens if it holds nothing."""
    move = await under_way.of_consumer(tx, server_id)
    if move is not None:
        await finish(tx, move.id)
    await claims.release(tx, server_id)


async def active(tx: Reader) -> list[Move]:
    """Every move under way, oldest first."""
    return await under_way.everyone(tx)


async def of_server(tx: Reader, server_id: str) -> Move | None:
    """The move of a server, if it is being moved."""
    return await under_way.of_consumer(tx, server_id)


async def _hand_over(tx: Tx, parties: tuple[str, str, str], host_id: str, wish: Wish) -> int:
    """From a giver to a taker of a type: the sum on the host is what it was."""
    giver, taker, kind = parties
    epoch = await consumers.advance(tx, taker, wish.project_id, wish.user_id, kind)
    if await providers.touch(tx, host_id) is None:
        raise NotFound(f"Host {host_id} could not be found.")
    moved = await store.hand_over(tx, giver, taker, host_id, epoch)
    await history.handed_over(tx, moved, giver)
    return epoch


__all__ = ["Inside", "Move", "Wish", "active", "begin", "cancel", "finish", "leave", "of_server", "place"]
