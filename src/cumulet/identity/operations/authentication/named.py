"""Whom and what clients mean who do not know its id."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Reader
from ....kernel.errors import Unauthorized
from ...model import Project, User
from ...store import projects, users

REFUSAL = "The request you have made requires authentication."


class Named(Struct, frozen=True):
    """A user, project or domain as a client names it: by id, or by name in a domain named either way."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


async def find_user(tx: Reader, named: Named) -> User | None:
    """The user that a client means, or None."""
    if named.id is not None:
        return await users.find(tx, named.id)
    domain_id = await _domain_of(tx, named)
    return await users.find_by_name(tx, named.name or "", domain_id) if domain_id else None


async def _domain_of(tx: Reader, named: Named) -> str | None:
    """The id of the domain; one that is given is not looked up, as nothing can be found in a domain that is not there."""
    if named.domain_id is not None:
        return named.domain_id
    found = await find_domain(tx, Named(name=named.domain_name))
    return found.id if found else None


async def find_domain(tx: Reader, named: Named) -> Project | None:
    """The domain that a client means, or None."""
    if named.id is not None:
        found = await projects.find(tx, named.id)
    else:
        found = await projects.find_by_name(tx, named.name or "", "", is_domain=True)
    return found if found and found.is_domain else None


async def require_domain(tx: Reader, named: Named) -> Project:
    """The domain that a client means. Raises Unauthorized: who cannot log in there need not know whether it exists."""
    found = await find_domain(tx, named)
    if found is None:
        raise Unauthorized(REFUSAL, internal=f"no domain {named}")
    return found


async def require_project(tx: Reader, named: Named) -> Project:
    """The project that a client means. Raises Unauthorized: who cannot log in there need not know whether it exists."""
    if named.id is not None:
        found = await projects.find(tx, named.id)
    else:
        domain_id = await _domain_of(tx, named)
        found = await projects.find_by_name(tx, named.name or "", domain_id) if domain_id else None
    if found is None:
        raise Unauthorized(REFUSAL, internal=f"no project {named}")
    return found
