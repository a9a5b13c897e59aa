"""Requests signed as RFC 5849 (OAuth 1.0) says, by HMAC-SHA1."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from msgspec import Struct

from ....kernel.errors import Invalid, Unauthorized

METHOD = "HMAC-SHA1"
TIME_SECONDS = 300.0
"""How far a signed request's time may be from ours; a nonce is remembered for as long."""

_PARAMETER = re.compile(r'\s*([^=\s]+)="([^"]*)"\s*')
_PORTS = {"http": 80, "https": 443}


class Request(Struct, frozen=True):
    """What is signed: the URL as the client wrote it, with its query, and the header that says so."""

    method: str
    url: str
    authorization: str
    project_id: str = ""


class Signed(Struct, frozen=True):
    """A request with the parameters of its header."""

    request: Request
    parameters: dict[str, str]

    def require(self, name: str) -> str:
        """One of the header's parameters. Raises Invalid, naming it."""
        found = self.parameters.get(name)
        if not found:
            raise Invalid(f"Expecting to find {name} in request. The server could not comply with the request.")
        return found


def read(request: Request) -> Signed:
    """A request that says that it is signed. Raises Invalid for a header that cannot be read, or another method."""
    scheme, _, rest = request.authorization.strip().partition(" ")
    if scheme.lower() != "oauth":
        raise Invalid("An Authorization header with OAuth parameters is needed.")
    found: dict[str, str] = {}
    for part in rest.split(","):
        matched = _PARAMETER.fullmatch(part)
        if matched is None or unquote(matched[1]) in found:
            raise Invalid("The Authorization header has OAuth parameters that cannot be read, or one of them twice.")
        found[unquote(matched[1])] = unquote(matched[2])
    if found.get("oauth_signature_method") != METHOD or found.get("oauth_version", "1.0") != "1.0":
        raise Invalid(f"Requests are signed by {METHOD}, OAuth version 1.0.")
    return Signed(request, found)


def check(signed: Signed, consumer_secret: str, token_secret: str = "") -> None:
    """Raise Unauthorized unless the request is signed with both secrets."""
    base = base_string(signed)
    digest = hmac.digest(f"{_escaped(consumer_secret)}&{_escaped(token_secret)}".encode(), base.encode(), "sha1")
    if not hmac.compare_digest(base64.b64encode(digest), signed.parameters.get("oauth_signature", "").encode()):
        raise Unauthorized("Invalid signature", internal=base)


def check_time(signed: Signed, now: float) -> None:
    """Raise Unauthorized for a request of another time, Invalid for one without."""
    text = signed.require("oauth_timestamp")
    if not text.isascii() or not text.isdigit() or abs(int(text) - now) > TIME_SECONDS:
        raise Unauthorized(f"The time of the request is more than {TIME_SECONDS:.0f} seconds from ours.", internal=text)


def base_string(signed: Signed) -> str:
    """What the signature is of (section 3.4.1)."""
    parts = urlsplit(signed.request.url)
    given = [*parse_qsl(parts.query, keep_blank_values=True), *signed.parameters.items()]
    signed_ones = [(name, value) for name, value in given if name not in ("realm", "oauth_signature")]
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    url = f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}{parts.path or '/'}"
    return "&".join(_escaped(text) for text in (signed.request.method.upper(), url, _normal(signed_ones)))


def _normal(parameters: Sequence[tuple[str, str]]) -> str:
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _escaped(text: str) -> str:
    return quote(text, safe="~")
