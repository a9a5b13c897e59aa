"""Identity providers as a test needs them: what an administrator registers, and keys with which to sign as one."""

from __future__ import annotations

from typing import Any

import httpx

from cumulet.identity.openid.fetching import Answer

from .identity import V3

SECRET = "only the proxy knows this"
PROXIED = {"X-Cumulet-Proxy-Secret": SECRET}
ISSUER = "https://idp.test"
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
    """What a provider of OpenID Connect answers, and tokens as it signs them: the network's side of a test without a network."""

    def __init__(self, issuer: str = ISSUER, **options: Any) -> None:
        from joserfc.jwk import ECKey

        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
        self.asked: list[str] = []
        self.silent = False
        self.options = options

    def rotate(self, kid: str = "second") -> None:
        """Sign with another key from now on."""
        from joserfc.jwk import ECKey

        self.key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})

    async def ask(self, url: str, form: Any = None, headers: Any = None) -> Answer:
        """Stands for `Fetcher.ask`."""
        from cumulet.kernel.errors import Unavailable

        self.asked.append(url)
        if self.silent:
            raise Unavailable("The identity provider does not answer.")
        if url.endswith("openid-configuration"):
            paths = {"jwks_uri": "keys", "authorization_endpoint": "auth", "token_endpoint": "token"}
            more = {"userinfo_endpoint": "me", "introspection_endpoint": "introspect"}
            return Answer(200, {"issuer": self.issuer, **{k: f"{self.issuer}/{v}" for k, v in {**paths, **more}.items()}})
        if url.endswith("/keys"):
            return Answer(200, {"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "AKP"}, self.key.as_dict(private=False)]})
        answer = self.options[url.rsplit("/", 1)[1]]
        return answer(form, headers) if callable(answer) else answer

    def close(self) -> None:
        """Nothing is open."""

    def token(self, now: float, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token; a claim of None is left out."""
        from joserfc import jwt

        given = {"iss": self.issuer, "aud": "cumulet", "sub": "u-1", "iat": int(now), "exp": int(now) + 300, **claims}
        said = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt", **(header or {})}
        left = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(said, left, key or self.key, algorithms=[said["alg"]], default_type=None)
