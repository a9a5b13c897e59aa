"""Application credentials and the access rules that narrow them."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, among, metadata, values
from ....kernel.db.rows import delete, get, insert
from ...model import AccessRule, ApplicationCredential

CREDENTIALS = sa.Table(
    "application_credentials",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Double),
    sa.Column("unrestricted", sa.Boolean, nullable=False),
    sa.Column("role_ids", Json, nullable=False),
    sa.Column("rule_ids", Json),
    sa.Index("application_credentials_name", "user_id", "name", unique=True),
    sa.Index("application_credentials_project", "project_id"),
)
RULES = sa.Table(
    "access_rules",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Index("access_rules_user", "user_id", "service", "method", "path", unique=True),
)
C, R = CREDENTIALS.c, RULES.c

INSERT, GET, DELETE = insert(CREDENTIALS), get(CREDENTIALS, ApplicationCredential), delete(CREDENTIALS)
BY_NAME = Query(
    sa.select(CREDENTIALS).where(C.user_id == sa.bindparam("user_id"), C.name == sa.bindparam("name")), ApplicationCredential
)
LISTING = Listing(
    sa.select(CREDENTIALS),
    ApplicationCredential,
    key=C.id,
    sorts={"name": C.name},
    filters={"user_id": C.user_id, "name": C.name},
    default=[("name", False)],
)
FORGET = Query(sa.delete(CREDENTIALS).where(C.user_id == sa.bindparam("b_user_id"), C.project_id == sa.bindparam("b_project_id")))
FORGET_USER = Query(sa.delete(CREDENTIALS).where(C.user_id == sa.bindparam("b_user_id")))

INSERT_RULE, GET_RULE, DELETE_RULE = insert(RULES), get(RULES, AccessRule), delete(RULES)
RULES_BY_ID = Query(sa.select(RULES).where(among(R.id, "rule_ids")).order_by(R.id), AccessRule)
SAME_RULE = Query(
    sa.select(RULES).where(*(R[name] == sa.bindparam(name) for name in ("user_id", "service", "method", "path"))), AccessRule
)
RULE_LISTING = Listing(
    sa.select(RULES),
    AccessRule,
    key=R.id,
    sorts={"path": R.path},
    filters={"user_id": R.user_id, "service": R.service, "method": R.method, "path": R.path},
    default=[("path", False)],
)


async def add(tx: Tx, credential: ApplicationCredential) -> None:
    """Insert. Raises Duplicate if the user has another of that name."""
    await tx.do(INSERT, **values(credential))


async def find(tx: Reader, credential_id: str) -> ApplicationCredential | None:
    """By id."""
    return await tx.one(GET, key=credential_id)


async def find_by_name(tx: Reader, user_id: str, name: str) -> ApplicationCredential | None:
    """By its name among a user's."""
    return await tx.one(BY_NAME, user_id=user_id, name=name)


async def page(tx: Reader, user_id: str, wanted: Page) -> list[ApplicationCredential]:
    """A page of a user's application credentials."""
    return await LISTING.page(tx, wanted.where("user_id", user_id))


async def remove(tx: Tx, credential_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=credential_id)


async def forget(tx: Tx, user_id: str, project_id: str | None = None) -> None:
    """Delete all of a user, or those for one project."""
    if project_id is None:
        await tx.do(FORGET_USER, b_user_id=user_id)
    else:
        await tx.do(FORGET, b_user_id=user_id, b_project_id=project_id)


async def rules(tx: Reader, rule_ids: list[str]) -> list[AccessRule]:
    """Access rules by their ids."""
    return await tx.all(RULES_BY_ID, rule_ids=rule_ids)


async def find_rule(tx: Reader, rule_id: str) -> AccessRule | None:
    """One access rule."""
    return await tx.one(GET_RULE, key=rule_id)


async def same_rule(tx: Reader, rule: AccessRule) -> AccessRule | None:
    """The user's rule that says the same, whatever its id."""
    return await tx.one(SAME_RULE, user_id=rule.user_id, service=rule.service, method=rule.method, path=rule.path)


async def add_rule(tx: Tx, rule: AccessRule) -> None:
    """Insert."""
    await tx.do(INSERT_RULE, **values(rule))


async def rule_page(tx: Reader, user_id: str, wanted: Page) -> list[AccessRule]:
    """A page of a user's access rules."""
    return await RULE_LISTING.page(tx, wanted.where("user_id", user_id))


async def remove_rule(tx: Tx, rule_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE_RULE, key=rule_id)
