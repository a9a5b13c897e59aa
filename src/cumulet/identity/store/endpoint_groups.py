"""Groups of endpoints, and which endpoints and groups are for which projects."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import Endpoint, EndpointGroup, Project
from .catalog import ENDPOINTS
from .projects import PROJECTS

GROUPS = sa.Table(
    "endpoint_groups",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("filters", Json, nullable=False),
)
OF_PROJECTS = sa.Table(
    "project_endpoints",
    metadata,
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("endpoint_id", sa.Text, sa.ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("project_endpoints_endpoint", "endpoint_id"),
)
GROUPS_OF_PROJECTS = sa.Table(
    "project_endpoint_groups",
    metadata,
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.Text, sa.ForeignKey("endpoint_groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("project_endpoint_groups_group", "group_id"),
)
G, P, Q = GROUPS.c, OF_PROJECTS.c, GROUPS_OF_PROJECTS.c

INSERT, UPDATE, GET, DELETE = insert(GROUPS), update(GROUPS), get(GROUPS, EndpointGroup), delete(GROUPS)
LISTING = Listing(
    sa.select(GROUPS), EndpointGroup, key=G.id, sorts={"name": G.name}, filters={"name": G.name}, default=[("name", False)]
)

_ONE = (P.project_id == sa.bindparam("b_project_id"), P.endpoint_id == sa.bindparam("b_endpoint_id"))
ADD, REMOVE, HAS = insert(OF_PROJECTS), Query(sa.delete(OF_PROJECTS).where(*_ONE)), Query(sa.select(P.project_id).where(*_ONE))
_ONE_GROUP = (Q.project_id == sa.bindparam("b_project_id"), Q.group_id == sa.bindparam("b_group_id"))
ADD_GROUP, REMOVE_GROUP = insert(GROUPS_OF_PROJECTS), Query(sa.delete(GROUPS_OF_PROJECTS).where(*_ONE_GROUP))
HAS_GROUP = Query(sa.select(Q.project_id).where(*_ONE_GROUP))

_ENDPOINTS, _GROUPS = sa.select(ENDPOINTS).join(OF_PROJECTS), sa.select(GROUPS).join(GROUPS_OF_PROJECTS)
ENDPOINTS_OF = Query(_ENDPOINTS.where(P.project_id == sa.bindparam("project_id")).order_by(ENDPOINTS.c.id), Endpoint)
GROUPS_OF = Query(_GROUPS.where(Q.project_id == sa.bindparam("project_id")).order_by(G.name), EndpointGroup)
_PROJECTS = sa.select(PROJECTS).order_by(PROJECTS.c.name)
PROJECTS_OF = Query(_PROJECTS.join(OF_PROJECTS).where(P.endpoint_id == sa.bindparam("endpoint_id")), Project)
PROJECTS_OF_GROUP = Query(_PROJECTS.join(GROUPS_OF_PROJECTS).where(Q.group_id == sa.bindparam("group_id")), Project)


async def add(tx: Tx, group: EndpointGroup) -> None:
    """Insert."""
    await tx.do(INSERT, **values(group))


async def save(tx: Tx, group: EndpointGroup) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=group.id, **values(group))


async def find(tx: Reader, group_id: str) -> EndpointGroup | None:
    """By id."""
    return await tx.one(GET, key=group_id)


async def page(tx: Reader, wanted: Page) -> list[EndpointGroup]:
    """A page of groups."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, group_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=group_id)


async def has(tx: Reader, project_id: str, endpoint_id: str) -> bool:
    """Whether an endpoint is for a project."""
    return await tx.one(HAS, b_project_id=project_id, b_endpoint_id=endpoint_id) is not None


async def add_to(tx: Tx, project_id: str, endpoint_id: str) -> None:
    """Make an endpoint one for a project. Raises Duplicate."""
    await tx.do(ADD, project_id=project_id, endpoint_id=endpoint_id)


async def remove_from(tx: Tx, project_id: str, endpoint_id: str) -> bool:
    """The inverse of `add_to`; whether it was."""
    return await tx.do(REMOVE, b_project_id=project_id, b_endpoint_id=endpoint_id) > 0


async def has_group(tx: Reader, project_id: str, group_id: str) -> bool:
    """Whether a group is for a project."""
    return await tx.one(HAS_GROUP, b_project_id=project_id, b_group_id=group_id) is not None


async def add_group_to(tx: Tx, project_id: str, group_id: str) -> None:
    """Make a group one for a project. Raises Duplicate."""
    await tx.do(ADD_GROUP, project_id=project_id, group_id=group_id)


async def remove_group_from(tx: Tx, project_id: str, group_id: str) -> bool:
    """The inverse of `add_group_to`; whether it was."""
    return await tx.do(REMOVE_GROUP, b_project_id=project_id, b_group_id=group_id) > 0


async def endpoints_of(tx: Reader, project_id: str) -> list[Endpoint]:
    """The endpoints that are for a project by themselves."""
    return await tx.all(ENDPOINTS_OF, project_id=project_id)


async def groups_of(tx: Reader, project_id: str) -> list[EndpointGroup]:
    """The groups that are for a project."""
    return await tx.all(GROUPS_OF, project_id=project_id)


async def projects_of(tx: Reader, endpoint_id: str) -> list[Project]:
    """The projects that an endpoint is for by itself."""
    return await tx.all(PROJECTS_OF, endpoint_id=endpoint_id)


async def projects_of_group(tx: Reader, group_id: str) -> list[Project]:
    """The projects that a group is for."""
    return await tx.all(PROJECTS_OF_GROUP, group_id=group_id)
