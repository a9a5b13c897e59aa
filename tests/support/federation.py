"""Identity providers as a test needs them: what an administrator registers, and keys with which to sign as one."""

from __future__ import annotations

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from .identity import V3

SECRET = "only the proxy knows this"
PROXIED = {"X-Cumulet-Proxy-Secret": SECRET}
GROUPS_BY_NAME = [
    {
        "local": [{"user": {"name": "{0}"}}, {"groups": "{1}", "domain": {"id": "default"}}],
        "remote": [{"type": "MELLON_NAME_ID"}, {"type": "MELLON_GROUPS"}],
    }
]


async def put(client: httpx.AsyncClient, path: str, **fields: Any) -> dict[str, Any]:
    """Register something of OS-FEDERATION."""
    key = path.split("/")[-2].removesuffix("s")
    answer = await client.put(f"{V3}/OS-FEDERATION/{path}", json={key: fields})
    assert answer.status_code == 201, answer.text
    return answer.json()[key]


async def register(
    admin: httpx.AsyncClient, rules: Any, idp: str = "acme", protocol: str = "saml2", **fields: Any
) -> dict[str, Any]:
    """An identity provider with one protocol, and a mapping of the same name; what `fields` says of the provider."""
    version = fields.pop("schema_version", "1.0")
    await put(admin, f"mappings/{idp}-{protocol}", rules=rules, schema_version=version)
    made = await put(admin, f"identity_providers/{idp}", enabled=True, **fields)
    await put(admin, f"identity_providers/{idp}/protocols/{protocol}", mapping_id=f"{idp}-{protocol}")
    return made


def auth_url(idp: str = "acme", protocol: str = "saml2") -> str:
    """Where one logs in by a provider."""
    return f"{V3}/OS-FEDERATION/identity_providers/{idp}/protocols/{protocol}/auth"


class Signer:
    """A web server on this machine with the keys of a provider, that signs whatever a test wants: also what no provider would.

    `answers` is what it says at a path, instead of or beside its discovery document and its keys: (status, JSON), bytes, or a
    function of the request's headers and form. `asked` counts requests by path.
    """

    def __init__(self) -> None:
        self.key = self._new_key("first")
        self.answers: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @staticmethod
    def _new_key(kid: str) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})

    def rotate(self, kid: str = "second") -> None:
        """Sign with another key from now on."""
        self.key = self._new_key(kid)

    def close(self) -> None:
        """Stop serving."""
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
        self.server.server_close()

    def documents(self) -> dict[str, Any]:
        """What any provider publishes; among the keys some that are of no use here."""
        ends = {"jwks_uri": "keys", "authorization_endpoint": "auth", "token_endpoint": "token", "userinfo_endpoint": "me"}
        ends["introspection_endpoint"] = "introspect"
        keys = [{"kty": "oct", "k": "AAAA", "kid": "shared"}, {"kty": "AKP"}, {"kty": "RSA"}, self.key.as_dict(private=False)]
        where = {name: f"{self.issuer}/{path}" for name, path in ends.items()}
        return {"/.well-known/openid-configuration": (200, {"issuer": self.issuer, **where}), "/keys": (200, {"keys": keys})}

    def token(self, now: float, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token; a claim of None is left out."""
        given = {"iss": self.issuer, "aud": "cumulet", "sub": "u-1", "iat": int(now), "exp": int(now) + 300, **claims}
        said = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt", **(header or {})}
        left = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(said, left, key or self.key, algorithms=[said["alg"]], default_type=None)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        signer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                signer.asked[self.path] += 1
                form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
                said = {**signer.documents(), **signer.answers}.get(self.path, (404, {}))
                said = said(self.headers, form) if callable(said) else said
                status, body = (200, said) if isinstance(said, bytes) else (said[0], json.dumps(said[1]).encode())
                self.send_response(status)
                self.send_header("Location", "/keys")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
