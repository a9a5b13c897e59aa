"""Asking a provider: JSON over HTTP, in threads of its own, so that a slow provider keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from ...kernel.errors import Unavailable
from .settings import is_safe

SOCKET_SECONDS, ANSWER_SECONDS = 5.0, 10.0
MOST_BYTES = 1 << 20
AT_ONCE = 4


class Answer(Struct, frozen=True):
    """What a provider said."""

    status: int
    content: Any


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead anywhere: it is an answer like any other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Fetcher:
    """Asks one provider, a few questions at a time. Certificates are verified; redirects are not followed."""

    def __init__(self, ca_file: str = "") -> None:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(ca_file)
        https = urllib.request.HTTPSHandler(context=context)
        self._opener = urllib.request.build_opener(https, _NoRedirects(), urllib.request.ProxyHandler({}))
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="openid")

    async def ask(self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, or POST with a form. Raises Unavailable if there is no answer in time, or one that is not JSON."""
        if not is_safe(url):
            raise Unavailable("The identity provider cannot be asked safely.", internal=f"not https: {url}")
        data = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(url, data, {"Accept": "application/json", **(headers or {})})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, body = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, request)
            return Answer(status, msgspec.json.decode(body))
        except (OSError, HTTPException, TimeoutError, msgspec.DecodeError, RecursionError) as problem:
            raise Unavailable("The identity provider does not answer.", internal=f"{url}: {problem!r}") from None

    def _answer(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with self._opener.open(request, timeout=SOCKET_SECONDS) as response:
                return response.status, _read(response)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _read(refused) or b"{}"

    def close(self) -> None:
        """Ask nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _read(response: Any) -> bytes:
    body: bytes = response.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise OSError(f"the answer has more than {MOST_BYTES} bytes")
    return body
