"""Access rules. https://docs.openstack.org/api-ref/identity/v3/#application-credentials"""

from __future__ import annotations

from ....kernel.http import Filter, Request, Response, no_content, ok
from ...operations.delegation import access_rules
from ...operations.delegation.application_credentials import check_actor
from .. import fields
from . import views

PAGING = fields.paging(service=Filter("service"), method=Filter("method"), path=Filter("path"))


async def index(request: Request, user_id: str) -> Response:
    """List a user's."""
    check_actor(request.actor, changes=False)
    found = await access_rules.page(request.reader, user_id, PAGING.page(request))
    return ok(fields.listed(request, "access_rules", [views.access_rule(request, rule) for rule in found]))


async def show(request: Request, user_id: str, access_rule_id: str) -> Response:
    """Show one."""
    check_actor(request.actor, changes=False)
    return ok({"access_rule": views.access_rule(request, await access_rules.get(request.reader, user_id, access_rule_id))})


async def delete(request: Request, user_id: str, access_rule_id: str) -> Response:
    """Delete one that no application credential has."""
    check_actor(request.actor, changes=True)
    await access_rules.delete(request.tx, user_id, access_rule_id)
    return no_content()
