"""Who a user is elsewhere, as an administrator says it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, Invalid
from ...model import FederatedUser
from ...store.federation import providers
from ...store.federation import users as federated


class Link(Struct, frozen=True):
    """A user's id at an identity provider, by one of its protocols."""

    idp_id: str
    protocol_id: str
    unique_id: str


async def of_user(tx: Reader, user_id: str) -> list[FederatedUser]:
    """Who a user is elsewhere."""
    return await federated.of_user(tx, user_id)


async def replace(tx: Tx, user_id: str, links: Sequence[Link]) -> None:
    """A user is these elsewhere, and nobody else. Raises Invalid for what is unknown, Conflict for who is another user already."""
    before = await federated.of_user(tx, user_id)
    for link in links:
        if await providers.find(tx, link.idp_id) is None:
            raise Invalid(f"Invalid input for field/attribute federated. Could not find Identity Provider: {link.idp_id}.")
        if await providers.find_protocol(tx, link.idp_id, link.protocol_id) is None:
            raise Invalid(
                f"Invalid input for field/attribute federated. Could not find federated protocol {link.protocol_id} for Identity "
                f"Provider: {link.idp_id}."
            )
        other = await federated.find(tx, link.idp_id, link.protocol_id, link.unique_id)
        if other is not None and other.user_id != user_id:
            raise Conflict(f"Conflict occurred attempting to store federated_user - {link.unique_id} is another user already.")
    await federated.forget_user(tx, user_id)
    made_by_login = any(link.is_shadow for link in before)
    for link in dict.fromkeys(links):
        await federated.add(tx, FederatedUser(link.idp_id, link.protocol_id, link.unique_id, user_id, made_by_login))
