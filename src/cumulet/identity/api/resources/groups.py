"""Groups and their members. https://docs.openstack.org/api-ref/identity/v3/#groups"""

from __future__ import annotations

from ....kernel.db import Page
from ....kernel.http import Filter, Request, Response, created, flag, no_content, ok
from ...model import Group
from ...operations.directory import reading
from ...operations.federation import memberships
from ...operations.resources import groups
from .. import fields
from ..fields import directories
from . import bodies, views

PAGING = fields.paging(name=Filter("name"), domain_id=Filter("domain_id"))
MEMBERS = fields.paging(name=Filter("name"), enabled=Filter("enabled", read=flag))


def _narrowed(request: Request, page: Page) -> Page:
    """Somebody with a domain's token sees what is in that domain."""
    return page if request.actor.domain_id is None else page.where("domain_id", request.actor.domain_id)


async def _own(request: Request, group_id: str) -> Group:
    """A group that is not a directory's. Raises NotFound, Forbidden."""
    group = await groups.get(request.tx, group_id)
    await directories(request).check_writable(request.tx, group.domain_id)
    return group


async def create(request: Request, body: bodies.NewGroup) -> Response:
    """Create a group."""
    given = fields.fields(request, "group", body)
    given["domain_id"] = given["domain_id"] or fields.home(request)
    await directories(request).check_writable(request.tx, given["domain_id"])
    return created({"group": views.group(request, await groups.create(request.tx, given))})


async def index(request: Request) -> Response:
    """List groups."""
    found = await reading.groups(directories(request), request.reader, _narrowed(request, PAGING.page(request)))
    return ok(fields.listed(request, "groups", [views.group(request, g) for g in found]))


async def show(request: Request, group_id: str) -> Response:
    """Show a group."""
    return ok({"group": views.group(request, await reading.group(directories(request), request.reader, group_id))})


async def update(request: Request, group_id: str, body: bodies.GroupChanges) -> Response:
    """Change a group."""
    group = await _own(request, group_id)
    changed = await groups.update(request.tx, group, fields.changes(request, "group", body, group.extra))
    return ok({"group": views.group(request, changed)})


async def delete(request: Request, group_id: str) -> Response:
    """Delete a group."""
    await _own(request, group_id)
    await groups.delete(request.tx, group_id)
    return no_content()


async def of_user(request: Request, user_id: str) -> Response:
    """The groups that a user is in."""
    page = _narrowed(request, PAGING.page(request))
    found = await reading.groups_of(directories(request), request.reader, user_id, page)
    expiring = [(g, end) for g, end in await memberships.of_user(request.reader, user_id, page) if g not in found]
    shown = [
        views.group(request, g) | {"membership_expires_at": fields.shown_time(end, suffix="")}
        for g, end in [*((g, None) for g in found), *expiring]
    ]
    return ok(fields.listed(request, "groups", shown))


async def members(request: Request, group_id: str) -> Response:
    """The users in a group."""
    found = await reading.members(directories(request), request.reader, group_id, _narrowed(request, MEMBERS.page(request)))
    return ok(fields.listed(request, "users", [views.user(request, u) for u in found]))


async def add_member(request: Request, group_id: str, user_id: str) -> Response:
    """Put a user into a group."""
    await _own(request, group_id)
    await groups.add_member(request.tx, group_id, user_id)
    return no_content()


async def check_member(request: Request, group_id: str, user_id: str) -> Response:
    """204 if a user is in a group, else 404."""
    await reading.check_member(directories(request), request.reader, group_id, user_id)
    return no_content()


async def remove_member(request: Request, group_id: str, user_id: str) -> Response:
    """Take a user out of a group."""
    await _own(request, group_id)
    await groups.remove_member(request.tx, group_id, user_id)
    return no_content()
