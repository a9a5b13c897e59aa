"""Who may use types that are not public, and projects' own default types.

https://docs.openstack.org/api-ref/block-storage/v3/#volume-type-access-types-action-types
"""

from __future__ import annotations

from msgspec import Struct

from ....kernel.http import Request, Response, accepted, no_content, ok
from ...operations import types
from .. import values as v


class ProjectBody(Struct, forbid_unknown_fields=True):
    """Which project."""

    project: v.Name


class DefaultBody(Struct, forbid_unknown_fields=True):
    """Which type, by name or id."""

    volume_type: v.Name


async def index(request: Request, type_id: str) -> Response:
    """The projects that may use a type."""
    found = await types.projects(request.tx, type_id)
    return ok({"volume_type_access": [{"volume_type_id": type_id, "project_id": project_id} for project_id in found]})


async def add(request: Request, type_id: str, body: ProjectBody) -> Response:
    """Let a project use it."""
    await types.grant(request.tx, type_id, body.project)
    return accepted()


async def remove(request: Request, type_id: str, body: ProjectBody) -> Response:
    """Take it from a project."""
    await types.revoke(request.tx, type_id, body.project)
    return accepted()


def _default(project_id: str, type_id: str) -> dict[str, str]:
    return {"project_id": project_id, "volume_type_id": type_id}


async def list_defaults(request: Request) -> Response:
    """Every project with a default of its own."""
    return ok({"default_types": [_default(*entry) for entry in await types.defaults(request.tx)]})


async def show_default(request: Request, project_id: str) -> Response:
    """A project's own default."""
    return ok({"default_type": _default(project_id, await types.default_of(request.tx, project_id))})


async def set_default(request: Request, project_id: str, body: DefaultBody) -> Response:
    """Give a project a default of its own."""
    type_id = await types.set_default(request.tx, request.actor, project_id, body.volume_type)
    return ok({"default_type": _default(project_id, type_id)})


async def drop_default(request: Request, project_id: str) -> Response:
    """Take it away."""
    await types.drop_default(request.tx, project_id)
    return no_content()
