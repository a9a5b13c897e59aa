"""What is measured with: rows of a table, a client without a network, a count of CPU time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from cumulet.app.cloud import Cloud

rows: list[tuple[str, str, str, bool]] = []


def note(what: str, value: float, unit: str, budget: float, at_least: bool = False) -> None:
    """One row: a figure, its budget, whether it is kept."""
    kept = value >= budget if at_least else value <= budget
    rows.append((what, f"{value:,.2f} {unit}", f"{'≥' if at_least else '≤'} {budget:g} {unit}", kept))


def figure(what: str, value: float, unit: str) -> None:
    """One row that is only to be compared with others."""
    rows.append((what, f"{value:,.2f} {unit}", "", True))


class Wire:
    """Calls the ASGI application directly: what is measured is ours, not a client."""

    def __init__(self, cloud: Cloud, token: str) -> None:
        self._app = cloud.application
        self._headers = [(b"x-auth-token", token.encode()), (b"host", b"127.0.0.1:8780"), (b"content-type", b"application/json")]

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Status and body."""
        path, _, query = path.partition("?")
        raw = b"" if body is None else msgspec.json.encode(body)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": [*self._headers, (b"content-length", str(len(raw)).encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8780),
        }
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> dict[str, object]:
            return asked.pop() if asked else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        answer = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return int(str(sent[0]["status"])), answer


async def cpu_each(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Microseconds of CPU of one call."""
    for _ in range(max(3, times // 10)):
        await work()
    began = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - began) / times * 1e6
