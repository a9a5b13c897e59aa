"""How much projects have used in a period."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.clock import Stamp, seconds
from ...kernel.db import Page, Reader
from ..store import usage
from ..store.usage import Lifetime


class Period(Struct, frozen=True):
    """From when to when, as stamps."""

    start: Stamp
    end: Stamp


class ServerUsage(Struct, frozen=True):
    """A server, and for how many hours of the period it existed. `age` is its own age in seconds."""

    server: Lifetime
    hours: float
    age: int

    @property
    def disk_gb(self) -> int:
        """What its flavor has of local disk."""
        return int(self.server.flavor["disk"] + self.server.flavor["ephemeral"])


class ProjectUsage(Struct, frozen=True):
    """The servers of one project."""

    project_id: str
    servers: list[ServerUsage]

    @property
    def hours(self) -> float:
        """Of all servers."""
        return sum(one.hours for one in self.servers)

    def total(self, figure: str) -> float:
        """Hours times vcpus, ram (MiB) or disk (GiB), of all servers."""
        return sum(one.hours * (one.disk_gb if figure == "disk" else one.server.flavor[figure]) for one in self.servers)


async def between(tx: Reader, period: Period, page: Page) -> list[ProjectUsage]:
    """The usage of each project in a period; `page` is one of servers, and may be limited to a project."""
    found: dict[str, ProjectUsage] = {}
    for server in await usage.between(tx, period.start, period.end, page):
        project = found.setdefault(server.project_id, ProjectUsage(server.project_id, []))
        project.servers.append(_used(server, period, tx.now))
    return list(found.values())


def _used(server: Lifetime, period: Period, now: float) -> ServerUsage:
    begin = max(server.launched_at, period.start)
    end = min(server.terminated_at or period.end, period.end)
    age = (seconds(server.terminated_at) if server.terminated_at else now) - seconds(server.launched_at)
    return ServerUsage(server, (seconds(end) - seconds(begin)) / 3600, int(age))
