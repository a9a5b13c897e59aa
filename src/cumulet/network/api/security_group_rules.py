"""Security group rules. https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import SecurityRule
from ..operations import security_groups
from ..operations.security_groups import NewRule
from . import bodies, seen

PAGING = Paging(
    filters={name: f for name, f in seen.STANDARD_FILTERS.items() if name != "name"}
    | seen.named("direction", "ethertype", "protocol", "remote_group_id", "remote_ip_prefix")
    | {"security_group_id": Filter("group_id")}
    | {name: Filter(name, read=int) for name in ("port_range_min", "port_range_max")},
    sorts={name: stored for name, stored in seen.STANDARD_SORTS.items() if name != "name"}
    | {"security_group_id": "group_id"}
    | {name: name for name in ("direction", "ethertype", "protocol", "port_range_min", "port_range_max")},
)


def view(rule: SecurityRule, belongs_to_default: bool) -> dict[str, Any]:
    """A rule."""
    return {
        "id": rule.id,
        **seen.standard(rule),
        "security_group_id": rule.group_id,
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol,
        "port_range_min": rule.port_range_min,
        "port_range_max": rule.port_range_max,
        "remote_group_id": rule.remote_group_id,
        "remote_address_group_id": None,
        "remote_ip_prefix": rule.remote_ip_prefix,
        "normalized_cidr": security_groups.normalized(rule),
        "belongs_to_default_sg": belongs_to_default,
    }


async def _views(request: Request, found: list[SecurityRule]) -> list[dict[str, Any]]:
    views = seen.Views(request, "security_group_rule")
    groups = await security_groups.groups_of(request.tx, found)
    return [views.write(view(rule, groups[rule.group_id].is_default)) for rule in found]


async def _authorize(request: Request, action: str, rule: SecurityRule) -> None:
    group = (await security_groups.groups_of(request.tx, [rule]))[rule.group_id]
    target = {"security_group:project_id": group.project_id, "project_id": rule.project_id, "tenant_id": rule.project_id}
    request.authorize(f"{action}_security_group_rule", **target)


async def _create(request: Request, body: bodies.NewRule) -> SecurityRule:
    group = await security_groups.get(request.tx, request.actor, body.security_group_id)
    asked = body.project_id if isinstance(body.project_id, str) else group.project_id
    target = {"security_group:project_id": group.project_id, "project_id": asked, "tenant_id": asked}
    seen.may_set(request, "create_security_group_rule", body, target)
    fields = {name: value for name, value in bodies.given(body, "security_group_id", "project_id").items() if value is not None}
    return await security_groups.create_rule(request.tx, request.actor, group, NewRule(project_id=asked, **fields))


async def create(request: Request) -> Response:
    """Create one rule, or several."""
    asked, many = bodies.several(request, "security_group_rule", bodies.NewRule)
    views = await _views(request, [await _create(request, body) for body in asked])
    return created({"security_group_rules": views} if many else {"security_group_rule": views[0]})


async def index(request: Request) -> Response:
    """List rules."""
    found = await security_groups.rule_page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "security_group_rules", [r.id for r in found], await _views(request, found)))


async def show(request: Request, security_group_rule_id: str) -> Response:
    """Show a rule."""
    rule = await security_groups.get_rule(request.tx, request.actor, security_group_rule_id)
    await _authorize(request, "get", rule)
    return ok({"security_group_rule": (await _views(request, [rule]))[0]})


async def delete(request: Request, security_group_rule_id: str) -> Response:
    """Delete a rule."""
    rule = await security_groups.get_rule(request.tx, request.actor, security_group_rule_id)
    await _authorize(request, "delete", rule)
    await security_groups.delete_rule(request.tx, rule)
    return no_content()
