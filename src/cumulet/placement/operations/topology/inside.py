"""What is claimed below a host, beside what is claimed of the host itself, in the same transaction (C11)."""

from __future__ import annotations

from collections.abc import Iterator

from ....kernel.db import Reader, Tx
from ....kernel.errors import NoCapacity
from ...model import Claim, Piece
from ...store import claims as store
from ...store import providers
from ...store.ledger import history
from ...store.topology import pieces
from ...topology.fitting import Fit, adrift, fit
from ...topology.rooms import Lack
from ...wishes import Inside
from .looking import tree, trees

AT_ONCE = 32
"""How many hosts are looked into at a time."""


async def first(tx: Reader, host_ids: list[str], inside: Inside, limit: int) -> list[str]:
    """Those of these hosts, `limit` of them at most, that have what is wanted inside."""
    found: list[str] = []
    for some in _some(host_ids):
        known = await trees(tx, some)
        found += [host_id for host_id in some if isinstance(fit(known[host_id], inside), Fit)]
        if len(found) >= limit:
            break
    return found[:limit]


async def lacking(tx: Reader, host_ids: list[str], inside: Inside) -> dict[str, str]:
    """What speaks against each of these hosts, when one looks inside, for a sentence that begins with their number."""
    found: dict[str, Lack] = {}
    for some in _some(host_ids):
        for host_id, known in (await trees(tx, some)).items():
            fitting = fit(known, inside)
            if isinstance(fitting, Lack):
                found[host_id] = fitting
    most: dict[tuple[str, int], int] = {}
    for lack in found.values():
        most[lack.what, lack.wanted] = max(lack.most, most.get((lack.what, lack.wanted), 0))
    return {
        host_id: f"without {lack.wanted} {lack.what} free (the nearest has {most[lack.what, lack.wanted]})"
        for host_id, lack in found.items()
    }


def _some(host_ids: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(host_ids), AT_ONCE):
        yield host_ids[at : at + AT_ONCE]


async def find(tx: Reader, host_id: str, inside: Inside, memory_mb: int) -> Fit:
    """How to take what is wanted inside of a host. The caller has touched the host. Raises NoCapacity with the figure.

    Of a host whose memory is in several cells, `memory_mb` is what is claimed of it as a whole: if no cells are wanted, it comes
    to those that are emptiest.
    """
    if not inside and not memory_mb:
        return Fit({}, [])
    known = await tree(tx, host_id)
    assert known is not None
    found = fit(known, inside)
    if isinstance(found, Lack):
        raise NoCapacity(f"The host cannot hold this: {found.words()}.", code="claim", internal=f"host {host_id}")
    if memory_mb and not inside.cells:
        return found.beside(adrift(known, memory_mb))
    return found


async def take(tx: Tx, of_host: Claim, found: Fit) -> None:
    """Claim what was found below the host of a claim that was made just now, for the same consumer.

    Raises NoCapacity if somebody has it now, and then the caller drops what the consumer has got of the host.
    """
    for provider_id, amounts in sorted(found.amounts.items()):
        if provider_id != of_host.provider_id:
            await _take(tx, Claim(of_host.consumer_id, provider_id, "", 0, of_host.epoch, tx.stamp), amounts)
    for taken in found.pieces:
        piece = Piece(taken.provider_id, taken.piece, of_host.consumer_id, taken.resource_class)
        if not await pieces.take(tx, piece):
            raise _overtaken(taken.piece)


async def _take(tx: Tx, claim: Claim, amounts: dict[str, int]) -> None:
    await providers.touch(tx, claim.provider_id)
    if not await store.insert(tx, claim, amounts):
        raise _overtaken(", ".join(amounts))
    await history.claimed(tx, claim, amounts)


def _overtaken(what: str) -> NoCapacity:
    return NoCapacity(f"The host cannot hold this: somebody else was quicker to claim {what}.", code="claim")
