"""Logging in by an identity provider. https://docs.openstack.org/api-ref/identity/v3-ext/#request-an-unscoped-os-federation-token"""

from __future__ import annotations

from ....kernel.http import Request, Response
from ...operations.federation import logging_in, websso
from ...operations.federation.evidence import Shown
from ..auth import tokens
from . import pages

CALLBACK = "/v3/auth/OS-FEDERATION/openid/callback"
"""Where providers of OpenID Connect send browsers back to; they have to know it."""


def shown(request: Request) -> Shown:
    """What a request brings to log in."""
    return Shown(request.headers, request.remote)


async def log_in(request: Request, idp_id: str, protocol_id: str) -> Response:
    """An unscoped token for a provider's access token, or for what a proxy says."""
    known = await logging_in.by_request(request.parts.federated, idp_id, protocol_id, shown(request))
    return await tokens.issued(request, known, 201)


async def websso_by_protocol(request: Request, protocol_id: str) -> Response:
    """Log in by a browser; which identity provider is meant is found out."""
    websso.check_origin(request.parts.federated, request.asked("origin"))
    idp_id = await logging_in.provider_of(request.parts.federated, protocol_id, shown(request))
    return await websso_by_provider(request, idp_id, protocol_id)


async def websso_by_provider(request: Request, idp_id: str, protocol_id: str) -> Response:
    """Log in by a browser: it is sent to the provider, or back to the dashboard if a proxy has done so already."""
    federated, origin = request.parts.federated, websso.check_origin(request.parts.federated, request.asked("origin"))
    if federated.provider(idp_id, protocol_id) is None:
        return pages.handed_over(request, origin, await logging_in.by_request(federated, idp_id, protocol_id, shown(request)))
    sent = await websso.begin(federated, (idp_id, protocol_id), origin, request.url(CALLBACK))
    return pages.sent_away(request, sent)


async def websso_callback(request: Request) -> Response:
    """The provider sent the browser back: a token for the dashboard."""
    answer = websso.Returned(pages.cookie_of(request), request.asked("state"), request.asked("code"), request.asked("error"))
    origin, known = await websso.finish(request.parts.federated, answer, request.url(CALLBACK))
    return pages.handed_over(request, origin, known)
