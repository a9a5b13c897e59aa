"""Resource classes: the standard ones, and custom ones whose names begin with CUSTOM_."""

from __future__ import annotations

from collections.abc import Iterable

from ...kernel.db import Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from .. import standards
from ..store import classes as store


async def list_all(tx: Reader) -> dict[str, str | None]:
    """Every class, and since when it is there; None for the standard ones."""
    return {**dict.fromkeys(standards.classes()), **await store.custom(tx)}


async def get(tx: Reader, name: str) -> str | None:
    """Since when a class is there; None for a standard one. Raises NotFound."""
    known = await list_all(tx)
    if name not in known:
        raise NotFound(f"There is no resource class {name}.")
    return known[name]


async def create(tx: Tx, name: str) -> None:
    """Add a custom class. Raises Conflict if it is there."""
    if not await store.define(tx, name):
        raise Conflict(f"Resource class {name} already exists.")


async def ensure(tx: Tx, name: str) -> bool:
    """Add a custom class unless it is there; whether it was added."""
    return await store.define(tx, name)


async def rename(tx: Tx, name: str, new: str) -> None:
    """Change a custom class's name.

    Raises NotFound, Invalid for a standard one, Conflict if the name is taken or a provider has inventory of the class.
    """
    await get(tx, name)
    if name in standards.classes():
        raise Invalid(f"Resource class {name} is standard and cannot be changed.")
    if new in await list_all(tx):
        raise Conflict(f"Resource class {new} already exists.")
    await _refuse_if_used(tx, name)
    await store.rename(tx, name, new)


async def delete(tx: Tx, name: str) -> None:
    """Remove a custom class. Raises NotFound, Invalid for a standard one, Conflict while a provider has inventory of it."""
    await get(tx, name)
    if name in standards.classes():
        raise Invalid(f"Resource class {name} is standard and cannot be deleted.")
    await _refuse_if_used(tx, name)
    await store.forget(tx, name)


async def _refuse_if_used(tx: Tx, name: str) -> None:
    holders = await store.holders(tx, name)
    if holders:
        raise Conflict(f"Resource class {name} is in use: {holders} providers have inventory of it.")


async def check(tx: Reader, names: Iterable[str]) -> None:
    """Raise Invalid, naming them, unless each of these classes exists."""
    unknown = set(names) - set(standards.classes())
    if unknown:
        unknown -= set(await store.custom(tx))
    if unknown:
        raise Invalid(f"There is no resource class {', '.join(sorted(unknown))}.")
