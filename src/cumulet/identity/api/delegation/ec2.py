"""EC2 keys of a user. https://docs.openstack.org/api-ref/identity/v3/ (users' OS-EC2 credentials)"""

from __future__ import annotations

from ....kernel.http import Request, Response, created, no_content, ok
from ...operations.delegation import ec2
from .. import fields
from . import bodies, views


async def create(request: Request, user_id: str, body: bodies.NewKeys) -> Response:
    """Make keys for a project."""
    made = await ec2.create(request.tx, request.parts.vault, request.actor, user_id, body.tenant_id)
    return created({"credential": views.ec2(request, made)})


async def index(request: Request, user_id: str) -> Response:
    """List a user's keys."""
    found = await ec2.page(request.reader, request.parts.vault, request.actor, user_id)
    return ok(fields.listed(request, "credentials", [views.ec2(request, keys) for keys in found]))


async def show(request: Request, user_id: str, access: str) -> Response:
    """Show keys by their access key."""
    found = await ec2.get(request.reader, request.parts.vault, request.actor, user_id, access)
    return ok({"credential": views.ec2(request, found)})


async def delete(request: Request, user_id: str, access: str) -> Response:
    """Delete keys by their access key."""
    await ec2.delete(request.tx, request.parts.vault, request.actor, user_id, access)
    return no_content()
