"""Trusts: a user lets another act with some of their roles in a project, for a time or a number of times.

A trust can be passed on if it says so; the chain then leads from the last trust to the first, whose trustor's rights they all
live on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Forbidden, Invalid, NotFound
from ....kernel.policy import Actor
from ...model import Role, Scope, Trust
from ...store import projects as project_store
from ...store.delegation import trusts
from .. import projects
from ..resources import users
from ..roles import holdings
from .wanted_roles import chosen

MOST_REDELEGATIONS = 3


class NewTrust(Struct, frozen=True):
    """What a trustor wants. `roles` are (id, name) of which one is given; `redelegations` None is as many as there may be."""

    trustor_user_id: str
    trustee_user_id: str
    project_id: str | None
    impersonation: bool
    roles: Sequence[tuple[str | None, str | None]]
    expires_at: float | None
    remaining_uses: int | None
    may_redelegate: bool
    redelegations: int | None
    extra: dict[str, Any]


def check_actor(actor: Actor) -> None:
    """Raise Forbidden to application credentials and consumers: they are for one project, a trust would lead out of it."""
    if actor.application_credential_id is not None or actor.access_token_id is not None:
        raise Forbidden("An application credential or an access token must not be used to manage trusts.")


async def get(tx: Reader, trust_id: str) -> Trust:
    """A trust. Raises NotFound, also if it is expired or used up."""
    found = await trusts.find(tx, trust_id)
    if found is None:
        raise NotFound(f"Could not find trust: {trust_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[Trust]:
    """Trusts that are neither expired nor used up."""
    return await trusts.page(tx, wanted)


async def roles_of(tx: Reader, trust: Trust) -> list[Role]:
    """The roles that a trust delegates."""
    known = (await holdings.implications(tx)).roles
    return [known[role_id] for role_id in trust.role_ids if role_id in known]


async def create(tx: Tx, actor: Actor, new: NewTrust) -> Trust:
    """A new trust; of somebody who acts by a trust, one that passes it on.

    Raises Forbidden for what the trustor cannot give, NotFound for an unknown user, project or role, Invalid for a wrong number
    or time.
    """
    check_actor(actor)
    if actor.user_id != new.trustor_user_id:
        raise Forbidden("The trustor must be the user who makes the trust.")
    if new.project_id and not new.roles:
        raise Forbidden("At least one role must be delegated.")
    _check_numbers(tx, new)
    await users.get(tx, new.trustee_user_id)
    chain = await trusts.chain(tx, actor.trust_id) if actor.trust_id else []
    role_ids = await _role_ids(tx, new, chain)
    trust = _made(new, chain, role_ids)
    for above in chain:
        _check_link(above, trust)
    await trusts.add(tx, trust)
    return trust


def _check_numbers(tx: Reader, new: NewTrust) -> None:
    if new.expires_at is not None and new.expires_at <= tx.now:
        raise Invalid("Invalid input for field/attribute expires_at. It must be in the future.")
    if not new.may_redelegate:
        return
    if new.remaining_uses is not None:
        raise Invalid("remaining_uses must not be set if redelegation is allowed")
    if new.redelegations is not None and new.redelegations > MOST_REDELEGATIONS:
        raise Forbidden(f"Requested redelegation depth of {new.redelegations} is greater than allowed {MOST_REDELEGATIONS}")


async def _role_ids(tx: Reader, new: NewTrust, chain: list[Trust]) -> list[str]:
    implied = await holdings.implications(tx)
    wanted = list(dict.fromkeys(chosen(implied, new.roles)))
    if new.project_id is None:
        return wanted
    await projects.get(tx, new.project_id)
    project = await project_store.find(tx, new.project_id)
    origin = chain[-1].trustor_user_id if chain else new.trustor_user_id
    held = implied.reach(await holdings.role_ids_in(tx, origin, Scope("project", new.project_id), project))
    missing = [role_id for role_id in wanted if role_id not in held]
    if missing:
        raise NotFound(f"Could not find role: {missing[0]}. The trustor does not hold it in the project.")
    return wanted


def _made(new: NewTrust, chain: list[Trust], role_ids: list[str]) -> Trust:
    most = chain[0].redelegation_count - 1 if chain else MOST_REDELEGATIONS
    passed_on = new.may_redelegate and new.redelegations != 0
    if chain and passed_on and new.redelegations not in (None, most):
        raise Forbidden("redelegation_count cannot be chosen when a trust is passed on: leave it out.")
    count = (new.redelegations or most) if passed_on else 0
    expires_at = new.expires_at if new.expires_at is not None or not chain else chain[0].expires_at
    return Trust(
        id=ids.new_hex(),
        trustor_user_id=new.trustor_user_id,
        trustee_user_id=new.trustee_user_id,
        project_id=new.project_id,
        impersonation=new.impersonation,
        remaining_uses=new.remaining_uses,
        expires_at=expires_at,
        redelegation_count=count,
        redelegated_trust_id=chain[0].id if chain else None,
        role_ids=role_ids,
        extra=new.extra,
    )


def _check_link(above: Trust, trust: Trust) -> None:
    """Raise Forbidden if a trust would give more than one that it is passed on from."""
    if not 0 < above.redelegation_count <= MOST_REDELEGATIONS:
        raise Forbidden(
            f"Remaining redelegation depth of {above.redelegation_count} out of allowed range of [0..{MOST_REDELEGATIONS}]"
        )
    if trust.remaining_uses is not None:
        raise Forbidden("remaining_uses must not be set when a trust is passed on")
    if above.expires_at is not None and (trust.expires_at is None or trust.expires_at > above.expires_at):
        raise Forbidden("Requested expiration time is more than redelegated trust can provide")
    if trust.project_id != above.project_id or not set(trust.role_ids) <= set(above.role_ids):
        raise Forbidden("Some of requested roles are not in redelegated trust")
    if trust.impersonation and not above.impersonation:
        raise Forbidden(f"Impersonation is not allowed because redelegated trust {above.id} does not specify it.")


async def delete(tx: Tx, actor: Actor, trust_id: str) -> None:
    """End a trust and all that it was passed on to: their tokens are void at once."""
    check_actor(actor)
    await get(tx, trust_id)
    await trusts.remove(tx, trust_id)
    tx.signal("identity", trust_id)
