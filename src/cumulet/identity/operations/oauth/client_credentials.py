"""OAuth 2.0 for programs: an application credential's id and secret for a token. https://datatracker.ietf.org/doc/html/rfc6749#section-4.4"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from msgspec import Struct

from ....kernel.errors import Invalid, Unauthorized
from ..authentication.logging_in import Wanted, grant_token
from ..authentication.methods import NamedCredential, by_application_credential
from ..tokens import Authenticated, Tokens

UNSUPPORTED = "unsupported_grant_type"
FAILED = "Client authentication failed."


class Client(Struct, frozen=True):
    """A client's id and secret."""

    id: str
    secret: str


async def grant(tokens: Tokens, authorization: str | None, form: Mapping[str, Sequence[str]]) -> Authenticated:
    """A token for a client that says who it is in the Authorization header or in the form.

    Raises Invalid, with code `unsupported_grant_type` for another kind of grant, and Unauthorized.
    """
    for name, values in form.items():
        if len(values) > 1:
            raise Invalid(f"The parameter {name} is given more than once.")
    kind = form.get("grant_type", [""])[0]
    if not kind:
        raise Invalid("The parameter grant_type is required.")
    if kind != "client_credentials":
        raise Invalid(f"The parameter grant_type {kind} is not supported.", code=UNSUPPORTED)
    client = _client(authorization, form)
    return await grant_token(tokens, await by_application_credential(tokens, NamedCredential(client.id), client.secret), Wanted())


def _client(authorization: str | None, form: Mapping[str, Sequence[str]]) -> Client:
    client = _basic(authorization) or Client(form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
    if not client.id or not client.secret:
        raise Unauthorized(FAILED, internal="no client_id or no client_secret")
    return client


def _basic(authorization: str | None) -> Client | None:
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        raise Unauthorized(FAILED, internal="the Authorization header cannot be read") from None
    return Client(unquote(client_id), unquote(secret))
