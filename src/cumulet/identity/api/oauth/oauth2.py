"""OAuth 2.0 client credentials. https://docs.openstack.org/api-ref/identity/v3-ext/#os-oauth2-api"""

from __future__ import annotations

from urllib.parse import parse_qs

from ....kernel.http import Request, Response, ok
from ...operations.oauth import client_credentials

MOST_BYTES = 1 << 16


async def token(request: Request) -> Response:
    """A token for an application credential's id and secret, as RFC 6749 wants it."""
    form = parse_qs((await request.read(MOST_BYTES)).decode("utf-8", "replace"))
    known = await client_credentials.grant(request.parts.tokens, request.header("Authorization"), form)
    seconds = int(known.claims.expires_at - known.claims.issued_at)
    return ok(
        {"access_token": known.token, "token_type": "Bearer", "expires_in": seconds},
        {"Cache-Control": "no-store", "Pragma": "no-cache"},
    )
