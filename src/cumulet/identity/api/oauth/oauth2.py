"""OAuth 2.0 client credentials. https://docs.openstack.org/api-ref/identity/v3-ext/#os-oauth2-api"""

from __future__ import annotations

from urllib.parse import parse_qs

from ....kernel.http import Request, Response, ok
from ...operations.authentication.attempt import attempted
from ...operations.oauth import client_credentials
from ...operations.tokens import Authenticated
from ..auth import asked

MOST_BYTES = 1 << 16


async def token(request: Request) -> Response:
    """A token for an application credential's id and secret, as RFC 6749 wants it."""
    form = parse_qs((await request.read(MOST_BYTES)).decode("utf-8", "replace"))

    async def work() -> Authenticated:
        return await client_credentials.grant(request.parts.tokens, request.header("Authorization"), form)

    known = await attempted(request.parts.tokens, asked.attempt(request, ("application_credential",), None), work)
    seconds = int(known.claims.expires_at - known.claims.issued_at)
    return ok(
        {"access_token": known.token, "token_type": "Bearer", "expires_in": seconds},
        {"Cache-Control": "no-store", "Pragma": "no-cache"},
    )
