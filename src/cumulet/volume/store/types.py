"""Volume types, who may use those that are not public, and what a project's volumes are when no type is asked for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.query import among
from ...kernel.db.rows import delete, get, insert, update
from ..model import VolumeType

TYPES = sa.Table(
    "volume_types",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("description", sa.Text),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("extra_specs", Json, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text),
)
ACCESS = sa.Table(
    "volume_type_projects",
    metadata,
    sa.Column("type_id", sa.Text, sa.ForeignKey("volume_types.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.Text, primary_key=True),
)
DEFAULTS = sa.Table(
    "volume_default_types",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("type_id", sa.Text, sa.ForeignKey("volume_types.id", ondelete="CASCADE"), nullable=False),
)
T, A, D = TYPES.c, ACCESS.c, DEFAULTS.c
_B = sa.bindparam

INSERT, UPDATE, GET, DELETE = insert(TYPES), update(TYPES), get(TYPES, VolumeType), delete(TYPES)
HOLD = Query(sa.select(TYPES).where(T.id == _B("key")).with_for_update(), VolumeType)
BY_NAME = get(TYPES, VolumeType, "name")
NAMES: Query[Any] = Query(sa.select(T.id, T.name).where(among(T.id, "ids")))
ADD_IF_MISSING = Query(
    upsert(TYPES).values({c.name: _B(c.name, type_=c.type) for c in TYPES.columns}).on_conflict_do_nothing(index_elements=["id"])
)
GRANT, PROJECTS = insert(ACCESS), Query(sa.select(A.project_id).where(A.type_id == _B("type_id")).order_by(A.project_id))
REVOKE = Query(sa.delete(ACCESS).where(A.type_id == _B("b_type"), A.project_id == _B("b_project")))
SET_DEFAULT = Query(
    upsert(DEFAULTS)
    .values(project_id=_B("project_id"), type_id=_B("type_id"))
    .on_conflict_do_update(index_elements=["project_id"], set_={"type_id": _B("type_id")})
)
DEFAULT_OF: Query[Any] = Query(sa.select(D.type_id).where(D.project_id == _B("project_id")))
ALL_DEFAULTS: Query[Any] = Query(sa.select(D.project_id, D.type_id).order_by(D.project_id))
DROP_DEFAULT = delete(DEFAULTS, "project_id")


def _usable(op: str, name: str) -> sa.ColumnElement[Any]:
    granted = sa.exists().where(A.type_id == T.id, A.project_id == _B(name))
    return sa.or_(T.is_public.is_(True), granted)


LISTING = Listing(
    sa.select(TYPES),
    VolumeType,
    key=T.id,
    sorts={"id": T.id, "name": T.name, "created_at": T.created_at, "updated_at": T.updated_at, "is_public": T.is_public},
    filters={"is_public": T.is_public, "usable_by": _usable},
    default=[("created_at", True)],
)


async def add(tx: Tx, kind: VolumeType) -> None:
    """Insert. Raises Duplicate for a name that is taken."""
    await tx.do(INSERT, **values(kind))


async def add_if_missing(tx: Tx, kind: VolumeType) -> None:
    """Insert unless there is one of this id."""
    await tx.do(ADD_IF_MISSING, **values(kind))


async def save(tx: Tx, kind: VolumeType) -> None:
    """Write every field of one that is held."""
    await tx.do(UPDATE, b_key=kind.id, **values(kind))


async def find(tx: Reader, type_id: str) -> VolumeType | None:
    """By id."""
    return await tx.one(GET, key=type_id)


async def hold(tx: Tx, type_id: str) -> VolumeType | None:
    """By id; until the transaction ends nobody else changes it."""
    return await tx.one(HOLD, key=type_id)


async def find_by_name(tx: Reader, name: str) -> VolumeType | None:
    """By name."""
    return await tx.one(BY_NAME, key=name)


async def names(tx: Reader, ids: list[str]) -> dict[str, str]:
    """The names of some types."""
    return dict(await tx.all(NAMES, ids=ids))


async def page(tx: Reader, wanted: Page) -> list[VolumeType]:
    """A page of types."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, type_id: str) -> None:
    """Delete the row. Raises Duplicate while a volume is of this type."""
    await tx.do(DELETE, key=type_id)


async def grant(tx: Tx, type_id: str, project_id: str) -> None:
    """Let a project use it. Raises Duplicate if it may already."""
    await tx.do(GRANT, type_id=type_id, project_id=project_id)


async def revoke(tx: Tx, type_id: str, project_id: str) -> bool:
    """Take it from a project; whether it could use it."""
    return await tx.do(REVOKE, b_type=type_id, b_project=project_id) > 0


async def projects(tx: Reader, type_id: str) -> list[str]:
    """Who may use it."""
    return [project_id for (project_id,) in await tx.all(PROJECTS, type_id=type_id)]


async def default_of(tx: Reader, project_id: str) -> str | None:
    """The type of a project's volumes when none is asked for, if the project has one of its own."""
    found = await tx.one(DEFAULT_OF, project_id=project_id)
    return str(found[0]) if found else None


async def defaults(tx: Reader) -> list[tuple[str, str]]:
    """(project id, type id) of every project with a default of its own."""
    return await tx.all(ALL_DEFAULTS)


async def set_default(tx: Tx, project_id: str, type_id: str) -> None:
    """Give a project a default of its own."""
    await tx.do(SET_DEFAULT, project_id=project_id, type_id=type_id)


async def drop_default(tx: Tx, project_id: str) -> None:
    """Take it away."""
    await tx.do(DROP_DEFAULT, key=project_id)
