"""Projects' limits. Checked in the transaction that makes the resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ...kernel.db import Condition, Listing, Reader, Tx
from ...kernel.errors import NotFound
from ..rules import quotas as rules
from ..store import floating_ips, networks, ports, routers, security_groups, subnetpools, subnets
from ..store import quotas as store

Count = Callable[[Reader, str], Awaitable[int]]


def _listed(listing: Listing[Any]) -> Count:
    async def count(tx: Reader, project_id: str) -> int:
        return await listing.count(tx, [Condition("project_id", project_id)])

    return count


COUNTS: dict[str, Count] = {
    "network": _listed(networks.LISTING),
    "subnet": _listed(subnets.LISTING),
    "subnetpool": _listed(subnetpools.LISTING),
    "port": _listed(ports.LISTING),
    "router": routers.count,
    "floatingip": floating_ips.count,
    "security_group": _listed(security_groups.LISTING),
    "security_group_rule": _listed(security_groups.RULE_LISTING),
}


async def check(tx: Tx, project_id: str, resource: str, wanted: int = 1) -> None:
    """Raise OverQuota if `wanted` more would pass the project's limit."""
    await store.lock(tx, project_id)
    limit = (await store.of_project(tx, project_id)).get(resource)
    rules.check(resource, await COUNTS[resource](tx, project_id), wanted, limit)


async def limits(tx: Reader, project_id: str) -> dict[str, int]:
    """Every limit of a project; -1 is unlimited."""
    return rules.DEFAULTS | await store.of_project(tx, project_id)


async def used(tx: Reader, project_id: str) -> dict[str, int]:
    """How much of each the project has."""
    return {resource: await count(tx, project_id) for resource, count in COUNTS.items()}


def defaults() -> dict[str, int]:
    """The limits of a project that has none of its own."""
    return dict(rules.DEFAULTS)


async def set_limits(tx: Tx, project_id: str, wanted: dict[str, int], careful: bool = False) -> dict[str, int]:
    """Write limits; all of the project's come back. If `careful`, raise Invalid for one that is below what is used."""
    present = await used(tx, project_id) if careful else {}
    for resource, limit in wanted.items():
        rules.check_limit(resource, limit, present.get(resource, 0))
        await store.set_limit(tx, project_id, resource, limit)
    return await limits(tx, project_id)


async def forget(tx: Tx, project_id: str) -> None:
    """Back to the defaults. Raises NotFound if the project has no limits of its own."""
    if not await store.forget(tx, project_id):
        raise NotFound(f"Quota for tenant {project_id} could not be found.", code="TenantQuotaNotFound")


async def projects(tx: Reader) -> dict[str, dict[str, int]]:
    """The limits of each project that has its own."""
    return {project_id: await limits(tx, project_id) for project_id in await store.projects(tx)}
