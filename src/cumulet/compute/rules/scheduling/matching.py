"""Whether a value is as an extra spec wants it, in upstream's language of operators."""

from __future__ import annotations

import re
from collections.abc import Callable


def matches(value: str, wanted: str) -> bool:
    """Whether a value is so: itself, `<or> a <or> b`, `<in> part`, `<all-in> a b`, `s== text`, or `>= 2` and the like."""
    if wanted.startswith("<or>"):
        return value in [choice.strip() for choice in wanted.split("<or>") if choice.strip()]
    operator, _, operand = wanted.partition(" ")
    if operator == "<in>":
        return operand.strip() in value
    if operator == "<all-in>":
        return bool(operand.split()) and all(part in value for part in operand.split())
    if operator in _TEXT and operand:
        return _TEXT[operator](value, operand.strip())
    if operator in _NUMBERS and _is_number(value) and _is_number(operand):
        return _NUMBERS[operator](float(value), float(operand))
    return value == wanted


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "s==": lambda a, b: a == b,
    "s!=": lambda a, b: a != b,
    "s>=": lambda a, b: a >= b,
    "s<=": lambda a, b: a <= b,
    "s>": lambda a, b: a > b,
    "s<": lambda a, b: a < b,
}
_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a >= b,  # upstream's meaning: at least
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", text) is not None
