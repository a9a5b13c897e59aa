"""Subnet pools. https://docs.openstack.org/api-ref/network/v2/#subnet-pools"""

from __future__ import annotations

from typing import Any

from ...kernel.http import Filter, Paging, Request, Response, created, no_content, ok
from ..model import SubnetPool
from ..operations import subnetpools, tags
from ..operations.subnetpools import NewPool, PoolChanges
from . import bodies, seen
from .networks import seen_tags

PAGING = Paging(
    filters=seen.STANDARD_FILTERS
    | seen.flags(shared="shared", is_default="is_default")
    | {name: Filter(name, read=int) for name in ("ip_version", "default_prefixlen", "min_prefixlen", "max_prefixlen")},
    sorts=seen.STANDARD_SORTS | {"ip_version": "ip_version", "shared": "shared"},
)


def view(pool: SubnetPool, words: list[str]) -> dict[str, Any]:
    """A subnet pool."""
    return {
        "id": pool.id,
        "name": pool.name,
        **seen.standard(pool),
        "ip_version": pool.ip_version,
        "prefixes": pool.prefixes,
        "default_prefixlen": pool.default_prefixlen,
        "min_prefixlen": pool.min_prefixlen,
        "max_prefixlen": pool.max_prefixlen,
        "default_quota": pool.default_quota,
        "shared": pool.shared,
        "is_default": pool.is_default,
        "address_scope_id": None,
        "tags": words,
    }


async def _views(request: Request, found: list[SubnetPool]) -> list[dict[str, Any]]:
    views = seen.Views(request, "subnetpool")
    words = await tags.of(request.tx, [pool.id for pool in found])
    return [views.write(view(pool, words[pool.id])) for pool in found]


def _target(pool: SubnetPool) -> dict[str, Any]:
    return {"project_id": pool.project_id, "tenant_id": pool.project_id, "shared": pool.shared}


async def create(request: Request) -> Response:
    """Create a subnet pool."""
    body = bodies.one(request, "subnetpool", bodies.NewPool)
    project = seen.project_of(request, body)
    seen.may_set(request, "create_subnetpool", body, {"project_id": project, "tenant_id": project})
    fields = bodies.given(body, "project_id", "tags", "prefixes", "address_scope_id")
    made = await subnetpools.create(request.tx, NewPool(project_id=project, prefixes=body.listed(), **fields))
    await seen_tags(request, made.id, body.tags)
    return created({"subnetpool": (await _views(request, [made]))[0]})


async def index(request: Request) -> Response:
    """List subnet pools."""
    found = await subnetpools.page(request.tx, request.actor, seen.page(request, PAGING))
    return ok(seen.listed(request, "subnetpools", [p.id for p in found], await _views(request, found)))


async def show(request: Request, subnetpool_id: str) -> Response:
    """Show a subnet pool."""
    pool = await subnetpools.get(request.tx, request.actor, subnetpool_id)
    request.authorize("get_subnetpool", **_target(pool))
    return ok({"subnetpool": (await _views(request, [pool]))[0]})


async def update(request: Request, subnetpool_id: str) -> Response:
    """Change a subnet pool."""
    body = bodies.one(request, "subnetpool", bodies.PoolChanges)
    pool = await subnetpools.get(request.tx, request.actor, subnetpool_id)
    seen.may_set(request, "update_subnetpool", body, _target(pool))
    changed = await subnetpools.update(request.tx, pool, PoolChanges(**bodies.given(body, "address_scope_id")))
    return ok({"subnetpool": (await _views(request, [changed]))[0]})


async def delete(request: Request, subnetpool_id: str) -> Response:
    """Delete a subnet pool."""
    pool = await subnetpools.get(request.tx, request.actor, subnetpool_id)
    request.authorize("delete_subnetpool", **_target(pool))
    await subnetpools.delete(request.tx, pool)
    return no_content()
