"""How much of what is limited a project uses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Query, Reader
from ..model import DELETED
from .tables import IMAGES, L, T

_STAGED = sa.or_(T.status == "uploading", T.status == "importing")
_FILLING = sa.or_(T.status == "saving", _STAGED)
_ZERO, _ONE = sa.literal_column("0", sa.BigInteger()), sa.literal_column("1", sa.BigInteger())
_COPIES = sa.select(sa.func.count()).where(L.image_id == T.id).correlate(IMAGES).scalar_subquery()
"""In how many stores an image is."""
_KEPT = T.size * sa.case((_COPIES > _ONE, _COPIES), else_=_ONE)


def _total(condition: Any, value: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, value), else_=_ZERO), type_=sa.Integer()), _ZERO)


class Usage(Struct, frozen=True):
    """A project's images that are not deleted, and those being filled; the bytes it keeps, and those that wait in staging.

    An upload counts with the size that was announced, until it is known what there is; an image in several stores counts once for
    each.
    """

    count: int
    uploading: int
    size: int
    stage: int


OF_PROJECT: Query[Usage] = Query(
    sa.select(
        sa.func.count(),
        _total(_FILLING, _ONE),
        _total(T.status != "uploading", sa.func.coalesce(_KEPT, sa.case((_FILLING, T.announced)), _ZERO)),
        _total(_STAGED, sa.func.coalesce(T.size, T.announced, _ZERO)),
    ).where(T.owner == sa.bindparam("project_id"), T.status != DELETED),
    Usage,
)


async def of_project(tx: Reader, project_id: str) -> Usage:
    """A recount."""
    return await tx.one(OF_PROJECT, project_id=project_id) or Usage(0, 0, 0, 0)
