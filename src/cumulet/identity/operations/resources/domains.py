"""Domains: deleting one deletes all that is in it."""

from __future__ import annotations

from ....kernel.db import Page, Tx
from ....kernel.errors import Forbidden
from ...store import groups, roles
from ...store import users as user_store
from ...store.directory import entries as directory
from .. import projects
from ..federation import providers
from . import options, users
from .groups import remove as remove_group


async def delete(tx: Tx, domain_id: str) -> None:
    """Delete a disabled domain with all that is in it. Raises NotFound, and Forbidden while it is enabled."""
    domain = await projects.get_domain(tx, domain_id)
    options.check_mutable(f"Domain {domain_id}", domain.options, None)
    if domain.enabled:
        raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
    for project in reversed(await projects.subtree(tx, domain)):
        await projects.remove(tx, project.id)
    inside = Page().where("domain_id", domain_id)
    for provider in await providers.page(tx, inside):
        await providers.delete(tx, provider.id)
    for user in await user_store.page(tx, inside):
        await users.remove(tx, user.id)
    for group in await groups.page(tx, inside):
        await remove_group(tx, group.id)
    for role in await roles.page(tx, inside):
        await roles.remove(tx, role.id)
    await directory.forget_domain(tx, domain_id)
    await projects.remove(tx, domain_id)
