"""Puts rows into our own tables by what they are called, and moves what is there already under another id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from ....kernel.db import Json, Query, Reader, Tx, metadata
from ....kernel.db.rows import delete, insert
from .. import assignments, catalog, endpoint_groups, groups, limits, logins, policies, projects, roles, users
from ..delegation import application_credentials, credentials, trusts
from ..directory import entries
from ..domains import options
from ..federation import mappings, providers, service_providers
from ..federation import users as federated
from .source import Row

TABLES: dict[str, sa.Table] = {
    "region": catalog.REGIONS,
    "service": catalog.SERVICES,
    "endpoint": catalog.ENDPOINTS,
    "domain": projects.PROJECTS,
    "domain option": options.OPTIONS,
    "project": projects.PROJECTS,
    "role": roles.ROLES,
    "implied role": roles.IMPLIED,
    "identity provider": providers.PROVIDERS,
    "mapping": mappings.MAPPINGS,
    "protocol": providers.PROTOCOLS,
    "service provider": service_providers.SERVICE_PROVIDERS,
    "user": users.USERS,
    "federated user": federated.FEDERATED,
    "password": logins.PASSWORDS,
    "failed login": logins.FAILURES,
    "group": groups.GROUPS,
    "group member": groups.MEMBERS,
    "federated membership": federated.MEMBERSHIPS,
    "directory entry": entries.ENTRIES,
    "role assignment": assignments.ASSIGNMENTS,
    "endpoint group": endpoint_groups.GROUPS,
    "project's endpoint": endpoint_groups.OF_PROJECTS,
    "project's endpoint group": endpoint_groups.GROUPS_OF_PROJECTS,
    "credential": credentials.CREDENTIALS,
    "access rule": application_credentials.RULES,
    "application credential": application_credentials.CREDENTIALS,
    "trust": trusts.TRUSTS,
    "registered limit": limits.REGISTERED,
    "limit": limits.LIMITS,
    "policy": policies.POLICIES,
    "policy association": policies.ASSOCIATIONS,
}
"""By noun, in the order in which they are written: what is named by others comes first."""

_A = assignments.ASSIGNMENTS.c
MOVED: dict[str, Sequence[sa.Column[Any]]] = {
    "project": (_A.target_id,),
    "role": (_A.role_id, roles.IMPLIED.c.prior_role_id, roles.IMPLIED.c.implied_role_id),
    "user": (_A.holder_id,),
    "group": (_A.holder_id, groups.MEMBERS.c.group_id),
    "service": (catalog.ENDPOINTS.c.service_id,),
}
"""What goes along when a row of a noun gets another id. Rows that are named anywhere else keep theirs."""

_DROPPED = {"password_history", "failed_logins", "used_codes", "audit_events"}
"""What names a user and goes away with it, or says what once was."""


class Present(Struct):
    """What a table holds: its primary keys, and for each unique index its columns and the primary key by their values."""

    keys: set[tuple[Any, ...]]
    unique: dict[tuple[str, ...], dict[tuple[Any, ...], tuple[Any, ...]]]

    def add(self, noun: str, row: Row) -> None:
        """Note a row that was written."""
        self.keys.add(key_of(noun, row))
        for names, taken in self.unique.items():
            taken[tuple(row[name] for name in names)] = key_of(noun, row)


@cache
def _select(table: sa.Table) -> Query[Any]:
    return Query(sa.select(table))


@cache
def _insert(table: sa.Table) -> Query[Any]:
    return insert(table)


def key_of(noun: str, row: Row) -> tuple[Any, ...]:
    """A row's primary key."""
    return tuple(row[column.name] for column in TABLES[noun].primary_key.columns)


def references(noun: str) -> Iterator[tuple[str, str, str]]:
    """(column, table, column) of what a noun's rows name that must be there. Those of a table to itself are left out."""
    for key in TABLES[noun].foreign_keys:
        if key.column.table is not TABLES[noun]:
            yield key.parent.name, key.column.table.name, key.column.name


async def rows(tx: Reader, noun: str) -> list[Row]:
    """All rows of a noun's table."""
    table = TABLES[noun]
    return [dict(zip(table.columns.keys(), row, strict=True)) for row in await tx.all(_select(table))]


async def present(tx: Reader, noun: str) -> Present:
    """What a noun's table holds now."""
    indexes = [tuple(c.name for c in index.columns) for index in TABLES[noun].indexes if index.unique]
    found = Present(set(), {names: {} for names in indexes})
    for row in await rows(tx, noun):
        found.add(noun, row)
    return found


async def add(tx: Tx, noun: str, row: Row) -> None:
    """Insert a row. Raises Duplicate."""
    await tx.do(_insert(TABLES[noun]), **row)


async def named_by(tx: Reader, noun: str, row_id: str) -> list[str]:
    """The tables that name a row of `noun` in a way that `move` does not know, whichever service's they are."""
    found = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            moved = any(column is known for known in MOVED[noun]) or column is TABLES[noun].c.id
            if moved or table.name in _DROPPED or not isinstance(column.type, sa.Text | Json):
                continue
            if await tx.one(_mention(column), wanted=f'%"{row_id}"%' if isinstance(column.type, Json) else row_id) is not None:
                found.add(table.name)
    return sorted(found)


@cache
def _mention(column: sa.Column[Any]) -> Query[Any]:
    wanted: sa.BindParameter[str] = sa.bindparam("wanted", type_=sa.Text())
    text = sa.type_coerce(column, sa.Text())
    return Query(sa.select(text).where(text.like(wanted) if isinstance(column.type, Json) else text == wanted).limit(1))


async def set_aside(tx: Tx, noun: str, row_id: str) -> None:
    """Give a row's name away, so that another may take it: the row is called by its own id now."""
    table = TABLES[noun]
    await tx.do(Query(sa.update(table).where(table.c.id == sa.bindparam("b_id")).values(name=sa.bindparam("b_id"))), b_id=row_id)


async def move(tx: Tx, noun: str, old: str, new: str) -> None:
    """Let `new` have what `old` had, and delete `old`. Both rows are there."""
    for column in MOVED[noun]:
        await _move(tx, column, old, new)
    await tx.do(delete(TABLES[noun]), key=old)


async def _move(tx: Tx, column: sa.Column[Any], old: str, new: str) -> None:
    table = column.table
    assert isinstance(table, sa.Table)
    mine = Query(sa.select(table).where(column == sa.bindparam("old")))
    held = [dict(zip(table.columns.keys(), row, strict=True)) for row in await tx.all(mine, old=old)]
    await tx.do(Query(sa.delete(table).where(column == sa.bindparam("old"))), old=old)
    keys = table.primary_key.columns
    taken = {tuple(row) for row in await tx.all(Query(sa.select(*keys)))}
    for row in held:
        row[column.name] = new
        if tuple(row[key.name] for key in keys) not in taken:
            await tx.do(_insert(table), **row)
