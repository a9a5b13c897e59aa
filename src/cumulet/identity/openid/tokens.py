"""Checking what a provider's token says, and from its claims to the attributes that mappings know."""

from __future__ import annotations

import base64
import hmac
from typing import Any
from urllib.parse import quote

import msgspec

from .provider import Provider, refuse

LEEWAY_SECONDS = 60.0
"""How far the provider's clock may be from ours."""

LONGEST_TOKEN = 64 * 1024
MOST_HEADER_BYTES = 4096
Claims = dict[str, Any]


async def check_access(provider: Provider, token: str) -> Claims:
    """The claims of an access token that is good here: by its signature, or by asking. Raises Unauthorized, Unavailable."""
    if provider.settings.introspect:
        claims = await _introspected(provider, token)
    else:
        claims = await _signed(provider, token)
        if {"nonce", "at_hash", "c_hash"} & set(claims) or claims.get("typ") in ("ID", "Refresh", "Logout"):
            raise refuse("an ID token, or another one that is not for using an API")
        _check_times(provider, claims)
    _check_audience(provider, claims, provider.settings.accepted)
    return await with_userinfo(provider, token, claims) if provider.settings.userinfo else claims


async def check_id(provider: Provider, token: str, nonce: str) -> Claims:
    """The claims of an ID token that answers our own question. Raises Unauthorized, Unavailable."""
    claims = await _signed(provider, token)
    _check_times(provider, claims)
    _check_audience(provider, claims, [provider.settings.client_id])
    if claims.get("azp", provider.settings.client_id) != provider.settings.client_id:
        raise refuse(f"an ID token for {claims['azp']!r}")
    if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise refuse("an ID token with another nonce")
    return claims


async def _signed(provider: Provider, token: str) -> Claims:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    if len(token) > LONGEST_TOKEN:
        raise refuse(f"{len(token)} bytes")
    key_id = _key_id(token)
    keys = await provider.keys(key_id)
    algorithms = list(provider.settings.algorithms)
    registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = MOST_HEADER_BYTES
    try:
        claims = jwt.decode(token, keys, algorithms=algorithms, registry=registry).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as problem:
        raise refuse(f"{type(problem).__name__}: {problem}") from None
    if claims.get("iss") != provider.settings.issuer:
        raise refuse(f"issued by {claims.get('iss')!r}")
    return claims


def _key_id(token: str) -> str | None:
    """The id of the key that a token says it was signed with; nothing in it is believed yet."""
    try:
        first = token.encode("ascii").partition(b".")[0]
        header = msgspec.json.decode(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise refuse("not a JSON web token") from None
    key_id = header.get("kid") if isinstance(header, dict) else None
    return key_id if isinstance(key_id, str) else None


def _check_times(provider: Provider, claims: Claims) -> None:
    now, until, since = provider.clock.now(), _number(claims.get("exp")), _number(claims.get("nbf", 0))
    if until is None or since is None:
        raise refuse("no time until which it is good, or one that is no number")
    if now >= until + LEEWAY_SECONDS:
        raise refuse("it has expired")
    if now < since - LEEWAY_SECONDS:
        raise refuse("it is not good yet")


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _check_audience(provider: Provider, claims: Claims, accepted: list[str]) -> None:
    shown = claims.get("aud", [])
    audiences = [shown] if isinstance(shown, str) else shown if isinstance(shown, list) else []
    if not any(audience in accepted for audience in audiences):
        raise refuse(f"it is for {audiences}, not for {accepted}")


async def _introspected(provider: Provider, token: str) -> Claims:
    """What the provider says of a token (RFC 7662). If it does not say for whom it is, it is for the client that got it."""
    settings, metadata = provider.settings, await provider.metadata()
    form = {"token": token, "token_type_hint": "access_token"}
    headers = basic(settings.client_id, settings.client_secret)
    answer = await provider.fetcher.ask(metadata.introspection_endpoint, form, headers)
    claims = answer.content
    if answer.status != 200 or not isinstance(claims, dict) or claims.get("active") is not True:
        raise refuse(f"the provider says no ({answer.status})")
    if claims.get("iss", settings.issuer) != settings.issuer:
        raise refuse(f"issued by {claims['iss']!r}")
    _check_times(provider, {"exp": provider.clock.now() + LEEWAY_SECONDS, **claims})
    return {"iss": settings.issuer, **claims, "aud": claims.get("aud", claims.get("client_id", []))}


async def with_userinfo(provider: Provider, token: str, claims: Claims) -> Claims:
    """The claims, and what the provider tells of the user beside them. Raises Unauthorized if that is another user."""
    metadata = await provider.metadata()
    answer = await provider.fetcher.ask(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {token}"})
    if answer.status != 200 or not isinstance(answer.content, dict) or answer.content.get("sub") != claims.get("sub"):
        raise refuse(f"the provider does not tell about this user ({answer.status})")
    return {**answer.content, **claims}


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """The header with which a client says who it is (RFC 6749, section 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def attributes(claims: Claims) -> dict[str, list[str]]:
    """Claims as attributes for mappings: `email` as `OIDC-email` and, as behind Apache, `HTTP_OIDC_EMAIL`.

    A list has several values; an object is JSON text; true and false are 1 and 0.
    """
    found = {}
    for name, value in claims.items():
        values = [_text(entry) for entry in (value if isinstance(value, list) else [value]) if entry is not None]
        found[f"OIDC-{name}"] = values
        found.setdefault("HTTP_OIDC_" + name.upper().replace("-", "_"), values)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
