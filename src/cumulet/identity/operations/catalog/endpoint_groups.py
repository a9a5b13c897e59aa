"""Groups of endpoints, and which endpoints are for which projects: a project that has some sees only those in its catalog."""

from __future__ import annotations

from typing import Any

import msgspec

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ...model import Endpoint, EndpointGroup, Project
from ...store import endpoint_groups as store
from .. import projects
from . import endpoints

FILTERS = ("service_id", "region_id", "interface")


async def get(tx: Reader, group_id: str) -> EndpointGroup:
    """A group. Raises NotFound."""
    found = await store.find(tx, group_id)
    if found is None:
        raise NotFound(f"Could not find Endpoint Group: {group_id}.")
    return found


async def page(tx: Reader, wanted: Page) -> list[EndpointGroup]:
    """Groups."""
    return await store.page(tx, wanted)


def _check_filters(filters: dict[str, Any]) -> None:
    if not filters or not set(filters) <= set(FILTERS):
        raise Invalid(f"Invalid input for field/attribute filters. At least one of {', '.join(FILTERS)} is expected, nothing else.")


async def create(tx: Tx, fields: dict[str, Any]) -> EndpointGroup:
    """A new group. Raises Invalid for filters by anything but service, region and interface."""
    _check_filters(fields["filters"])
    group = EndpointGroup(id=ids.new_hex(), **fields)
    await store.add(tx, group)
    return group


async def update(tx: Tx, group: EndpointGroup, changes: dict[str, Any]) -> EndpointGroup:
    """Change a group; filters that are given are put over the ones it has. Raises Invalid."""
    if "filters" in changes:
        changes["filters"] = {**group.filters, **changes["filters"]}
        _check_filters(changes["filters"])
    changed = msgspec.structs.replace(group, **changes)
    await store.save(tx, changed)
    tx.signal("identity", group.id)
    return changed


async def delete(tx: Tx, group_id: str) -> None:
    """Delete a group: its endpoints are for nobody in particular any more. Raises NotFound."""
    await get(tx, group_id)
    await store.remove(tx, group_id)
    tx.signal("identity", group_id)


async def endpoints_in(tx: Reader, group: EndpointGroup) -> list[Endpoint]:
    """The endpoints that have what a group asks for."""
    wanted = Page()
    for name, value in group.filters.items():
        wanted = wanted.where(name, value)
    return await endpoints.page(tx, wanted)


async def endpoints_of(tx: Reader, project_id: str) -> list[Endpoint]:
    """The endpoints that are for a project, by themselves or by a group. Raises NotFound."""
    await projects.get(tx, project_id)
    return await endpoints_for(tx, project_id)


async def endpoints_for(tx: Reader, project_id: str) -> list[Endpoint]:
    """`endpoints_of`, of a project that is known to be there."""
    found = {endpoint.id: endpoint for endpoint in await store.endpoints_of(tx, project_id)}
    for group in await store.groups_of(tx, project_id):
        found |= {endpoint.id: endpoint for endpoint in await endpoints_in(tx, group)}
    return list(found.values())


async def groups_of(tx: Reader, project_id: str) -> list[EndpointGroup]:
    """The groups that are for a project. Raises NotFound."""
    await projects.get(tx, project_id)
    return await store.groups_of(tx, project_id)


async def projects_of(tx: Reader, endpoint_id: str) -> list[Project]:
    """The projects that an endpoint is for by itself. Raises NotFound."""
    await endpoints.get(tx, endpoint_id)
    return await store.projects_of(tx, endpoint_id)


async def projects_of_group(tx: Reader, group_id: str) -> list[Project]:
    """The projects that a group is for. Raises NotFound."""
    await get(tx, group_id)
    return await store.projects_of_group(tx, group_id)


async def add_endpoint(tx: Tx, project_id: str, endpoint_id: str) -> None:
    """Make an endpoint one for a project. Twice is as good as once. Raises NotFound."""
    await projects.get(tx, project_id)
    await endpoints.get(tx, endpoint_id)
    if not await store.has(tx, project_id, endpoint_id):
        await store.add_to(tx, project_id, endpoint_id)
        tx.signal("identity", project_id)


async def check_endpoint(tx: Reader, project_id: str, endpoint_id: str) -> None:
    """Raise NotFound unless an endpoint is for a project by itself."""
    await projects.get(tx, project_id)
    await endpoints.get(tx, endpoint_id)
    if not await store.has(tx, project_id, endpoint_id):
        raise NotFound(f"Endpoint {endpoint_id} not found in project {project_id}.")


async def remove_endpoint(tx: Tx, project_id: str, endpoint_id: str) -> None:
    """The inverse of `add_endpoint`. Raises NotFound."""
    if not await store.remove_from(tx, project_id, endpoint_id):
        raise NotFound(f"Endpoint {endpoint_id} not found in project {project_id}.")
    tx.signal("identity", project_id)


async def add_group(tx: Tx, project_id: str, group_id: str) -> None:
    """Make a group one for a project. Raises NotFound, and Conflict if it is one already."""
    await projects.get(tx, project_id)
    await get(tx, group_id)
    if await store.has_group(tx, project_id, group_id):
        raise Conflict(f"Endpoint group {group_id} is associated with project {project_id} already.")
    await store.add_group_to(tx, project_id, group_id)
    tx.signal("identity", project_id)


async def check_group(tx: Reader, project_id: str, group_id: str) -> None:
    """Raise NotFound unless a group is for a project."""
    await projects.get(tx, project_id)
    await get(tx, group_id)
    if not await store.has_group(tx, project_id, group_id):
        raise NotFound(f"Endpoint group {group_id} not found in project {project_id}.")


async def remove_group(tx: Tx, project_id: str, group_id: str) -> None:
    """The inverse of `add_group`. Raises NotFound."""
    await projects.get(tx, project_id)
    await get(tx, group_id)
    if not await store.remove_group_from(tx, project_id, group_id):
        raise NotFound(f"Endpoint group {group_id} not found in project {project_id}.")
    tx.signal("identity", project_id)
