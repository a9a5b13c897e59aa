"""What the configuration says of identity providers."""

from __future__ import annotations

import ipaddress
import typing
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct, field

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures by a key that only the provider has. `none` and those by a shared secret are no choice."""


class OpenId(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider of OpenID Connect, for the protocol `protocol` of the identity provider under whose id it stands.

    `issuer` is its URL, exactly as its tokens name it. Tokens must be for one of `audiences`; the default is `client_id`, this
    cloud's own name at the provider, which with `client_secret` is also needed to log in by a browser and to introspect. With
    `introspect` the provider is asked about each token instead of checking its signature here, for tokens that only it can read;
    with `userinfo` it is asked for more about the user. `ca_file` holds certificates to trust beside the system's.
    """

    issuer: str
    client_id: str = ""
    client_secret: str = ""
    protocol: str = "openid"
    audiences: list[str] = []
    algorithms: list[Algorithm] = field(default_factory=lambda: list(typing.get_args(Algorithm)))
    scope: str = "openid email profile"
    introspect: bool = False
    userinfo: bool = False
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not is_safe(self.issuer):
            raise ValueError(f"issuer {self.issuer}: an https URL is needed; http only on this machine itself")
        if not self.accepted:
            raise ValueError(f"issuer {self.issuer}: client_id or audiences must say for whom tokens are")
        if self.introspect and not self.client_id:
            raise ValueError(f"issuer {self.issuer}: introspect needs a client_id and a client_secret")

    @property
    def accepted(self) -> list[str]:
        """For whom tokens may be."""
        return self.audiences or ([self.client_id] if self.client_id else [])


class Federation(Struct, frozen=True, forbid_unknown_fields=True):
    """Logging in by others.

    `openid` holds providers of OpenID Connect by the id of their identity provider. A token is given by a browser only to
    `trusted_dashboards`, exact URLs. A proxy in front may say who a user is: in headers whose names begin with one of
    `proxy_attributes`, with the secret `proxy_secret`, from one of the addresses or networks in `proxies` if some are named.
    """

    trusted_dashboards: list[str] = []
    proxy_secret: str = ""
    proxies: list[str] = []
    proxy_attributes: list[str] = field(default_factory=lambda: ["MELLON_", "SHIB_", "SAML_", "OIDC_", "REMOTE_USER"])
    openid: dict[str, OpenId] = {}

    def __post_init__(self) -> None:
        for network in self.proxies:
            ipaddress.ip_network(network)
        if self.proxies and not self.proxy_secret:
            raise ValueError("federation.proxies: a proxy_secret is needed too, which only the proxies know")
        if self.proxy_secret and len(self.proxy_secret) < LEAST_SECRET:
            raise ValueError(f"federation.proxy_secret: at least {LEAST_SECRET} characters are needed")


LEAST_SECRET = 16


def is_safe(url: str) -> bool:
    """Whether what is sent to a URL cannot be read on the way: https, or this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
