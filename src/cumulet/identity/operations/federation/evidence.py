"""What is known of somebody who wants to log in by an identity provider: from a bearer token, or from a proxy that we trust."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
from collections.abc import Mapping

from msgspec import Struct

from ....kernel.clock import Clock
from ....kernel.errors import Unauthorized
from ...keys import KeyRing
from ...openid import tokens as openid
from ...openid.provider import Provider
from ...openid.settings import Federation
from ..tokens import Tokens

Assertion = dict[str, list[str]]
SECRET_HEADER = "X-CUMULET-PROXY-SECRET"


class Federated:
    """What logging in by others needs: the settings, and the providers of OpenID Connect by the id of their identity provider."""

    def __init__(self, tokens: Tokens, vault: KeyRing, settings: Federation | None = None) -> None:
        self.tokens, self.vault, self.settings = tokens, vault, settings or Federation()
        clock: Clock = tokens.db.clock
        self.providers = {idp_id: Provider(one, clock) for idp_id, one in self.settings.openid.items()}
        self._networks = [ipaddress.ip_network(network) for network in self.settings.proxies]

    def provider(self, idp_id: str, protocol_id: str) -> Provider | None:
        """The provider of OpenID Connect behind a protocol; None if it is one for which a proxy vouches."""
        found = self.providers.get(idp_id)
        return found if found is not None and found.settings.protocol == protocol_id else None

    def trusts(self, address: str) -> bool:
        """Whether a proxy may be at an address."""
        if not self._networks:
            return True
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks)

    def close(self) -> None:
        """Ask providers nothing more."""
        for provider in self.providers.values():
            provider.close()


class Shown(Struct, frozen=True):
    """What a request shows: its headers by their names in capitals, and the address that it comes from."""

    headers: Mapping[str, str]
    address: str

    @property
    def bearer(self) -> str | None:
        """The bearer token, if there is one (RFC 6750)."""
        scheme, _, token = self.headers.get("AUTHORIZATION", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def of_request(federated: Federated, idp_id: str, protocol_id: str, shown: Shown) -> Assertion:
    """What a request proves. Raises Unauthorized if that is nothing, Unavailable if the provider must be asked and is silent."""
    provider = federated.provider(idp_id, protocol_id)
    if provider is None:
        return of_proxy(federated, shown)
    if shown.bearer is None:
        raise Unauthorized("An access token of the identity provider is needed, as a bearer token.")
    return openid.attributes(await openid.check_access(provider, shown.bearer))


def of_proxy(federated: Federated, shown: Shown) -> Assertion:
    """What a proxy says of the user whom it has let through. Raises Unauthorized unless it is a proxy that we trust.

    A header is known by the names that it has behind Apache: `Mellon-Name-Id` is `MELLON_NAME_ID` and `HTTP_MELLON_NAME_ID`.
    """
    secret = federated.settings.proxy_secret
    given = shown.headers.get(SECRET_HEADER, "")
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()) or not federated.trusts(shown.address):
        raise Unauthorized(
            "The identity provider's proxy has not vouched for this request.",
            internal=f"from {shown.address}, {'with another' if given else 'without a'} secret"
            if secret
            else "no proxy_secret is configured",
        )
    named = {name.replace("-", "_"): _values(text) for name, text in shown.headers.items()}
    found = {name: values for name, values in named.items() if name.startswith(tuple(federated.settings.proxy_attributes))}
    return found | {f"HTTP_{name}": values for name, values in found.items()}


def _values(text: str) -> list[str]:
    """The values of a header, separated by semicolons. Proxies send UTF-8, which HTTP servers read as Latin-1."""
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode()
    return text.split(";")
