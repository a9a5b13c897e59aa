"""Identity providers and their protocols."""

from __future__ import annotations

import sqlalchemy as sa

from ....kernel.db import Json, Listing, Page, Query, Reader, Tx, metadata, values
from ....kernel.db.rows import delete, get, insert, update
from ...model import IdentityProvider, Protocol

PROVIDERS = sa.Table(
    "identity_providers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("domain_id", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("remote_ids", Json, nullable=False),
    sa.Column("authorization_ttl", sa.Integer),
)
PROTOCOLS = sa.Table(
    "federation_protocols",
    metadata,
    sa.Column("idp_id", sa.Text, sa.ForeignKey("identity_providers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("mapping_id", sa.Text, nullable=False),
    sa.Column("remote_id_attribute", sa.Text),
)
P, K = PROVIDERS.c, PROTOCOLS.c

INSERT, UPDATE = insert(PROVIDERS), update(PROVIDERS)
GET, DELETE = get(PROVIDERS, IdentityProvider), delete(PROVIDERS)
LISTING = Listing(
    sa.select(PROVIDERS),
    IdentityProvider,
    key=P.id,
    sorts={"id": P.id},
    filters={"id": P.id, "enabled": P.enabled, "domain_id": P.domain_id},
    default=[("id", False)],
)
_ONE = (K.idp_id == sa.bindparam("b_idp_id"), K.id == sa.bindparam("b_id"))
ADD_PROTOCOL, GET_PROTOCOL = insert(PROTOCOLS), Query(sa.select(PROTOCOLS).where(*_ONE), Protocol)
SAVE_PROTOCOL = Query(
    sa.update(PROTOCOLS)
    .where(*_ONE)
    .values(mapping_id=sa.bindparam("mapping_id"), remote_id_attribute=sa.bindparam("remote_id_attribute", type_=sa.Text()))
)
REMOVE_PROTOCOL = Query(sa.delete(PROTOCOLS).where(*_ONE))
PROTOCOL_LISTING = Listing(
    sa.select(PROTOCOLS),
    Protocol,
    key=K.id,
    sorts={"id": K.id},
    filters={"id": K.id, "idp_id": K.idp_id, "mapping_id": K.mapping_id},
    default=[("id", False)],
)


async def add(tx: Tx, provider: IdentityProvider) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(INSERT, **values(provider))


async def save(tx: Tx, provider: IdentityProvider) -> None:
    """Write every field."""
    await tx.do(UPDATE, b_key=provider.id, **values(provider))


async def find(tx: Reader, idp_id: str) -> IdentityProvider | None:
    """By id."""
    return await tx.one(GET, key=idp_id)


async def page(tx: Reader, wanted: Page) -> list[IdentityProvider]:
    """A page of identity providers."""
    return await LISTING.page(tx, wanted)


async def remove(tx: Tx, idp_id: str) -> None:
    """Delete the row, its protocols, and which users come from it."""
    await tx.do(DELETE, key=idp_id)


async def add_protocol(tx: Tx, protocol: Protocol) -> None:
    """Insert. Raises Duplicate."""
    await tx.do(ADD_PROTOCOL, **values(protocol))


async def save_protocol(tx: Tx, protocol: Protocol) -> None:
    """Write every field."""
    changes = {"mapping_id": protocol.mapping_id, "remote_id_attribute": protocol.remote_id_attribute}
    await tx.do(SAVE_PROTOCOL, b_idp_id=protocol.idp_id, b_id=protocol.id, **changes)


async def find_protocol(tx: Reader, idp_id: str, protocol_id: str) -> Protocol | None:
    """One of an identity provider's."""
    return await tx.one(GET_PROTOCOL, b_idp_id=idp_id, b_id=protocol_id)


async def protocols(tx: Reader, wanted: Page) -> list[Protocol]:
    """A page of protocols, by any of their fields."""
    return await PROTOCOL_LISTING.page(tx, wanted)


async def remove_protocol(tx: Tx, idp_id: str, protocol_id: str) -> None:
    """Delete the row, and which users come by it."""
    await tx.do(REMOVE_PROTOCOL, b_idp_id=idp_id, b_id=protocol_id)
