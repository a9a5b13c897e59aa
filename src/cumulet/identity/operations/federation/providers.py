"""Identity providers: others who know users. Each has a domain for those that it sends."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ...model import IdentityProvider
from ...store.federation import providers
from ...store.federation import users as federated
from .. import projects
from ..resources import users


async def get(tx: Reader, idp_id: str) -> IdentityProvider:
    """An identity provider. Raises NotFound."""
    found = await providers.find(tx, idp_id)
    if found is None:
        raise NotFound(f"Could not find Identity Provider: {idp_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[IdentityProvider]:
    """Identity providers."""
    return await providers.page(tx, wanted)


async def create(tx: Tx, idp_id: str, fields: dict[str, Any]) -> IdentityProvider:
    """A new one, with a new domain if none is named. Raises Conflict for a known (remote) id, NotFound for an unknown domain."""
    if await providers.find(tx, idp_id) is not None:
        raise Conflict(f"Conflict occurred attempting to store identity_provider - Duplicate entry: {idp_id}.")
    await _check_remote_ids(tx, idp_id, fields["remote_ids"])
    domain_id = fields.pop("domain_id")
    if domain_id is None:
        domain_id = await _new_domain(tx, idp_id)
    else:
        await projects.get_domain(tx, domain_id)
    made = IdentityProvider(id=idp_id, domain_id=domain_id, **fields)
    await providers.add(tx, made)
    return made


async def _new_domain(tx: Tx, idp_id: str) -> str:
    """Its name is its id, as upstream's: the domain of an earlier provider with the same id may still be there."""
    domain_id = ids.new_hex()
    about = f"Federated domain of the identity provider {idp_id}."
    fields = {"name": domain_id, "description": about, "enabled": True, "tags": [], "options": {}, "extra": {}}
    return (await projects.create_domain(tx, fields, domain_id)).id


async def _check_remote_ids(tx: Reader, idp_id: str, remote_ids: list[str]) -> None:
    for other in await providers.page(tx, Page()):
        taken = set(other.remote_ids) & set(remote_ids)
        if other.id != idp_id and taken:
            raise Conflict(f"Conflict occurred attempting to store identity_provider - Duplicate remote ID: {min(taken)}.")


async def update(tx: Tx, idp_id: str, changes: dict[str, Any]) -> IdentityProvider:
    """Change one; disabling it ends the tokens of its users. Raises NotFound, Conflict."""
    changed = msgspec.structs.replace(await get(tx, idp_id), **changes)
    await _check_remote_ids(tx, idp_id, changed.remote_ids)
    await providers.save(tx, changed)
    tx.signal("identity", idp_id)
    return changed


async def delete(tx: Tx, idp_id: str) -> None:
    """Delete one with its protocols and the users that only it knows. Raises NotFound."""
    await get(tx, idp_id)
    made = await federated.shadows(tx, idp_id)
    await providers.remove(tx, idp_id)
    await remove_orphans(tx, made)
    tx.signal("identity", idp_id)


async def remove_orphans(tx: Tx, user_ids: list[str]) -> None:
    """Delete those of these users, made by log-ins, whom no identity provider knows any more."""
    for user_id in dict.fromkeys(user_ids):
        if not await federated.of_user(tx, user_id):
            await users.remove(tx, user_id)


async def of_remote_id(tx: Reader, remote_id: str) -> IdentityProvider | None:
    """The one that calls itself so."""
    return next((found for found in await providers.page(tx, Page()) if remote_id in found.remote_ids), None)
