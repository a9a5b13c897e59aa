"""Overcommit by leave (C3): for one resource class of one host, until a stamp, with a reason, by somebody.

A grant ends by the clock: the guard compares its end with the time of each transaction, so that no job has to run for it to end.
What was claimed under it stays; what is free shrinks, and nothing grows until it fits again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ....kernel import ids
from ....kernel.audit import Event, record
from ....kernel.clock import stamp
from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ...model import HOST_CLASSES, Grant
from ...store import inventories
from ...store.ledger import grants as store
from .. import overcommit, providers

LONGEST = 90 * 86400.0
"""For how long overcommit can be granted at most, in seconds: who needs it for longer needs memory, or sets a ratio."""

MOST = 16.0

NEVER = "Huge pages, devices and whatever else is handed out piece by piece can never be overcommitted"


async def give(tx: Tx, host_id: str, resource_class: str, wanted: tuple[float, float], said: tuple[str, str]) -> Grant:
    """Let `wanted` = (ratio, seconds from now) count instead of the host's ratio; `said` = (reason, by whom).

    Raises NotFound for an unknown host, Invalid for a class that may never be overcommitted, a ratio that is not above the present
    one, an end that is not soon and a missing reason, Conflict while another grant is in force.
    """
    (ratio, seconds), (reason, by) = wanted, said
    if resource_class not in HOST_CLASSES:
        raise Invalid(f"resource_class must be one of {', '.join(HOST_CLASSES)}, not {resource_class}. {NEVER}.")
    await providers.advance(tx, host_id)
    figures = (await inventories.figures(tx, [host_id]))[host_id].get(resource_class)
    if figures is None:
        raise Invalid(f"The host has no {resource_class}.")
    if figures.ratio_source == "grant":
        raise Conflict(f"A grant of {resource_class} is in force for this host already; revoke it first.")
    if not figures.ratio < ratio <= MOST:
        raise Invalid(f"ratio must be above the present one ({figures.ratio:g}) and at most {MOST:g}, not {ratio:g}.")
    if not 0 < seconds <= LONGEST:
        raise Invalid(f"until must be in the future and at most {LONGEST / 86400:g} days from now.")
    if not reason.strip():
        raise Invalid("reason must say why.")
    made = Grant(ids.new_uuid(), host_id, resource_class, ratio, stamp(tx.now + seconds), reason, by, tx.stamp, None, None)
    await store.add(tx, made)
    async with overcommit.watch(tx, host_id, f"Overcommit granted by {by}: {reason}"):
        await inventories.set_grant(tx, host_id, resource_class, ratio, made.until)
    await _record(tx, "created.grant", made, by)
    return made


async def revoke(tx: Tx, grant_id: str, by: str) -> Grant:
    """End a grant now; what was claimed stays. Raises NotFound, and Conflict if it has ended."""
    grant = await store.find(tx, grant_id)
    if grant is None:
        raise NotFound(f"Grant {grant_id} could not be found.")
    if not grant.in_force(tx.stamp):
        raise Conflict(f"Grant {grant_id} has ended already.")
    await providers.advance(tx, grant.provider_id)
    await store.revoke(tx, grant_id, by)
    async with overcommit.watch(tx, grant.provider_id, f"Grant {grant_id} was revoked by {by}."):
        await inventories.set_grant(tx, grant.provider_id, grant.resource_class, None, None)
    await _record(tx, "revoked.grant", grant, by)
    ended = await store.find(tx, grant_id)
    assert ended is not None
    return ended


async def _record(tx: Tx, action: str, grant: Grant, by: str) -> None:
    """Nobody overcommits a host unseen: the audit log has it, too."""
    about = {"host": grant.provider_id, "resource_class": grant.resource_class, "ratio": grant.ratio, "until": grant.until}
    event = Event(
        service="placement", action=action, user_id=by, target_type="data/placement/grant", target_id=grant.id, details=about
    )
    await record(tx, event)


async def everyone(tx: Reader, host_id: str | None = None) -> Sequence[Grant]:
    """Every grant, or every one for a host, ended ones too, oldest first."""
    return await (store.everyone(tx) if host_id is None else store.of_provider(tx, host_id))


__all__ = ["Grant", "everyone", "give", "revoke"]
