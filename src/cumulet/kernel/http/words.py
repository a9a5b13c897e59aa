"""Values as clients write them in texts: in queries and headers, and here and there in bodies."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)


def flag(text: str) -> bool:
    """A boolean as OpenStack clients write it. Raises ValueError."""
    word = text.strip().lower()
    if word in ("true", "1", "yes", "on", "t", "y"):
        return True
    if word in ("false", "0", "no", "off", "f", "n"):
        return False
    raise ValueError(f"{text[:64]!r} is not a boolean")


def whole(text: str) -> int | None:
    """An integer in at most 18 ASCII digits, so that 64 bits hold it; None for any other text.

    `isdigit` and `int` take more than each other: digits of other scripts, superscripts, a million digits.
    """
    return int(text) if _WHOLE.fullmatch(text) else None
