"""What a route's rule looks at beside the actor: what the path names (`operations.targets`), what the body and the headers say."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from ...kernel.errors import Invalid, NotFound
from ...kernel.http import Request
from ...kernel.http.routes import Target
from ..operations import targets, tokens
from ..operations.delegation import trusts

Found = Mapping[str, Any]


async def of_path(request: Request) -> Found:
    """What the path names."""
    return await targets.named(request.reader, request.params)


async def own_domain(request: Request) -> Found:
    """Lists are narrowed to the domain of a token that is for a domain."""
    return {"target.domain_id": request.actor.domain_id, "target.domain.id": request.actor.domain_id}


def of_existing(request: Request) -> Awaitable[Found]:
    """What the path names. Raises NotFound, even to those who could not see it."""
    return targets.existing(request.reader, request.params)


def told(noun: str, *names: str) -> Target:
    """What the body says of a new resource, and nothing else."""

    async def found(request: Request) -> Found:
        sent = request.json()[noun]
        return {f"target.{noun}.{name}": sent.get(name) for name in names}

    return found


async def of_application_credential(request: Request) -> Found:
    """Who is asked for is the owner of what is named, whatever the path says."""
    owner = await targets.owner_of_application_credential(request.reader, request.params["application_credential_id"])
    return {**await of_path(request), **({"user_id": owner} if owner else {})}


def of_body(noun: str, *names: str) -> Target:
    """What the body says of a new resource. A domain that is not named is the one of the actor's token."""

    async def found(request: Request) -> Found:
        sent = request.json()[noun]
        told = {f"target.{noun}.{name}": sent.get(name) for name in names}
        home = f"target.{noun}.domain_id"
        return {**told, home: told[home] or request.actor.domain_id} if home in told else told

    return found


async def of_owner(request: Request) -> Found:
    """EC2 keys that do not exist yet belong to the user in the path."""
    return {"target.credential.user_id": request.params["user_id"]}


def subject(request: Request) -> str:
    """The token that a request is about. Raises Invalid."""
    found = request.header("X-Subject-Token")
    if not found:
        raise Invalid("The header X-Subject-Token is required.")
    return found


async def of_subject(request: Request) -> Found:
    """Whose token the subject is. Raises NotFound."""
    known = await tokens.require_known(request.parts.tokens, subject(request), allow_expired=True)
    return {"target.token.user_id": known.actor.user_id}


async def project_home(request: Request, project_id: str) -> Found:
    """The domain of a project that the query names."""
    found = await targets.named(request.reader, {"project_id": project_id})
    return {"target.domain_id": found["target.project.domain_id"]} if found else {}


async def of_new_credential(request: Request) -> Found:
    """A credential for which no user is named is the actor's own."""
    return {"target.credential.user_id": request.json()["credential"].get("user_id") or request.actor.user_id}


async def of_keys(request: Request) -> Found:
    """The EC2 keys that the path names. Raises NotFound, as for trusts."""
    found = await of_path(request)
    if "target.credential.user_id" not in found:
        raise NotFound(f"Could not find credential: {request.params['access']}.")
    return found


async def of_trust(request: Request) -> Found:
    """The trust that the path names. Raises NotFound, even to those who could not see it: clients wait for that after a delete."""
    await trusts.get(request.reader, request.params["trust_id"])
    return await of_path(request)


async def own_credentials(request: Request) -> Found:
    """Lists of credentials are narrowed to one's own."""
    return {"target.credential.user_id": request.actor.user_id}
