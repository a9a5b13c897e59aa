"""Codes that change every 30 seconds (RFC 6238): six digits, HMAC-SHA-1."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

STEP_SECONDS = 30
EARLIER_STEPS = 1
GOOD_SECONDS = STEP_SECONDS * (EARLIER_STEPS + 2.0)
"""Longer than any code is good: one that was used is remembered for so long."""


def matches(secrets: Sequence[str], code: str, now: float) -> bool:
    """Whether `code` is that of one of the base32 secrets now, or was a step ago. A secret that is not base32 matches nothing."""
    found = False
    for secret in secrets:
        for earlier in range(EARLIER_STEPS + 1):
            wanted = code_at(secret, int(now) // STEP_SECONDS - earlier)
            found |= wanted is not None and hmac.compare_digest(wanted.encode(), code.encode())
    return found


def code_at(secret: str, step: int) -> str | None:
    """The code of a base32 secret in one step; None if it is not base32."""
    try:
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    except ValueError:
        return None
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
