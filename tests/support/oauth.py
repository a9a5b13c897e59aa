"""A consumer of OAuth 1.0, as oauthlib's client signs its requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import httpx
from oauthlib import oauth1

from .cloud import TestCloud
from .identity import V3

BASE = "http://cloud.test"


class Consumer:
    """A program with a consumer's key and secret. The time of its requests is the cloud's."""

    def __init__(self, cloud: TestCloud, made: dict[str, Any]) -> None:
        self.cloud, self.id, self.secret = cloud, made["id"], made["secret"]

    def signed(self, path: str, method: str = "POST", **tokens: str) -> dict[str, str]:
        """The headers of a signed request to `path`; `tokens` are oauthlib's words for what is shown."""
        keys = {"client_secret": self.secret, "timestamp": str(int(self.cloud.db.clock.now())), **tokens}
        _, headers, _ = oauth1.Client(self.id, **keys).sign(f"{BASE}{path}", method)
        return dict(headers)

    async def ask(self, project_id: str, **tokens: str) -> httpx.Response:
        """Ask to act in a project."""
        path = f"{V3}/OS-OAUTH1/request_token"
        headers = self.signed(path, **{"callback_uri": "oob", **tokens})
        return await self.cloud.anonymous().post(path, headers={**headers, "Requested-Project-Id": project_id})

    async def exchange(self, request: dict[str, str], verifier: str) -> httpx.Response:
        """An access token for a request token that a user has agreed to."""
        path = f"{V3}/OS-OAUTH1/access_token"
        headers = self.signed(path, verifier=verifier, **keys(request))
        return await self.cloud.anonymous().post(path, headers=headers)

    async def log_in(self, access: dict[str, str], **more: Any) -> httpx.Response:
        """A token of Keystone's for an access token."""
        path = f"{V3}/auth/tokens"
        body = {"auth": {"identity": {"methods": ["oauth1"], "oauth1": {}}, **more}}
        return await self.cloud.anonymous().post(path, headers=self.signed(path, **keys(access)), json=body)


def keys(token: dict[str, str]) -> dict[str, str]:
    """A token as oauthlib's client takes it."""
    return {"resource_owner_key": token["oauth_token"], "resource_owner_secret": token["oauth_token_secret"]}


def form(answer: httpx.Response) -> dict[str, str]:
    """What a form says."""
    assert answer.status_code == 201, answer.text
    return dict(parse_qsl(answer.text))


async def consumer(cloud: TestCloud, **fields: Any) -> Consumer:
    """A new one."""
    answer = await (await cloud.admin()).post(f"{V3}/OS-OAUTH1/consumers", json={"consumer": fields})
    assert answer.status_code == 201, answer.text
    return Consumer(cloud, answer.json()["consumer"])


async def agreed(user: httpx.AsyncClient, request: dict[str, str], *roles: str) -> str:
    """Let a user agree to a request token; the verifier."""
    path = f"{V3}/OS-OAUTH1/authorize/{request['oauth_token']}"
    answer = await user.put(path, json={"roles": [{"name": role} for role in roles]})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]["oauth_verifier"]
