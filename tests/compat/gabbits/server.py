"""Our placement alone on a port, as the suite wants it: tokens that say who one is, and `POST /__new?RULES` for an empty database.

RULES are those of upstream's fixtures: `secure` (the defaults, ours too), `legacy` (upstream's before it had a service role: an
administrator may reshape), `open` (everybody may everything), `pages` (web pages of an origin may call).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

import cumulet.placement.operations.hosts  # noqa: F401  (its tables belong to the schema)
from cumulet.kernel.db import Sqlite, metadata
from cumulet.kernel.http import Application, Request
from cumulet.kernel.http.cors import Cors
from cumulet.kernel.policy import Actor, Policy
from cumulet.placement import api
from cumulet.placement.policy import DEFAULTS

LEGACY = {**DEFAULTS, "placement:reshaper:reshape": "rule:admin_or_service_api"}
PAGES = "http://valid.example.com"
"""The origin whose pages may call the API, as upstream's fixture says."""

RULES = {
    "secure": DEFAULTS,
    "legacy": LEGACY,
    "pages": LEGACY,
    "open": {name: "@" if name != "admin_api" else text for name, text in DEFAULTS.items()},
}


async def authenticate(token: str, request: Request) -> Actor:
    """As upstream's `noauth2`: the token is a user, or `user:project`; headers say the roles and the project."""
    user, _, project = token.partition(":")
    told, admin = request.header("X-Roles"), user == "admin"
    roles = frozenset(told.split(",")) if told is not None else frozenset(["admin"] if admin else [])
    system = request.header("OpenStack-System-Scope") == "all"
    project = request.header("X-Tenant-Id") or request.header("X-Project-Id") or project or user
    return Actor(user_id=user, system=system, project_id=None if system else project, roles=roles, is_admin="admin" in roles)


class Restartable:
    """The application on a database that can be thrown away."""

    def __init__(self) -> None:
        self._folder, self._db, self._app = "", None, None
        self._service = msgspec.structs.replace(api.service(), mount="")

    async def new(self, rules: str) -> None:
        """An empty database."""
        if self._db is not None:
            await self._db.close()
            shutil.rmtree(self._folder)
        self._folder = tempfile.mkdtemp(prefix="gabbits-")
        self._db = Sqlite(Path(self._folder) / "db", durable=False)
        await self._db.create(metadata)
        self._app = Application([self._service], self._db, {"placement": Policy(RULES[rules])}, authenticate, "http://identity")
        self._app.cors = Cors((PAGES,) if rules == "pages" else ())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["path"] != "/__new":
            await self._app(scope, receive, send)
            return
        await self.new(scope["query_string"].decode())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve on the port that is the only argument, until a signal ends it."""
    uvicorn.run(Restartable(), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", lifespan="off")


if __name__ == "__main__":
    main()
