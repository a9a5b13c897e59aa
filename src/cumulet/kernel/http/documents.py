"""JSON documents that clients send, and what is wrong with them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..errors import Invalid

DEEPEST = 64
"""How many objects and lists may be inside one another. More is refused: what is read by recursion, then or later, could not be."""

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def read(raw: bytes, kind: Any = Any) -> Any:
    """The document as `kind`, plain objects by default. Raises Invalid."""
    if not raw:
        raise Invalid("The request has no body; a JSON object is required.")
    if _too_deep(raw):
        raise Invalid(f"Malformed request body: more than {DEEPEST} objects and lists are inside one another.")
    if b"\\u0000" in raw and _NUL.search(raw):
        # PostgreSQL keeps no text that has one, and no name, address or script needs one.
        raise Invalid("Malformed request body: no text may hold the character NUL (\\u0000).")
    try:
        if not raw.isascii():
            raw.decode()  # msgspec does not look into texts that nobody asks for
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as problem:
        raise Invalid(explain(str(problem))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Invalid(f"Malformed request body: {problem}") from None


def _too_deep(raw: bytes) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    brackets = _TEXT.sub(b"", raw).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        shorter = brackets.replace(b"[]", b"")  # takes the innermost level away
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return bool(brackets)


def explain(text: str) -> str:
    """msgspec's words, with the field first: ``Invalid input for field/attribute name. Expected `str`, got `int`.``"""
    what, at, where = text.rpartition(" - at `")
    if "unknown field" in text:
        field = text.split("`")[1]
        return f"Additional properties are not allowed ('{field}' was unexpected)."
    if "missing required field" in text:
        field = text.split("`")[1]
        return f"'{field}' is a required property."
    return (
        f"Invalid input for field/attribute {where.strip('`').removeprefix('$.') or 'body'}. {what}."
        if at
        else f"Invalid input. {text}."
    )
