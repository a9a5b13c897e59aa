"""Policy documents that are kept for others."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ...kernel.db.rows import delete, get, insert, update
from ..model import PolicyAssociation, PolicyBlob

POLICIES = sa.Table(
    "policy_blobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("blob", Json, nullable=False),
    sa.Column("extra", Json, nullable=False),
)
ASSOCIATIONS = sa.Table(
    "policy_associations",
    metadata,
    sa.Column("endpoint_id", sa.Text, primary_key=True),
    sa.Column("service_id", sa.Text, primary_key=True),
    sa.Column("region_id", sa.Text, primary_key=True),
    sa.Column("policy_id", sa.Text, sa.ForeignKey("policy_blobs.id", ondelete="CASCADE"), nullable=False),
    sa.Index("policy_associations_policy", "policy_id"),
)
"""For what a document is; what it is not narrowed to is an empty text."""
T, A = POLICIES.c, ASSOCIATIONS.c

INSERT, UPDATE, GET, DELETE = insert(POLICIES), update(POLICIES), get(POLICIES, PolicyBlob), delete(POLICIES)
LISTING = Listing(sa.select(POLICIES), PolicyBlob, key=T.id, sorts={"id": T.id}, filters={"type": T.type}, default=[("id", False)])

_PLACE = tuple(A[name] == sa.bindparam(f"b_{name}") for name in ("endpoint_id", "service_id", "region_id"))
ASSOCIATE, DISSOCIATE = insert(ASSOCIATIONS), Query(sa.delete(ASSOCIATIONS).where(*_PLACE))
AT_PLACE = Query(sa.select(ASSOCIATIONS).where(*_PLACE), PolicyAssociation)
OF_POLICY = Query(sa.select(ASSOCIATIONS).where(A.policy_id == sa.bindparam("policy_id")), PolicyAssociation)
FORGET = {name: delete(ASSOCIATIONS, name) for name in ("endpoint_id", "service_id", "region_id")}


async def add(tx: Tx, policy: PolicyBlob) -> None:
    """Insert."""
    await tx.do(INSERT, **values(policy))


async def save(tx: Tx, policy: PolicyBlob) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=policy.id, **values(policy))


async def find(tx: Reader, policy_id: str) -> PolicyBlob | None:
    """By id."""
    return await tx.one(GET, key=policy_id)


async def page(tx: Reader, wanted: Page) -> list[PolicyBlob]:
    """A page of documents."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, policy_id: str) -> None:
    """Delete the row."""
    await tx.do(DELETE, key=policy_id)


def _place(wanted: PolicyAssociation) -> dict[str, str]:
    return {"b_endpoint_id": wanted.endpoint_id, "b_service_id": wanted.service_id, "b_region_id": wanted.region_id}


async def associate(tx: Tx, wanted: PolicyAssociation) -> None:
    """Let a document be for a place, instead of the one that was."""
    await tx.do(DISSOCIATE, **_place(wanted))
    await tx.do(ASSOCIATE, **values(wanted))


async def dissociate(tx: Tx, wanted: PolicyAssociation) -> None:
    """No document is for a place any more."""
    await tx.do(DISSOCIATE, **_place(wanted))


async def at(tx: Reader, endpoint_id: str = "", service_id: str = "", region_id: str = "") -> str | None:
    """The id of the document for exactly this place."""
    found = await tx.one(AT_PLACE, b_endpoint_id=endpoint_id, b_service_id=service_id, b_region_id=region_id)
    return found.policy_id if found else None


async def associations_of(tx: Reader, policy_id: str) -> list[PolicyAssociation]:
    """What a document is for."""
    return await tx.all(OF_POLICY, policy_id=policy_id)


async def forget(tx: Tx, name: str, value: str) -> None:
    """An endpoint, service or region is gone: `name` is the column with its id."""
    await tx.do(FORGET[name], key=value)
