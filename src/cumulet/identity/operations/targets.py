"""What policy rules may know of the resources that a request names: `target.user.domain_id` and its kin.

A resource that does not exist is left out: who may not see any such thing is refused, and who may is told that it is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...kernel.db import Reader
from ...kernel.errors import NotFound
from ..store import groups, limits, projects, roles, users
from ..store.delegation import application_credentials, credentials, trusts
from .delegation.credentials import access_id

Target = dict[str, Any]


async def _user(tx: Reader, user_id: str) -> Target:
    found = await users.find(tx, user_id)
    return {"target.user.id": found.id, "target.user.domain_id": found.domain_id} if found else {}


async def _group(tx: Reader, group_id: str) -> Target:
    found = await groups.find(tx, group_id)
    return {"target.group.id": found.id, "target.group.domain_id": found.domain_id} if found else {}


async def _project(tx: Reader, project_id: str) -> Target:
    found = await projects.find(tx, project_id)
    return {"target.project.id": found.id, "target.project.domain_id": found.domain_id or None} if found else {}


async def _domain(tx: Reader, domain_id: str) -> Target:
    found = await projects.find(tx, domain_id)
    return {"target.domain.id": found.id} if found and found.is_domain else {}


async def _role(tx: Reader, role_id: str) -> Target:
    found = await roles.find(tx, role_id)
    if found is None:
        return {}
    return {"target.role.id": found.id, "target.role.name": found.name, "target.role.domain_id": found.domain_id or None}


async def _trust(tx: Reader, trust_id: str) -> Target:
    found = await trusts.find(tx, trust_id)
    if found is None:
        return {}
    return {"target.trust.trustor_user_id": found.trustor_user_id, "target.trust.trustee_user_id": found.trustee_user_id}


async def _credential(tx: Reader, credential_id: str) -> Target:
    found = await credentials.find(tx, credential_id)
    return {"target.credential.user_id": found.user_id} if found else {}


async def _ec2(tx: Reader, access: str) -> Target:
    return await _credential(tx, access_id(access))


async def _limit(tx: Reader, limit_id: str) -> Target:
    found = await limits.find(tx, limit_id)
    if found is None:
        return {}
    project = await projects.find(tx, found.project_id) if found.project_id else None
    return {
        "target.limit.project_id": found.project_id,
        "target.limit.domain.id": found.domain_id,
        "target.limit.project.domain_id": project.domain_id if project else None,
    }


_READERS: dict[str, Callable[[Reader, str], Awaitable[Target]]] = {
    "user_id": _user,
    "group_id": _group,
    "project_id": _project,
    "domain_id": _domain,
    "role_id": _role,
    "trust_id": _trust,
    "credential_id": _credential,
    "access": _ec2,
    "limit_id": _limit,
}
"""By the name of the path's parameter."""


async def named(tx: Reader, params: Mapping[str, str]) -> Target:
    """The attributes of everything that a path's parameters name."""
    found: Target = {}
    for name, value in params.items():
        if name in _READERS:
            found |= await _READERS[name](tx, value)
    return found


async def existing(tx: Reader, params: Mapping[str, str]) -> Target:
    """`named`, of resources that must be there. Raises NotFound, naming the first that is not."""
    found: Target = {}
    for name, value in params.items():
        if name in _READERS:
            read = await _READERS[name](tx, value)
            if not read:
                raise NotFound(f"Could not find {name.removesuffix('_id')}: {value}.")
            found |= read
    return found


async def owner_of_application_credential(tx: Reader, credential_id: str) -> str | None:
    """The id of the user whose application credential this is; None if there is none."""
    found = await application_credentials.find(tx, credential_id)
    return found.user_id if found else None
