"""What was revoked, for services that keep tokens which they have validated. (Everybody else asks about the token.)"""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Reader
from ..store import revocations
from .tokens import LIFETIME_SECONDS


class Revocation(Struct, frozen=True):
    """Tokens that are void: one, by its audit id, or those of a user. Instants are in seconds."""

    revoked_at: float
    issued_before: float
    audit_id: str | None = None
    user_id: str | None = None


async def since(tx: Reader, at: float | None) -> list[Revocation]:
    """What was revoked since then and may still concern somebody: no token lives longer than it takes to forget this."""
    start = max(at or 0.0, tx.now - LIFETIME_SECONDS)
    found = [Revocation(when, when, audit_id=audit_id) for audit_id, when in await revocations.since(tx, start)]
    found += [Revocation(when, when, user_id=user_id) for user_id, when in await revocations.users_since(tx, start)]
    return sorted(found, key=lambda each: each.revoked_at)
