"""A browser, as far as logging in needs one: it follows redirects, keeps cookies and sends forms."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx


class _Forms(HTMLParser):
    """The first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: dict[str, Any] | None = None
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form, self._inside = given, True
        elif tag in ("input", "button") and self._inside and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Browser:
    """One user's. A page whose address begins with `stop` is not gone to: somebody else waits for it."""

    def __init__(self, stop: str | None = None) -> None:
        self.client = httpx.AsyncClient(trust_env=False)
        self.stop = stop

    async def go(self, url: str, data: dict[str, str] | None = None) -> httpx.Response:
        """GET, or POST a form; the page at the end of all redirects, or the redirect at which to stop."""
        answer = await self.client.request("GET" if data is None else "POST", url, data=data)
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["Location"])
            if self.stop is not None and target.startswith(self.stop):
                return answer
            answer = await self.client.get(target)
        return answer

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the page's form with these fields filled in."""
        forms = _Forms()
        forms.feed(page.text)
        assert forms.form is not None, f"{page.url} {page.status_code} has no form: {page.text[:2000]}"
        return await self.go(urljoin(str(page.url), forms.form.get("action", "")), {**forms.fields, **fields})

    async def close(self) -> None:
        """End it."""
        await self.client.aclose()
