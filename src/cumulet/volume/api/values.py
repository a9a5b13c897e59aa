"""Values as clients write them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from ...kernel.errors import Invalid
from ...kernel.http import Request, whole
from ...kernel.ids import is_uuid

Text255 = Annotated[str, Meta(max_length=255)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Key = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-_:. ]{1,255}$")]
Metadata = dict[Key, Text255]
Flag = bool | str | int

_TRUE, _FALSE = ("true", "1", "yes", "on", "t", "y"), ("false", "0", "no", "off", "f", "n")


class Nothing(Struct):
    """An action's empty object."""


def flag(name: str, value: Flag) -> bool:
    """A boolean, also as a word. Raises Invalid."""
    word = str(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise Invalid(f"Invalid input for field/attribute {name}. Value: {value}. '{value}' is not a boolean.")
    return word in _TRUE


def asked_flag(request: Request, name: str, default: bool = False) -> bool:
    """A query parameter that is a boolean. Raises Invalid."""
    text = request.asked(name)
    return default if text is None or text == "" else flag(name, text)


def asked_count(request: Request, name: str) -> int:
    """A query parameter that is a number, 0 if it is absent. Raises Invalid."""
    text = request.asked(name) or "0"
    number = whole(text)
    if number is None or number < 0:
        raise Invalid(f"Invalid input for field/attribute {name}. Value: {text[:64]}. It must be an integer that is not negative.")
    return number


def gigabytes(name: str, value: int | str | None) -> int | None:
    """A size in GiB, also as a word; None stays None. Raises Invalid unless it is a whole number."""
    if value is None:
        return None
    size = whole(str(value))
    if size is None or size < 0:
        raise Invalid(
            f"Invalid input for field/attribute {name}. Value: {str(value)[:64]}. It must be an integer and greater than 0."
        )
    return size


def stripped(text: str | None) -> str | None:
    """A text without the blanks around it."""
    return text.strip() if text is not None else None


def identifier(name: str, value: str) -> str:
    """A UUID. Raises Invalid."""
    if not is_uuid(value):
        raise Invalid(f"Invalid input for field/attribute {name}. Value: {value}. It is not a UUID.")
    return value
