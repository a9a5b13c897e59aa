"""Tokens for requests signed with EC2 credentials (`/ec2tokens`, `/s3tokens`); only services and administrators ask for them."""

from __future__ import annotations

from collections.abc import Callable

from ....kernel.http import Request, Response
from ...operations.authentication import signed_requests
from ...operations.authentication.attempt import Attempt, attempted
from ...operations.tokens import Authenticated
from ...signatures import check_ec2, check_s3, check_time
from . import bodies, tokens


async def ec2(request: Request, body: bodies.SignedForEc2) -> Response:
    """A token for a request to EC2."""
    shown = body.shown()

    def check(secret: str) -> None:
        check_ec2(secret, shown.request(), shown.signature)
        check_time(shown.request(), request.parts.tokens.db.clock.now())

    return await tokens.issued(request, await _log_in(request, shown.access, check), 200)


async def s3(request: Request, body: bodies.SignedForS3) -> Response:
    """A token for a request to S3; the token itself is not told, as upstream has it: the caller is to know whose it is."""
    shown = body.shown()

    def check(secret: str) -> None:
        check_s3(secret, shown.token, shown.signature)

    answer = await tokens.issued(request, await _log_in(request, shown.access, check), 200)
    return Response(200, answer.view)


async def _log_in(request: Request, access: str, check: Callable[[str], None]) -> Authenticated:
    """The address is that of the service which asks: it is not counted."""

    async def work() -> Authenticated:
        return await signed_requests.log_in(request.parts.tokens, request.parts.vault, access, check)

    return await attempted(request.parts.tokens, Attempt((signed_requests.METHOD,)), work)
