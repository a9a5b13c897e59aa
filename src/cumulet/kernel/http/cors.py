"""Cross-origin requests: which web pages may call the API from a browser, an upload straight from Horizon above all.

https://fetch.spec.whatwg.org/#http-cors-protocol, with the headers that upstream's services allow and expose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
SIMPLE = ("accept", "accept-language", "cache-control", "content-language", "content-type", "expires", "last-modified", "pragma")
ALLOWED = frozenset(
    (
        *SIMPLE,
        *("accept-encoding", "content-md5", "openstack-api-version", "range", "x-auth-token", "x-domain-id", "x-domain-name"),
        *("x-identity-status", "x-image-meta-checksum", "x-image-meta-store", "x-openstack-append", "x-openstack-image-size"),
        *("x-openstack-nova-api-version", "x-openstack-request-id", "x-project-domain-id", "x-project-domain-name"),
        *("x-project-id", "x-project-name", "x-roles", "x-service-catalog", "x-storage-token", "x-subject-token", "x-tenant-id"),
        *("x-user-domain-id", "x-user-domain-name", "x-user-id", "x-user-name"),
    )
)
EXPOSED = (
    *("Content-Length", "Content-MD5", "Location", "OpenStack-API-Version", "X-Auth-Token", "X-Image-Meta-Checksum"),
    *("X-OpenStack-Request-ID", "X-Subject-Token", "X-Service-Token", "OpenStack-image-store-ids"),
)
MAX_AGE = 3600
"""Seconds for which a browser may remember the answer."""

Headers = list[tuple[bytes, bytes]]


class Cors:
    """What pages of these origins may do; `*` among them is every origin. Nothing changes for requests of nobody's page."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def origin(self, scope: dict[str, Any]) -> str | None:
        """The origin of the page that sent a request, if it is one that may."""
        if scope["type"] != "http" or not self._origins:
            return None
        found = _header(scope, b"origin")
        return found if found in self._origins or (found and "*" in self._origins) else None

    def is_preflight(self, scope: dict[str, Any]) -> bool:
        """Whether a browser only asks what it may send, and some pages may send something."""
        asks = scope["type"] == "http" and scope["method"] == "OPTIONS" and bool(self._origins)
        return asks and "" not in (_header(scope, b"origin"), _header(scope, b"access-control-request-method"))

    async def answer(self, scope: dict[str, Any], origin: str | None, send: Any) -> None:
        """Say what the page may send: 200, without permission if it may not, or asks for too much."""
        method = _header(scope, b"access-control-request-method")
        asked = [name.strip() for name in _header(scope, b"access-control-request-headers").split(",") if name.strip()]
        headers: Headers = [(b"content-length", b"0"), (b"vary", b"Origin")]
        if origin is not None and method in METHODS and all(name.lower() in ALLOWED for name in asked):
            headers += [*_permission(origin), (b"access-control-max-age", str(MAX_AGE).encode())]
            headers.append((b"access-control-allow-methods", method.encode()))
            if asked:
                headers.append((b"access-control-allow-headers", ", ".join(asked).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def permitting(self, origin: str, send: Any) -> Any:
        """`send`, with the permission to read the answer among its headers."""

        async def sending(event: dict[str, Any]) -> None:
            if event["type"] == "http.response.start":
                exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
                event = {**event, "headers": [*event.get("headers", []), *_permission(origin), exposed, (b"vary", b"Origin")]}
            await send(event)

        return sending


def _permission(origin: str) -> Headers:
    return [(b"access-control-allow-origin", origin.encode()), (b"access-control-allow-credentials", b"true")]


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
