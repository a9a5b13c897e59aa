"""Hosts as compute's API numbers them, what operators say of them, and what is on them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from ...kernel.db import Query, Reader, Tx, among, metadata
from .servers import SERVERS

SERVICES = sa.Table(
    "compute_services",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("host_id", sa.Text, nullable=False, unique=True),
    sa.Column("forced_down", sa.Boolean, nullable=False),
    sa.Column("failed_builds", sa.Integer, nullable=False, server_default="0"),
)
T, S = SERVICES.c, SERVERS.c
B = sa.bindparam


class Service(Struct, frozen=True):
    """A host's service. `sequence` is the number by which old versions of the API know the host and its service."""

    sequence: int
    id: str
    host_id: str
    forced_down: bool


class Counted(Struct, frozen=True):
    """How many servers are on a host, to how many something is being done, and how many builds failed there in a row."""

    host_id: str
    servers: int
    busy: int
    failed_builds: int


class Resident(Struct, frozen=True):
    """A server on a host."""

    host_id: str
    id: str
    name: str
    task: str | None


ENSURE: Query[Any] = Query(
    insert(SERVICES)
    .values(id=B("id"), host_id=B("host_id"), forced_down=sa.false())
    .on_conflict_do_nothing(index_elements=["host_id"])
)
ALL = Query(sa.select(T.sequence, T.id, T.host_id, T.forced_down).order_by(T.sequence), Service)
FORCE: Query[Any] = Query(sa.update(SERVICES).where(T.host_id == B("b_host_id")).values(forced_down=B("down")))
DELETE: Query[Any] = Query(sa.delete(SERVICES).where(T.host_id == B("host_id")))
RESIDENTS = Query(
    sa.select(*(S[name] for name in Resident.__struct_fields__))
    .where(among(S.host_id, "host_ids"), S.deleted_at.is_(None))
    .order_by(S.created_at, S.id),
    Resident,
)
SIZES = Query(sa.select(S.project_id, S.flavor).where(S.host_id == B("host_id"), S.deleted_at.is_(None)).order_by(S.project_id))
FORCED = Query(sa.select(T.host_id).where(T.forced_down))


BUILD_FAILED: Query[Any] = Query(sa.update(SERVICES).where(T.host_id == B("b_host_id")).values(failed_builds=T.failed_builds + 1))
BUILT: Query[Any] = Query(sa.update(SERVICES).where(T.host_id == B("b_host_id"), T.failed_builds > 0).values(failed_builds=0))
PRESSURE: Query[tuple[str, int, int]] = Query(
    sa.select(
        T.host_id,
        sa.select(sa.func.count())
        .where(S.host_id == T.host_id, S.task.is_not(None), S.deleted_at.is_(None))
        .correlate(SERVICES)
        .scalar_subquery(),
        T.failed_builds,
    ).where(among(T.host_id, "host_ids"))
)


def _number_of(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    alive = (S.host_id == T.host_id, S.deleted_at.is_(None), *conditions)
    return sa.select(sa.func.count()).where(*alive).correlate(SERVICES).scalar_subquery()


COUNTED = Query(
    sa.select(T.host_id, _number_of(), _number_of(S.task.is_not(None)), T.failed_builds).where(among(T.host_id, "host_ids")),
    Counted,
)


async def ensure(tx: Tx, host_id: str, service_id: str) -> None:
    """Give a host a number and a service, unless it has them."""
    await tx.do(ENSURE, id=service_id, host_id=host_id)


async def all_of_them(tx: Reader) -> list[Service]:
    """Every service, by number."""
    return await tx.all(ALL)


async def force_down(tx: Tx, host_id: str, down: bool) -> None:
    """Whether an operator says that the host is down."""
    await tx.do(FORCE, b_host_id=host_id, down=down)


async def forced_down(tx: Reader) -> list[str]:
    """The hosts of which an operator says that they are down."""
    return [host_id for (host_id,) in await tx.all(FORCED)]


async def remove(tx: Tx, host_id: str) -> None:
    """Forget a host."""
    await tx.do(DELETE, host_id=host_id)


async def sizes(tx: Reader, host_id: str) -> list[tuple[str, dict[str, Any]]]:
    """(project id, flavor) of each server on a host."""
    return await tx.all(SIZES, host_id=host_id)


async def residents(tx: Reader, host_ids: list[str]) -> list[Resident]:
    """The servers on these hosts, oldest first."""
    return await tx.all(RESIDENTS, host_ids=host_ids)


async def pressure(tx: Reader, host_ids: list[str]) -> dict[str, tuple[int, int]]:
    """For each of these hosts: the servers to which something is being done, and the builds that failed in a row."""
    return {host_id: (busy, failed) for host_id, busy, failed in await tx.all(PRESSURE, host_ids=host_ids)}


async def counted(tx: Reader, host_ids: list[str]) -> dict[str, Counted]:
    """What there is to count on each of these hosts."""
    return {found.host_id: found for found in await tx.all(COUNTED, host_ids=host_ids)}


async def build_failed(tx: Tx, host_id: str) -> None:
    """A host did not build what it should."""
    await tx.do(BUILD_FAILED, b_host_id=host_id)


async def built(tx: Tx, host_id: str) -> None:
    """A host built something: what failed before is forgotten."""
    await tx.do(BUILT, b_host_id=host_id)
