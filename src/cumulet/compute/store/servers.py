"""Servers. A deleted one keeps its row: `deleted_at` is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from msgspec import Struct

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import insert
from ..model import Server

R = TypeVar("R")

SERVERS = sa.Table(
    "servers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hostname", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("task", sa.Text),
    sa.Column("power", sa.Integer, nullable=False),
    sa.Column("fault", Json),
    sa.Column("image_id", sa.Text),
    sa.Column("image_properties", Json, nullable=False),
    sa.Column("flavor_id", sa.Text, nullable=False),
    sa.Column("flavor", Json, nullable=False),
    sa.Column("host_id", sa.Text),
    sa.Column("host_name", sa.Text),
    sa.Column("zone", sa.Text),
    sa.Column("pinned_zone", sa.Text),
    sa.Column("destination", Json),
    sa.Column("hints", Json, nullable=False),
    sa.Column("key_name", sa.Text),
    sa.Column("key_data", sa.Text),
    sa.Column("user_data", sa.Text),
    sa.Column("config_drive", sa.Boolean, nullable=False),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("personality", Json, nullable=False),
    sa.Column("access_ipv4", sa.Text),
    sa.Column("access_ipv6", sa.Text),
    sa.Column("disk_config", sa.Text, nullable=False),
    sa.Column("root_device", sa.Text, nullable=False),
    sa.Column("reservation_id", sa.Text, nullable=False),
    sa.Column("launch_index", sa.Integer, nullable=False),
    sa.Column("trusted_certs", Json),
    sa.Column("locked_by", sa.Text),
    sa.Column("locked_reason", sa.Text),
    sa.Column("admin_password", sa.Text),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("launched_at", sa.Text),
    sa.Column("terminated_at", sa.Text),
    sa.Column("deleted_at", sa.Text),
    sa.Column("power_at", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
T = SERVERS.c
B = sa.bindparam
_alive = T.deleted_at.is_(None)
sa.Index("servers_project", T.project_id, T.created_at, T.id, T.version, T.host_id, sqlite_where=_alive, postgresql_where=_alive)
sa.Index("servers_host", T.host_id, sqlite_where=_alive, postgresql_where=_alive)
sa.Index("servers_updated", T.updated_at)
_busy = sa.and_(T.task.is_not(None), _alive)
sa.Index("servers_busy", T.host_id, T.task, sqlite_where=_busy, postgresql_where=_busy)

TAGS = sa.Table(
    "server_tags",
    metadata,
    sa.Column("server_id", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Index("server_tags_tag", "tag"),
)


class Key(Struct, frozen=True):
    """Enough of a server to know whether what was rendered of it still holds."""

    id: str
    version: int
    host_id: str | None


class Name(Struct, frozen=True):
    """A server's name."""

    id: str
    name: str


class Seen(Struct, frozen=True):
    """What a heartbeat is compared with."""

    id: str
    state: str
    task: str | None
    power: int
    power_at: str
    version: int


def _matches(column: sa.ColumnElement[Any]) -> Any:
    return lambda op, name: column.regexp_match(B(name))


INSERT = insert(SERVERS)
GET = Query(sa.select(SERVERS).where(T.id == B("id"), _alive), Server)
GET_OWN = Query(sa.select(SERVERS).where(T.id == B("id"), T.project_id == B("project_id"), _alive), Server)
GET_EVEN_DELETED = Query(sa.select(SERVERS).where(T.id == B("id")), Server)
KEY = Query(sa.select(T.id, T.version, T.host_id).where(T.id == B("id"), _alive), Key)
KEY_OWN = Query(sa.select(T.id, T.version, T.host_id).where(T.id == B("id"), T.project_id == B("project_id"), _alive), Key)
MANY = Query(sa.select(SERVERS).where(among(T.id, "ids")), Server)
ON_HOST = Query(sa.select(*(T[name] for name in Seen.__struct_fields__)).where(T.host_id == B("host_id"), _alive), Seen)
HOSTS_OF = Query(sa.select(T.host_id).where(among(T.id, "ids"), T.host_id.is_not(None), _alive))
OBSERVE = Query(
    sa.update(SERVERS)
    .where(T.id == B("b_id"), T.version == B("b_version"), T.task.is_(None), _alive)
    .values(state=B("state"), power=B("power"), power_at=B("stamp"), updated_at=B("stamp"), version=T.version + 1)
)
RENAME_HOST = Query(
    sa.update(SERVERS)
    .where(T.host_id == B("b_host_id"), T.host_name != B("host_name"), _alive)
    .values(host_name=B("host_name"), version=T.version + 1)
)
TAG = Query(sa.insert(TAGS).values(server_id=B("server_id"), tag=B("tag")))
UNTAG = Query(sa.delete(TAGS).where(TAGS.c.server_id == B("server_id")))
TAGGED = Query(sa.select(TAGS.c.server_id, TAGS.c.tag).where(among(TAGS.c.tag, "tags")))

_SEARCHED = (
    *("name", "description", "hostname", "zone", "key_name", "host_name", "locked_by"),
    *("access_ipv4", "access_ipv6", "root_device"),
)
_COMPARED = (
    *("id", "project_id", "user_id", "state", "task", "power", "image_id", "flavor_id", "host_name", "reservation_id"),
    *("launch_index", "updated_at", "created_at", "launched_at", "terminated_at", "deleted_at", "locked_by"),
    *("config_drive", "disk_config"),
)
_SORTED = (
    *("id", "name", "description", "hostname", "state", "task", "power", "host_name", "zone", "image_id", "flavor_id"),
    *("key_name", "created_at", "updated_at", "launched_at", "terminated_at", "access_ipv4", "access_ipv6"),
    *("config_drive", "disk_config", "launch_index", "locked_by", "project_id", "user_id", "root_device"),
)


def _listing(row: type[R], *columns: str) -> Listing[R]:
    return Listing(
        sa.select(*(T[name] for name in columns)),
        row,
        key=T.id,
        sorts={name: T[name] for name in _SORTED},
        filters={
            **{name: T[name] for name in _COMPARED},
            **{f"{name} matches": _matches(T[name]) for name in _SEARCHED},
        },
        default=[("created_at", True)],
    )


KEYS = _listing(Key, "id", "version", "host_id")
NAMES = _listing(Name, "id", "name")
_updates: dict[tuple[str, ...], Query[Any]] = {}


def _update(kind: str, names: Sequence[str]) -> Query[Any]:
    """The UPDATE of these columns, made once; kind `begin` only if nothing is being done and the state allows."""
    shape = (kind, *names)
    query = _updates.get(shape)
    if query is None:
        where = [T.id == B("b_id"), _alive]
        if kind == "begin":
            where += [T.task.is_(None), among(T.state, "b_states")]
        columns: dict[str, Any] = {name: B(name, type_=T[name].type) for name in names}
        columns |= {"updated_at": B("updated_at"), "version": T.version + 1}
        query = _updates[shape] = Query(sa.update(SERVERS).where(*where).values(columns))
    return query


CALLED: Query[tuple[str]] = Query(
    sa.select(T.id).where(T.name == sa.bindparam("name"), T.deleted_at.is_(None)).order_by(T.created_at, T.id)
)
EVERYONE = Query(sa.select(SERVERS).where(T.deleted_at.is_(None)).order_by(T.created_at, T.id), Server)


async def add(tx: Tx, server: Server) -> None:
    """Insert, with its tags."""
    await tx.do(INSERT, **values(server))
    for tag in server.tags:
        await tx.do(TAG, server_id=server.id, tag=tag)


async def find(tx: Reader, server_id: str, project_id: str | None) -> Server | None:
    """A server that is not deleted; of any project if `project_id` is None."""
    if project_id is None:
        return await tx.one(GET, id=server_id)
    return await tx.one(GET_OWN, id=server_id, project_id=project_id)


async def find_even_deleted(tx: Reader, server_id: str, project_id: str | None) -> Server | None:
    """A server, deleted or not."""
    found = await tx.one(GET_EVEN_DELETED, id=server_id)
    return found if found is not None and project_id in (None, found.project_id) else None


async def many(tx: Reader, ids: Sequence[str]) -> dict[str, Server]:
    """Servers by id, deleted ones too, for callers who know the ids from `keys`."""
    return {server.id: server for server in await tx.all(MANY, ids=list(ids))}


async def key(tx: Reader, server_id: str, project_id: str | None) -> Key | None:
    """The id and version of a server that is not deleted; of any project if `project_id` is None."""
    if project_id is None:
        return await tx.one(KEY, id=server_id)
    return await tx.one(KEY_OWN, id=server_id, project_id=project_id)


async def keys(tx: Reader, page: Page) -> list[Key]:
    """A page of ids and versions."""
    return await KEYS.page(tx, page)


async def names(tx: Reader, page: Page) -> list[Name]:
    """A page of ids and names."""
    return await NAMES.page(tx, page)


async def change(tx: Tx, server_id: str, **changes: Any) -> bool:
    """Set columns of a server that is not deleted; whether it was there."""
    changes["updated_at"] = tx.stamp
    names = [name for name in changes if name != "updated_at"]
    return await tx.do(_update("change", names), b_id=server_id, **changes) > 0


async def begin(tx: Tx, server_id: str, states: Sequence[str], **changes: Any) -> bool:
    """Set columns if no task is under way and the state is one of `states` (T2); whether so."""
    changes["updated_at"] = tx.stamp
    names = [name for name in changes if name != "updated_at"]
    return await tx.do(_update("begin", names), b_id=server_id, b_states=list(states), **changes) > 0


async def retag(tx: Tx, server_id: str, tags: Sequence[str]) -> None:
    """Replace a server's tags."""
    await tx.do(UNTAG, server_id=server_id)
    for tag in tags:
        await tx.do(TAG, server_id=server_id, tag=tag)
    await change(tx, server_id, tags=list(tags))


async def untag(tx: Tx, server_id: str) -> None:
    """Nobody finds the server by its tags any more."""
    await tx.do(UNTAG, server_id=server_id)


async def tagged(tx: Reader, tags: Sequence[str]) -> list[tuple[str, str]]:
    """(server id, tag) of every server with one of these tags."""
    return await tx.all(TAGGED, tags=list(tags))


async def on_host(tx: Reader, host_id: str) -> list[Seen]:
    """The servers that a host should have."""
    return await tx.all(ON_HOST, host_id=host_id)


async def hosts_of(tx: Reader, ids: Sequence[str]) -> list[str]:
    """The hosts on which these servers are, as far as they are anywhere."""
    return sorted({host_id for (host_id,) in await tx.all(HOSTS_OF, ids=list(ids))})


async def observe(tx: Tx, seen: Seen, state: str, power: int) -> bool:
    """Set what a host has seen, unless anything happened since `seen` was read; whether it was set."""
    return await tx.do(OBSERVE, b_id=seen.id, b_version=seen.version, state=state, power=power, stamp=tx.stamp) > 0


async def rename_host(tx: Tx, host_id: str, host_name: str) -> None:
    """The host of these servers is called differently now."""
    await tx.do(RENAME_HOST, b_host_id=host_id, host_name=host_name)


async def called(tx: Reader, name: str) -> list[str]:
    """The ids of the servers of this name in every project, oldest first."""
    return [server_id for (server_id,) in await tx.all(CALLED, name=name)]


async def everyone(tx: Reader) -> list[Server]:
    """Every server that is not deleted: for a recount."""
    return await tx.all(EVERYONE)
