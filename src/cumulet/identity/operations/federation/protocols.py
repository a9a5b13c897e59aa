"""Protocols: the ways to log in by an identity provider, each with its mapping."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ...model import Protocol
from ...store.federation import mappings, providers
from ...store.federation import users as federated
from . import providers as provider_operations


async def get(tx: Reader, idp_id: str, protocol_id: str) -> Protocol:
    """A protocol. Raises NotFound."""
    found = await providers.find_protocol(tx, idp_id, protocol_id)
    if found is None:
        raise NotFound(f"Could not find federated protocol {protocol_id} for Identity Provider: {idp_id}.")
    return found


async def page(tx: Reader, idp_id: str, wanted: Page) -> list[Protocol]:
    """Those of an identity provider."""
    return await providers.protocols(tx, wanted.where("idp_id", idp_id))


async def page_of_all(tx: Reader, protocol_id: str) -> list[Protocol]:
    """Every identity provider's protocol of this name."""
    return await providers.protocols(tx, Page().where("id", protocol_id))


async def create(tx: Tx, idp_id: str, protocol_id: str, fields: dict[str, Any]) -> Protocol:
    """A new one. Raises NotFound for an unknown identity provider, Invalid for an unknown mapping, Conflict."""
    await provider_operations.get(tx, idp_id)
    await _check_mapping(tx, fields["mapping_id"])
    if await providers.find_protocol(tx, idp_id, protocol_id) is not None:
        raise Conflict(f"Conflict occurred attempting to store federation_protocol - Duplicate entry: {protocol_id}.")
    made = Protocol(idp_id=idp_id, id=protocol_id, **fields)
    await providers.add_protocol(tx, made)
    return made


async def _check_mapping(tx: Reader, mapping_id: str) -> None:
    if await mappings.find(tx, mapping_id) is None:
        raise Invalid(f"Invalid mapping id: {mapping_id}")


async def update(tx: Tx, idp_id: str, protocol_id: str, changes: dict[str, Any]) -> Protocol:
    """Change one. Raises NotFound, Invalid for an unknown mapping."""
    changed = msgspec.structs.replace(await get(tx, idp_id, protocol_id), **changes)
    await _check_mapping(tx, changed.mapping_id)
    await providers.save_protocol(tx, changed)
    return changed


async def delete(tx: Tx, idp_id: str, protocol_id: str) -> None:
    """Delete one, and the users that come only by it. Raises NotFound."""
    await get(tx, idp_id, protocol_id)
    made = await federated.shadows(tx, idp_id, protocol_id)
    await providers.remove_protocol(tx, idp_id, protocol_id)
    await provider_operations.remove_orphans(tx, made)
    tx.signal("identity", idp_id)
