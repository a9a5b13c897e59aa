"""Logging in by a browser, for a dashboard."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.errors import Invalid, Unauthorized
from ...openid import browser
from ...openid import tokens as openid
from ..tokens import Authenticated
from .evidence import Federated
from .logging_in import admit, door


class Sent(Struct, frozen=True):
    """Where a browser is sent, and what it keeps until it comes back."""

    url: str
    cookie: str


class Returned(Struct, frozen=True):
    """What a browser brings from the provider."""

    cookie: str | None
    state: str | None
    code: str | None
    error: str | None


def check_origin(federated: Federated, origin: str | None) -> str:
    """The dashboard's URL. Raises Invalid without one, Unauthorized for one that is not trusted."""
    if not origin:
        raise Invalid("Request must have an origin query parameter")
    if origin not in federated.settings.trusted_dashboards:
        raise Unauthorized(f"{origin} is not a trusted dashboard host")
    return origin


async def begin(federated: Federated, by: tuple[str, str], origin: str, callback: str) -> Sent:
    """Begin to log in `by` an identity provider and its protocol. Raises NotFound, Forbidden, Unauthorized, Unavailable."""
    idp_id, protocol_id = by
    provider = federated.provider(idp_id, protocol_id)
    if provider is None or not provider.settings.client_id:
        raise Unauthorized(f"No browser can log in by {protocol_id} of {idp_id}: no client_id is configured for it.")
    async with federated.tokens.db.read() as tx:
        await door(tx, idp_id, protocol_id)
        attempt = browser.begin(idp_id, protocol_id, origin, tx.now)
    return Sent(await browser.question(provider, attempt, callback), browser.seal(federated.vault, attempt))


async def finish(federated: Federated, returned: Returned, callback: str) -> tuple[str, Authenticated]:
    """The dashboard and the token for it. Raises Unauthorized, Forbidden, NotFound, Unavailable."""
    attempt = browser.resume(federated.vault, returned.cookie, returned.state, federated.tokens.db.clock.now())
    provider = federated.provider(attempt.idp_id, attempt.protocol_id)
    if returned.error or not returned.code or provider is None:
        raise Unauthorized("The identity provider has not let this user in.", internal=str(returned.error))
    async with federated.tokens.db.read() as tx:
        found = await door(tx, attempt.idp_id, attempt.protocol_id)
    claims = await browser.finish(provider, attempt, returned.code, callback)
    origin = check_origin(federated, attempt.origin)
    return origin, await admit(federated.tokens, found, openid.attributes(claims))
