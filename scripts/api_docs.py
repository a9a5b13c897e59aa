"""Write docs/api.md: every route of every service, its versions and its policy rule, from the routes that the program serves.

    python scripts/api_docs.py            # or: make docs

`tests/house/test_docs.py` fails when the committed page differs from what this makes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cumulet.app import wire
from cumulet.app.cloud import Cloud
from cumulet.app.config import Config
from cumulet.kernel.http import PUBLIC, Route, Service

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

HEAD = """# Routes

`make docs` makes this page from the routes that the program serves; `tests/house` checks that it is up to date.

- *Path* begins behind the service's own path. An action is a `POST` whose body has the action's name as its only key.
- *Since* and *until* are microversions, both included; empty is the lowest and the highest.
- *Rule* is the policy rule that guards the route. `public` needs no token. A handler may ask further rules.
"""


def render(services: Sequence[Service], rules: Mapping[str, Mapping[str, str]]) -> str:
    """The whole page. `rules` are each service's rules and their defaults, by the service's name."""
    sections = [_section(service, rules[service.name]) for service in services]
    return "\n".join([HEAD, _overview(services), *sections])


def _overview(services: Sequence[Service]) -> str:
    rows = []
    for service in services:
        actions = sum(route.action is not None for route in service.routes)
        versions = f"{service.versions.lowest} – {service.versions.highest}" if service.versions else ""
        rows.append((service.name, f"`{service.mount}`", versions, str(len(service.routes) - actions), str(actions)))
    return _table(("Service", "Path", "Microversions", "Routes", "Actions"), rows)


def _section(service: Service, rules: Mapping[str, str]) -> str:
    routes = [_row(route) for route in service.routes]
    known = [(f"`{name}`", f"`{text or '@'}`") for name, text in rules.items()]
    return "\n".join(
        (
            f"## {service.name}\n",
            _table(("Method", "Path", "Since", "Until", "Rule"), routes),
            f"### Rules of {service.name} and their defaults\n",
            _table(("Rule", "Default"), known),
        )
    )


def _row(route: Route) -> tuple[str, ...]:
    path = f"`{route.path or '/'}`" + (f" **{route.action}**" if route.action else "")
    since = "" if route.since == "0.0" else route.since
    rule = "public" if route.policy == PUBLIC else f"`{route.policy}`"
    return route.method, path, since, route.until or "", rule


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


async def _page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        cloud = await Cloud.open(Config(state=Path(folder), fake=True))
        try:
            return render(cloud.application.services, wire.RULES)
        finally:
            await cloud.close()


if __name__ == "__main__":
    PAGE.write_text(asyncio.run(_page()))
