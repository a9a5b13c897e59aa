"""Logging in by a browser: the authorization code flow with PKCE, state and nonce.

What belongs to one attempt is sealed into a cookie: nothing is kept here, any process can finish it, and only the browser that
began it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from ...kernel import ids
from ...kernel.errors import Unauthorized
from ..keys import KeyRing
from .provider import Metadata, Provider, refuse
from .tokens import Claims, basic, check_id, with_userinfo

ATTEMPT_SECONDS = 600.0
_PURPOSE = b"websso"


class Attempt(Struct, frozen=True, array_like=True):
    """An attempt to log in. `origin` is the dashboard that gets the token, `expires_at` in seconds."""

    state: str
    nonce: str
    verifier: str
    idp_id: str
    protocol_id: str
    origin: str
    expires_at: float


def begin(idp_id: str, protocol_id: str, origin: str, now: float) -> Attempt:
    """A new attempt."""
    state, nonce, verifier = (ids.secret_text(32) for _ in range(3))
    return Attempt(state, nonce, verifier, idp_id, protocol_id, origin, now + ATTEMPT_SECONDS)


def seal(vault: KeyRing, attempt: Attempt) -> str:
    """The cookie of an attempt."""
    return base64.urlsafe_b64encode(vault.seal(msgspec.msgpack.encode(attempt), _PURPOSE)).decode()


def resume(vault: KeyRing, cookie: str | None, state: str | None, now: float) -> Attempt:
    """The attempt that this browser began, and that the provider answers. Raises Unauthorized for any other."""
    try:
        attempt = msgspec.msgpack.decode(vault.open(base64.urlsafe_b64decode(cookie or ""), _PURPOSE), type=Attempt)
    except (ValueError, msgspec.DecodeError):
        raise Unauthorized("This browser has not begun to log in here: start again at the dashboard.") from None
    if not state or not hmac.compare_digest(state.encode(), attempt.state.encode()):
        raise Unauthorized("This is the answer to another attempt to log in: start again at the dashboard.")
    if attempt.expires_at <= now:
        raise Unauthorized("Logging in took too long: start again at the dashboard.")
    return attempt


async def question(provider: Provider, attempt: Attempt, callback: str) -> str:
    """Where the browser is sent. `callback` is where the provider sends it back. Raises Unavailable."""
    metadata = await provider.metadata()
    asked = {
        "response_type": "code",
        "client_id": provider.settings.client_id,
        "redirect_uri": callback,
        "scope": provider.settings.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"


async def finish(provider: Provider, attempt: Attempt, code: str, callback: str) -> Claims:
    """The claims of who logged in, for the code that the browser brought. Raises Unauthorized, Unavailable."""
    metadata = await provider.metadata()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": attempt.verifier}
    headers = _credentials(provider, metadata, form)
    answer = await provider.fetcher.ask(metadata.token_endpoint, form, headers)
    found = answer.content if isinstance(answer.content, dict) else {}
    if answer.status != 200 or not isinstance(found.get("id_token"), str):
        raise refuse(f"no ID token for the code: {answer.status} {found.get('error')}")
    claims = await check_id(provider, found["id_token"], attempt.nonce)
    if provider.settings.userinfo and isinstance(found.get("access_token"), str):
        claims = await with_userinfo(provider, found["access_token"], claims)
    return claims


def _credentials(provider: Provider, metadata: Metadata, form: dict[str, str]) -> dict[str, str]:
    """Who we are, in a header if the provider takes it so, otherwise in the form."""
    settings = provider.settings
    if settings.client_secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
        return basic(settings.client_id, settings.client_secret)
    form["client_id"] = settings.client_id
    if settings.client_secret:
        form["client_secret"] = settings.client_secret
    return {}
