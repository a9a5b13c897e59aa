"""Security groups and their rules."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Listing, Page, Query, Reader, Tx, among, metadata, values
from ...kernel.db.rows import delete, insert
from ..model import SecurityGroup, SecurityRule
from . import rows, tags
from .rows import PROJECT, mine

GROUPS = sa.Table(
    "security_groups",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("stateful", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
    *rows.stamped(),
    sa.Index("security_groups_project", "project_id"),
)
sa.Index(
    "security_groups_default",
    GROUPS.c.project_id,
    unique=True,
    sqlite_where=GROUPS.c.is_default,
    postgresql_where=GROUPS.c.is_default,
)
RULES = sa.Table(
    "security_group_rules",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, sa.ForeignKey("security_groups.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("ethertype", sa.Text, nullable=False),
    sa.Column("protocol", sa.Text),
    sa.Column("port_range_min", sa.Integer),
    sa.Column("port_range_max", sa.Integer),
    sa.Column("remote_group_id", sa.Text, sa.ForeignKey("security_groups.id", ondelete="CASCADE")),
    sa.Column("remote_ip_prefix", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    *rows.stamped(),
    sa.Index("security_group_rules_group", "group_id"),
    sa.Index("security_group_rules_project", "project_id"),
    sa.Index("security_group_rules_remote", "remote_group_id"),
)
G, R = GROUPS.c, RULES.c
_RULE_OWNER = sa.or_(PROJECT.is_(None), R.project_id == PROJECT, R.group_id.in_(sa.select(G.id).where(G.project_id == PROJECT)))


def _seen_by(op: str, name: str) -> sa.ColumnElement[bool]:
    value = sa.bindparam(name, type_=sa.Text())
    return sa.or_(R.project_id == value, R.group_id.in_(sa.select(G.id).where(G.project_id == value)))


INSERT, UPDATE, DELETE = rows.insert_unless_taken(GROUPS), rows.guarded_update(GROUPS), delete(GROUPS)
GET = Query(sa.select(GROUPS).where(G.id == sa.bindparam("key"), mine(G.project_id)), SecurityGroup)
MANY = Query(sa.select(GROUPS).where(among(G.id, "ids")), SecurityGroup)
NAMED = Query(
    sa.select(GROUPS).where(G.project_id == sa.bindparam("project_id"), sa.or_(among(G.name, "names"), among(G.id, "names"))),
    SecurityGroup,
)
DEFAULT = Query(sa.select(GROUPS).where(G.project_id == sa.bindparam("project_id"), G.is_default), SecurityGroup)
EVERY = Query(sa.select(G.id).order_by(G.id))
LISTING = Listing(
    sa.select(GROUPS),
    SecurityGroup,
    key=G.id,
    sorts={c.name: c for c in GROUPS.columns},
    filters={c.name: c for c in GROUPS.columns} | {"seen_by": G.project_id, **tags.filters(G.id)},
    default=[("created_at", False)],
)
INSERT_RULE, DELETE_RULE = insert(RULES), delete(RULES)
GET_RULE = Query(sa.select(RULES).where(R.id == sa.bindparam("key"), _RULE_OWNER), SecurityRule)
RULES_OF = Query(sa.select(RULES).where(among(R.group_id, "groups")).order_by(R.created_at, R.id), SecurityRule)
POINTING_AT = Query(sa.select(R.group_id).distinct().where(R.remote_group_id == sa.bindparam("group")))
RULE_LISTING = Listing(
    sa.select(RULES),
    SecurityRule,
    key=R.id,
    sorts={c.name: c for c in RULES.columns},
    filters={c.name: c for c in RULES.columns} | {"seen_by": _seen_by},
    default=[("created_at", False)],
)


async def add(tx: Tx, group: SecurityGroup) -> bool:
    """Insert, unless it is a second default group of its project; whether it worked."""
    return await tx.do(INSERT, **values(group)) > 0


async def save(tx: Tx, group: SecurityGroup) -> SecurityGroup:
    """Write a changed row; it comes back with its new revision. Raises Conflict."""
    return await rows.save(tx, UPDATE, group, "security group")


async def find(tx: Reader, group_id: str, project_id: str | None) -> SecurityGroup | None:
    """By id, if it is this project's."""
    return await tx.one(GET, key=group_id, project_id=project_id)


async def many(tx: Reader, group_ids: list[str]) -> dict[str, SecurityGroup]:
    """Those that are there, by id."""
    return {group.id: group for group in await tx.all(MANY, ids=group_ids)}


async def named(tx: Reader, project_id: str, names: list[str]) -> list[SecurityGroup]:
    """The project's groups which have one of these names or ids."""
    return await tx.all(NAMED, project_id=project_id, names=names)


async def default(tx: Reader, project_id: str) -> SecurityGroup | None:
    """The project's default group, if it has been made."""
    return await tx.one(DEFAULT, project_id=project_id)


async def every_id(tx: Reader) -> list[str]:
    """All of them, for a full comparison."""
    return [found for (found,) in await tx.all(EVERY)]


async def page(tx: Reader, wanted: Page) -> list[SecurityGroup]:
    """A page."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, group_id: str) -> None:
    """Delete the group; its rules, and others' rules that name it, go with it."""
    await tags.clear(tx, group_id)
    await tx.do(DELETE, key=group_id)


async def add_rule(tx: Tx, rule: SecurityRule) -> None:
    """Insert."""
    await tx.do(INSERT_RULE, **values(rule))


async def find_rule(tx: Reader, rule_id: str, project_id: str | None) -> SecurityRule | None:
    """By id, if it or its group is this project's."""
    return await tx.one(GET_RULE, key=rule_id, project_id=project_id)


async def rules_of(tx: Reader, group_ids: list[str]) -> dict[str, list[SecurityRule]]:
    """The rules of each group, oldest first."""
    found: dict[str, list[SecurityRule]] = {group_id: [] for group_id in group_ids}
    for rule in await tx.all(RULES_OF, groups=group_ids):
        found[rule.group_id].append(rule)
    return found


async def pointing_at(tx: Reader, group_id: str) -> list[str]:
    """The groups with a rule whose remote is this group."""
    return [found for (found,) in await tx.all(POINTING_AT, group=group_id)]


async def rule_page(tx: Reader, wanted: Page) -> list[SecurityRule]:
    """A page of rules."""
    return await RULE_LISTING.page(tx, wanted)


async def remove_rule(tx: Tx, rule_id: str) -> None:
    """Delete the rule."""
    await tx.do(DELETE_RULE, key=rule_id)
