"""Security groups. https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Paging, Request, Response, created, no_content, ok
from ..model import SecurityGroup, SecurityRule
from ..operations import security_groups, tags
from ..operations.security_groups import GroupChanges, NewGroup
from . import bodies, security_group_rules, seen
from .networks import seen_tags

PAGING = Paging(
    filters=seen.STANDARD_FILTERS | seen.flags(stateful="stateful"), sorts=seen.STANDARD_SORTS | {"stateful": "stateful"}
)


def view(group: SecurityGroup, rules: list[SecurityRule], words: list[str]) -> dict[str, Any]:
    """A security group with its rules."""
    return {
        "id": group.id,
        "name": group.name,
        **seen.standard(group),
        "stateful": group.stateful,
        "shared": False,
        "security_group_rules": [security_group_rules.view(rule, group.is_default) for rule in rules],
        "tags": words,
    }


async def _views(request: Request, found: list[SecurityGroup]) -> list[dict[str, Any]]:
    views = seen.Views(request, "security_group")
    rules = await security_groups.rules_of(request.tx, found)
    words = await tags.of(request.tx, [group.id for group in found])
    return [views.write(view(group, rules[group.id], words[group.id])) for group in found]


def _target(project: str) -> dict[str, Any]:
    return {"project_id": project, "tenant_id": project, "shared": False}


async def create(request: Request) -> Response:
    """Create a security group."""
    body = bodies.one(request, "security_group", bodies.NewGroup)
    project = seen.project_of(request, body)
    seen.may_set(request, "create_security_group", body, _target(project))
    fields = {name: value for name, value in bodies.given(body, "project_id", "tags").items() if value is not None}
    made = await security_groups.create(request.tx, NewGroup(project_id=project, **fields))
    await seen_tags(request, made.id, body.tags)
    return created({"security_group": (await _views(request, [made]))[0]})


async def index(request: Request) -> Response:
    """List security groups; the project's default one is made now if it is not there yet."""
    asked = (request.asked("project_id") or request.asked("tenant_id")) if request.actor.is_admin else None
    project = asked or request.actor.project_id
    if project:
        await security_groups.ensure_default(request.tx, project)
    found = await security_groups.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "security_groups", [g.id for g in found], await _views(request, found)))


async def show(request: Request, security_group_id: str) -> Response:
    """Show a security group."""
    group = await security_groups.get(request.tx, request.actor, security_group_id)
    request.authorize("get_security_group", **_target(group.project_id))
    return ok({"security_group": (await _views(request, [group]))[0]})


async def update(request: Request, security_group_id: str) -> Response:
    """Change a security group."""
    body = bodies.one(request, "security_group", bodies.GroupChanges)
    group = await security_groups.get(request.tx, request.actor, security_group_id)
    seen.may_set(request, "update_security_group", body, _target(group.project_id))
    changed = await security_groups.update(request.tx, group, GroupChanges(**bodies.given(body)))
    return ok({"security_group": (await _views(request, [changed]))[0]})


async def delete(request: Request, security_group_id: str) -> Response:
    """Delete a security group."""
    group = await security_groups.get(request.tx, request.actor, security_group_id)
    request.authorize("delete_security_group", **_target(group.project_id))
    await security_groups.delete(request.tx, request.actor, group)
    return no_content()
