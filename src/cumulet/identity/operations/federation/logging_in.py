"""From what an identity provider says of somebody to a token."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Page, Reader
from ....kernel.errors import Forbidden, Unauthorized
from ... import mapping as language
from ...mapping import Mapped
from ...model import IdentityProvider, Mapping, Protocol, Scope, User
from ...store import users
from ..authentication.attempt import Attempt, attempted
from ..authentication.named import REFUSAL, find_user
from ..authentication.named import Named as UserName
from ..bootstrap import HOLD
from ..tokens import Authenticated, Grounds, Tokens
from . import mappings, protocols, providers, shadows
from .evidence import Assertion, Federated, Shown, of_proxy, of_request

ISSUER_ATTRIBUTES = ("HTTP_OIDC_ISS", "MELLON_IDP", "SHIB_IDENTITY_PROVIDER")
"""Where providers' names for themselves are found, if the protocol does not say."""


class Door(Struct, frozen=True):
    """By what somebody comes in."""

    provider: IdentityProvider
    protocol: Protocol
    mapping: Mapping


async def door(tx: Reader, idp_id: str, protocol_id: str) -> Door:
    """An identity provider, its protocol and mapping. Raises NotFound, and Forbidden if the provider is disabled."""
    provider = await providers.get(tx, idp_id)
    if not provider.enabled:
        raise Forbidden(f"Identity Provider {idp_id} is disabled")
    protocol = await protocols.get(tx, idp_id, protocol_id)
    return Door(provider, protocol, await mappings.get(tx, protocol.mapping_id))


async def by_request(federated: Federated, idp_id: str, protocol_id: str, shown: Shown) -> Authenticated:
    """An unscoped token for who a bearer token, or a proxy's headers, say it is.

    Raises NotFound, Forbidden, Unauthorized, and Unavailable if the provider must be asked and is silent.
    """
    async with federated.tokens.db.read() as tx:
        found = await door(tx, idp_id, protocol_id)

    async def work() -> Authenticated:
        return await _admitted(federated.tokens, found, await of_request(federated, idp_id, protocol_id, shown))

    return await attempted(federated.tokens, Attempt((protocol_id,)), work)


async def admit(tokens: Tokens, by: Door, assertion: Assertion) -> Authenticated:
    """An unscoped token for who the mapping makes of `assertion`. Raises Unauthorized, Forbidden."""

    async def work() -> Authenticated:
        return await _admitted(tokens, by, assertion)

    return await attempted(tokens, Attempt((by.protocol.id,)), work)


async def _admitted(tokens: Tokens, by: Door, assertion: Assertion) -> Authenticated:
    _check_issuer(by, assertion)
    version = by.mapping.schema_version
    mapped = language.evaluate(language.read(by.mapping.rules, version), assertion, version)
    if mapped.user.is_local:
        async with tokens.db.read() as tx:
            user = await _local(tx, mapped)
            return await tokens.issue(tx, user, (by.protocol.id,), Scope())
    mapped = shadows.named(mapped, assertion)
    async with tokens.db.tx() as tx:
        await tx.hold(HOLD)
        user = await shadows.keep(tx, by.provider, by.protocol, mapped, synchronised=version == "3.0")
    async with tokens.db.read() as tx:
        grounds = Grounds(idp_id=by.provider.id, protocol_id=by.protocol.id)
        return await tokens.issue(tx, user, (by.protocol.id,), Scope(), grounds)


def _check_issuer(by: Door, assertion: Assertion) -> None:
    """Raise Forbidden if it is another provider that vouches, Unauthorized if nobody says who it is."""
    if not by.provider.remote_ids:
        return
    said = issuers(by.protocol, assertion)
    if not said:
        raise Unauthorized("Could not find Identity Provider identifier in environment")
    if not said <= set(by.provider.remote_ids):
        raise Forbidden("Incoming identity provider identifier not included among the accepted identifiers.")


def issuers(protocol: Protocol, assertion: Assertion) -> set[str]:
    """What whoever vouches calls itself."""
    own = protocol.remote_id_attribute
    return {value for name in ([own] if own else ISSUER_ATTRIBUTES) for value in assertion.get(name, ())}


async def _local(tx: Reader, mapped: Mapped) -> User:
    """The user that is here already. Raises Unauthorized."""
    wanted = mapped.user
    found: User | None = None
    if wanted.id is not None:
        found = await users.find(tx, wanted.id)
    elif wanted.name is not None and wanted.domain is not None:
        found = await find_user(tx, UserName(None, wanted.name, wanted.domain.id, wanted.domain.name))
    if found is None:
        raise Unauthorized(REFUSAL, internal=f"the mapping names a local user that is not there: {wanted}")
    return found


async def provider_of(federated: Federated, protocol_id: str, shown: Shown) -> str:
    """Which identity provider a browser means that names only a protocol. Raises Unauthorized unless it is exactly one."""
    async with federated.tokens.db.read() as tx:
        doors = await protocols.page_of_all(tx, protocol_id)
        enabled = {provider.id: provider for provider in await providers.page(tx, Page().where("enabled", True))}
    doors = [protocol for protocol in doors if protocol.idp_id in enabled]
    found = [protocol.idp_id for protocol in doors if federated.provider(protocol.idp_id, protocol_id)]
    if len(found) > 1:
        raise Unauthorized(f"Several identity providers have the protocol {protocol_id}: name one of them in the path.")
    if not found:
        said = of_proxy(federated, shown)
        found = [p.idp_id for p in doors if issuers(p, said) & set(enabled[p.idp_id].remote_ids)]
    if not found:
        raise Unauthorized("Missing entity ID from environment")
    return found[0]
