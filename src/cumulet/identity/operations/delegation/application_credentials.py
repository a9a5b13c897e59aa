"""Application credentials: a program acts for a user in one project, with some of the user's roles, by a secret of its own."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ....kernel.policy import Actor
from ...model import AccessRule, ApplicationCredential, Role
from ...store.delegation import application_credentials
from ..resources import users
from ..roles import holdings
from ..tokens import Tokens
from . import access_rules
from .wanted_roles import chosen

SECRET_BYTES = 64


class NewCredential(Struct, frozen=True):
    """What a user wants. `roles` are (id, name), one of them given; none are all of the token's. Without `rules` all may pass."""

    name: str
    description: str
    secret: str | None
    expires_at: float | None
    unrestricted: bool
    roles: Sequence[tuple[str | None, str | None]]
    rules: Sequence[access_rules.NewRule] | None


class Shown(Struct, frozen=True):
    """An application credential with its roles and rules; `secret` only when it is new."""

    credential: ApplicationCredential
    roles: list[Role]
    rules: list[AccessRule] | None
    secret: str | None = None


def check_actor(actor: Actor, changes: bool) -> None:
    """Raise Forbidden to trustees, whose rights a credential would outlive; and to restricted credentials, for changes."""
    if actor.trust_id is not None or actor.access_token_id is not None:
        raise Forbidden("Application credentials cannot be managed with a token that was delegated.")
    if changes and actor.restricted:
        raise Forbidden("A restricted application credential must not manage other application credentials.")


async def _shown(tx: Reader, found: ApplicationCredential, secret: str | None = None) -> Shown:
    known = (await holdings.implications(tx)).roles
    roles = [known[role_id] for role_id in found.role_ids if role_id in known]
    rules = None if found.rule_ids is None else await application_credentials.rules(tx, found.rule_ids)
    return Shown(found, roles, rules, secret)


async def get(tx: Reader, actor: Actor, user_id: str, credential_id: str) -> Shown:
    """One of a user's. Raises NotFound, also if it is another user's, and Forbidden."""
    check_actor(actor, changes=False)
    return await _shown(tx, await _find(tx, user_id, credential_id))


async def _find(tx: Reader, user_id: str, credential_id: str) -> ApplicationCredential:
    found = await application_credentials.find(tx, credential_id)
    if found is None or found.user_id != user_id:
        raise NotFound(f"Could not find Application Credential: {credential_id}.")
    return found


async def page(tx: Reader, actor: Actor, user_id: str, wanted: Page) -> list[Shown]:
    """A user's application credentials. Raises NotFound, Forbidden."""
    check_actor(actor, changes=False)
    await users.get(tx, user_id)
    return [await _shown(tx, found) for found in await application_credentials.page(tx, user_id, wanted)]


async def create(tx: Tx, tokens: Tokens, actor: Actor, new: NewCredential) -> Shown:
    """A new one for the actor, in the project of the actor's token, with roles that the token has.

    Raises Forbidden, Invalid for a role that the token does not have or a time in the past, Conflict for a name that the user
    has used.
    """
    check_actor(actor, changes=True)
    if actor.project_id is None:
        raise Forbidden("An application credential is for a project: a token of a project is needed.")
    if new.expires_at is not None and new.expires_at <= tx.now:
        raise Invalid("Invalid input for field/attribute expires_at. It must be in the future.")
    if await application_credentials.find_by_name(tx, actor.user_id, new.name) is not None:
        raise Conflict(
            f"Conflict occurred attempting to store application_credential - Duplicate entry found with name {new.name}."
        )
    rules = None if not new.rules else [await access_rules.kept(tx, actor.user_id, rule) for rule in new.rules]
    secret = new.secret or ids.secret_text(SECRET_BYTES)
    made = ApplicationCredential(
        id=ids.new_hex(),
        user_id=actor.user_id,
        project_id=actor.project_id,
        name=new.name,
        description=new.description,
        secret_hash=await tokens.passwords.hash(secret),
        expires_at=new.expires_at,
        unrestricted=new.unrestricted,
        role_ids=await _role_ids(tx, actor, new),
        rule_ids=None if rules is None else [rule.id for rule in rules],
    )
    await application_credentials.add(tx, made)
    return await _shown(tx, made, secret)


async def _role_ids(tx: Reader, actor: Actor, new: NewCredential) -> list[str]:
    implied = await holdings.implications(tx)
    own = {role.id for role in implied.roles.values() if not role.domain_id and role.name in actor.roles}
    wanted = implied.reach(set(chosen(implied, new.roles))) if new.roles else own
    unheld = sorted(wanted - own)
    if unheld:
        raise Invalid(f"Cannot create an application credential with unassigned role {unheld[0]}.")
    return sorted(wanted)


async def delete(tx: Tx, actor: Actor, user_id: str, credential_id: str) -> None:
    """Delete one: its tokens are void at once. Raises NotFound, Forbidden."""
    check_actor(actor, changes=True)
    await _find(tx, user_id, credential_id)
    await application_credentials.remove(tx, credential_id)
    tx.signal("identity", user_id)
