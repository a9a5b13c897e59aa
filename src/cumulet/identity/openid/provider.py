"""One provider: where it is asked what, and its keys, both remembered for an hour."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from ...kernel.clock import Clock
from ...kernel.errors import Unauthorized, Unavailable
from .fetching import Fetcher
from .settings import OpenId

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

REMEMBERED_SECONDS = 3600.0
LEAST_SECONDS_BETWEEN = 30.0
"""A token with a key that is not known makes us ask for keys again, but not more often than this: anybody can make up a token."""

_ASYMMETRIC = ("RSA", "EC", "OKP")


class Metadata(Struct, frozen=True):
    """Where a provider is asked what (its discovery document)."""

    issuer: str
    jwks_uri: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    introspection_endpoint: str = ""
    token_endpoint_auth_methods_supported: list[str] = field(default_factory=lambda: ["client_secret_basic"])


class Provider:
    """A provider, by its settings. Raises ValueError if the library for its tokens is not installed."""

    def __init__(self, settings: OpenId, clock: Clock) -> None:
        try:
            import joserfc  # noqa: F401
        except ImportError:
            raise ValueError("OpenID Connect needs the extra 'federation': pip install 'cumulet[federation]'") from None
        self.settings = settings
        self.clock = clock
        self.fetcher = Fetcher(settings.ca_file)
        self._turn = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None

    async def metadata(self) -> Metadata:
        """Its discovery document. Raises Unavailable if it cannot be had, or is somebody else's."""
        async with self._turn:
            return await self._current_metadata()

    async def _current_metadata(self) -> Metadata:
        if self._metadata is not None and self.clock.now() < self._metadata_at + REMEMBERED_SECONDS:
            return self._metadata
        where = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = await self.fetcher.ask(where)
        try:
            found = msgspec.convert(answer.content, Metadata)
        except msgspec.ValidationError as problem:
            raise Unavailable("The identity provider does not say where it is asked.", internal=f"{where}: {problem}") from None
        if found.issuer != self.settings.issuer:
            raise Unavailable("The identity provider says that it is another one.", internal=f"{where} is of {found.issuer}")
        self._metadata, self._metadata_at = found, self.clock.now()
        return found

    async def keys(self, key_id: str | None) -> KeySet:
        """Its public keys; asked for anew if `key_id` is not among those that are remembered. Raises Unavailable."""
        async with self._turn:
            now, keys = self.clock.now(), self._keys
            fresh = keys is not None and now < self._keys_at + REMEMBERED_SECONDS
            known = keys is not None and (key_id is None or any(key.kid == key_id for key in keys))
            if keys is None or not fresh or (not known and now >= self._keys_at + LEAST_SECONDS_BETWEEN):
                metadata = await self._current_metadata()
                keys = self._keys = _read_keys((await self.fetcher.ask(metadata.jwks_uri)).content, metadata.jwks_uri)
                self._keys_at = now
            return keys

    def close(self) -> None:
        """Ask nothing more."""
        self.fetcher.close()


def _read_keys(content: Any, where: str) -> KeySet:
    """The keys for signatures that are understood; others may stand beside them (RFC 7517, section 5)."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    keys = []
    for entry in content.get("keys", []) if isinstance(content, dict) else []:
        if isinstance(entry, dict) and entry.get("kty") in _ASYMMETRIC and entry.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(entry))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    if not keys:
        raise Unavailable("The identity provider has no keys that are understood here.", internal=where)
    return KeySet(keys)


def refuse(reason: str) -> Unauthorized:
    """A refusal of what somebody showed. Why is in the log: it would help those who guess."""
    return Unauthorized("The identity provider's token is not accepted.", internal=reason)
