"""What browsers are given: the way to a provider, and the page that hands a token to a dashboard."""

from __future__ import annotations

import html
from urllib.parse import urlsplit

from ....kernel import ids
from ....kernel.http import Request, Response
from ...openid.browser import ATTEMPT_SECONDS
from ...operations.federation.websso import Sent
from ...operations.tokens import Authenticated

COOKIE = "cumulet_websso"
PATH = "/v3/auth/OS-FEDERATION"
_KEEP_NOTHING = {"Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Logging in</title></head>
<body>
<form id="sso" action="{origin}" method="post">
<input type="hidden" name="token" value="{token}">
<noscript><button>Continue</button></noscript>
</form>
<script nonce="{nonce}">document.getElementById("sso").submit();</script>
</body>
</html>
"""


def cookie_of(request: Request) -> str | None:
    """The cookie of the attempt to log in that this browser has begun."""
    for part in (request.header("Cookie") or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def sent_away(request: Request, sent: Sent) -> Response:
    """302 to the provider, with the attempt in a cookie."""
    return Response(
        302, None, {**_KEEP_NOTHING, "Location": sent.url, "Set-Cookie": _cookie(request, sent.cookie, ATTEMPT_SECONDS)}
    )


def _cookie(request: Request, value: str, seconds: float) -> str:
    """`Lax`, for the provider's redirect must bring it back; only for this part of the API."""
    secure = "; Secure" if request.root().startswith("https:") else ""
    return f"{COOKIE}={value}; Max-Age={seconds:.0f}; Path={request.mount}{PATH}; HttpOnly; SameSite=Lax{secure}"


def handed_over(request: Request, origin: str, known: Authenticated) -> Response:
    """A page that posts the token to the dashboard. Nothing else can run in it, and it posts nowhere else."""
    parts, nonce = urlsplit(origin), ids.secret_text(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; form-action {parts.scheme}://{parts.netloc}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    page = _PAGE.format(origin=html.escape(origin), token=html.escape(known.token), nonce=nonce)
    headers = {**_KEEP_NOTHING, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    return Response(200, page.encode(), {**headers, "Set-Cookie": _cookie(request, "", 0)})
