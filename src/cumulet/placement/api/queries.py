"""The words of placement's query strings: resources, traits, aggregates."""

from __future__ import annotations

from collections.abc import Iterable

from ...kernel.errors import Invalid
from ...kernel.http import Request, Version, whole
from ...kernel.ids import is_uuid

REPEATED_MEMBER_OF = Version(1, 24)
FORBIDDEN_TRAITS = Version(1, 22)
FORBIDDEN_AGGREGATES = Version(1, 32)
ANY_TRAITS = Version(1, 39)


def speaks(request: Request, since: Version) -> bool:
    """Whether the client asked for this microversion or a newer one."""
    return request.version is None or request.version >= since


def only(request: Request, allowed: Iterable[str]) -> None:
    """Raise Invalid for a parameter that is none of `allowed`."""
    unknown = sorted(set(request.query) - set(allowed))
    if unknown:
        raise Invalid(f"Invalid query string parameters: '{unknown[0]}' is not known (at this microversion).")


def first(request: Request, name: str) -> str | None:
    """The first value of a parameter, or None."""
    values = request.query.get(name)
    return values[0] if values else None


def uuid(name: str, text: str) -> str:
    """A parameter that is a UUID. Raises Invalid."""
    if not is_uuid(text.strip()):
        raise Invalid(f"Invalid query string parameters: Expected '{name}' parameter to be a UUID, got '{text}'.")
    return text.strip()


def resources(text: str) -> dict[str, int]:
    """`VCPU:2,MEMORY_MB:1024`. Raises Invalid."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, colon, amount = part.partition(":")
        if not colon or not name.strip() or ":" in amount:
            form = "Badly formed resources parameter. Expected the form ?resources=VCPU:2,MEMORY_MB:1024."
            raise Invalid(f"{form} Got: {part.strip() or 'empty string'}.")
        number = whole(amount)
        if number is None:
            raise Invalid(f"Requested resource {name} expected positive integer amount. Got: {amount[:64]}.")
        if number < 1:
            raise Invalid(f"Requested resource {name} requires amount >= 1. Got: {amount}.")
        found[name] = number
    return found


Traits = tuple[list[list[str]], list[str]]
"""What is required (a trait of each list), and what is forbidden."""


def traits(request: Request, name: str) -> Traits:
    """The parameter `name`: `T1,!T2`, and since 1.39 repeated and `in:T3,T4`. Raises Invalid."""
    values = request.query.get(name, [])
    any_of = speaks(request, ANY_TRAITS)
    required: list[list[str]] = []
    forbidden: list[str] = []
    for text in values if any_of else values[-1:]:
        more, without = _traits(request, name, text, any_of)
        required, forbidden = required + more, forbidden + without
    return required, forbidden


def _traits(request: Request, name: str, text: str, any_of: bool) -> Traits:
    if text.startswith("in:"):
        if not any_of:
            raise Invalid(f"Invalid query string parameters: the form in:T1,T2 of '{name}' is supported since microversion 1.39.")
        names = _names(name, text.removeprefix("in:"))
        if any(trait.startswith("!") for trait in names):
            raise Invalid(f"Invalid query string parameters: '{name}' cannot forbid traits inside in:. Got: {text}")
        return [names], []
    names = _names(name, text)
    forbidden = [trait.lstrip("!") for trait in names if trait.startswith("!")]
    if forbidden and not speaks(request, FORBIDDEN_TRAITS):
        raise Invalid(f"Invalid query string parameters: '{name}' can forbid traits since microversion 1.22. Got: {text}")
    return [[trait] for trait in names if not trait.startswith("!")], forbidden


def _names(name: str, text: str) -> list[str]:
    names = [part.strip() for part in text.split(",")]
    if not all(part.lstrip("!") for part in names):
        raise Invalid(f"Invalid query string parameters: '{name}' holds an empty trait. Got: {text}")
    return list(dict.fromkeys(names))


def check_consistent(key: str, wanted: Traits) -> None:
    """Raise Invalid if everything that would satisfy a requirement is forbidden."""
    required, forbidden = wanted
    for any_of in required:
        if set(any_of) <= set(forbidden):
            conflict = f"{key}: ({', '.join(sorted(any_of))})"
            raise Invalid(f"Conflicting required and forbidden traits found in the following traits keys: {conflict}")


def aggregates(request: Request, name: str) -> tuple[list[list[str]], list[str]]:
    """The parameter `name`: `uuid`, `in:uuid,uuid` and since 1.32 `!uuid`, `!in:uuid,uuid`. Raises Invalid.

    What is wanted (one of each list), and what is not.
    """
    values = request.query.get(name, [])
    if len(values) > 1 and not speaks(request, REPEATED_MEMBER_OF):
        raise Invalid(f"Multiple {name} parameters are not supported")
    wanted: list[list[str]] = []
    unwanted: list[str] = []
    for text in values:
        found = _aggregates(name, text.removeprefix("!"))
        if not text.startswith("!"):
            wanted.append(found)
        elif speaks(request, FORBIDDEN_AGGREGATES):
            unwanted += found
        else:
            raise Invalid(f"Forbidden {name} parameters are not supported in the specified microversion")
    return wanted, unwanted


def _aggregates(name: str, text: str) -> list[str]:
    if "," in text and not text.startswith("in:"):
        raise Invalid(f"Multiple values for '{name}' must be prefixed with the 'in:' keyword. Got: {text}")
    found = text.removeprefix("in:").split(",")
    wrong = [part for part in found if not is_uuid(part)]
    if wrong:
        raise Invalid(f"Invalid query string parameters: Expected '{name}' parameter to contain valid UUID(s). Got: {wrong[0]}")
    return found
