"""Who somebody would be with a token, and what a rule would see of a target: for questions about rules, without a log-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel.db import Reader
from ...kernel.errors import Invalid, NotFound
from ...kernel.policy import Actor
from ..model import DEFAULT_DOMAIN, Scope, User
from ..tokens import Claims
from . import scopes, targets
from .authentication.named import Named, find_domain, find_user, require_domain, require_project
from .roles import holdings


async def actor(tx: Reader, who: str, scope: str) -> Actor:
    """The actor that a user would be. `who` is an id, a name, or name@domain; `scope` as `project:NAME`.

    Raises NotFound, Invalid, and Unauthorized if the user could get no such token.
    """
    user = await user_named(tx, who)
    claims = Claims(user.id, ("password",), await _scope(tx, user, scope), tx.now, tx.now, ("question",))
    return (await scopes.standing(tx, user, claims)).actor


async def user_named(tx: Reader, who: str) -> User:
    """A user by id, name, or name@domain. Raises NotFound."""
    name, _, domain = who.rpartition("@") if "@" in who else (who, "", "")
    candidates = [Named(id=who), Named(name=who, domain_id=DEFAULT_DOMAIN)]
    if domain:
        candidates += [Named(name=name, domain_id=domain), Named(name=name, domain_name=domain)]
    for candidate in candidates:
        found = await find_user(tx, candidate)
        if found is not None:
            return found
    raise NotFound(f"There is no user {who!r}. A user of another domain than the default one is name@domain.")


async def _scope(tx: Reader, user: User, text: str) -> Scope:
    kind, _, name = text.partition(":")
    match kind:
        case "":
            usable = await holdings.scopes_of(tx, user.id, "project")
            chosen = next((p.id for p in usable if p.id == user.default_project_id), usable[0].id if usable else "")
            return Scope("project", chosen) if chosen else Scope()
        case "unscoped":
            return Scope()
        case "system":
            return Scope("system", "all")
        case "domain":
            found = await find_domain(tx, Named(id=name)) or await require_domain(tx, Named(name=name))
            return Scope("domain", found.id)
        case "project":
            return Scope("project", (await _project(tx, user, name)).id)
    raise Invalid(f"{text!r} is no scope: project:NAME, domain:NAME, system or unscoped is expected.")


async def _project(tx: Reader, user: User, name: str) -> Any:
    usable = await holdings.scopes_of(tx, user.id, "project")
    for project in usable:
        if name in (project.id, project.name):
            return project
    return await require_project(tx, Named(name=name, domain_id=user.domain_id))


def defaults(actor: Actor) -> dict[str, Any]:
    """What a rule sees of a target of which nothing else is known: the actor's own place, as in a request that names nothing."""
    return {
        "project_id": actor.project_id,
        "tenant_id": actor.project_id,
        "user_id": actor.user_id,
        "domain_id": actor.domain_id,
        "target.domain_id": actor.domain_id,
    }


async def target(tx: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that were given, and those of everything of identity that they name (`user_id`, `trust_id`, …)."""
    return {**given, **await targets.named(tx, given)}
