"""Mappings, as they are kept."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ... import mapping as language
from ...model import Mapping
from ...store.federation import mappings, providers

FIRST_VERSION = "1.0"


async def get(tx: Reader, mapping_id: str) -> Mapping:
    """A mapping. Raises NotFound."""
    found = await mappings.find(tx, mapping_id)
    if found is None:
        raise NotFound(f"Could not find mapping: {mapping_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Mapping]:
    """Mappings."""
    return await mappings.page(tx, wanted)


async def create(tx: Tx, mapping_id: str, rules: list[Any], version: str | None) -> Mapping:
    """A new one. Raises Invalid for rules that cannot be read, Conflict for a known id."""
    made = Mapping(id=mapping_id, rules=rules, schema_version=version or FIRST_VERSION)
    language.read(made.rules, made.schema_version)
    if await mappings.find(tx, mapping_id) is not None:
        raise Conflict(f"Conflict occurred attempting to store mapping - Duplicate entry: {mapping_id}.")
    await mappings.add(tx, made)
    return made


async def update(tx: Tx, mapping_id: str, rules: list[Any], version: str | None) -> Mapping:
    """Other rules, from the next log-in on. Raises NotFound, Invalid."""
    changed = msgspec.structs.replace(await get(tx, mapping_id), rules=rules, schema_version=version or FIRST_VERSION)
    language.read(changed.rules, changed.schema_version)
    await mappings.save(tx, changed)
    return changed


async def delete(tx: Tx, mapping_id: str) -> None:
    """Delete one. Raises NotFound, and Conflict, saying by which protocols it is used."""
    await get(tx, mapping_id)
    users = await providers.protocols(tx, Page().where("mapping_id", mapping_id))
    if users:
        names = ", ".join(f"{protocol.idp_id}/{protocol.id}" for protocol in users)
        raise Conflict(f"The mapping {mapping_id} is used by the protocols {names}: give them another mapping first.")
    await mappings.remove(tx, mapping_id)
