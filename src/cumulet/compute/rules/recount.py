"""Whether claims, servers and quota say the same: pure comparisons that end in findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from ..model import Server, Usage

CRITICAL, ERROR, WARNING = "critical", "error", "warning"
ORDER = (CRITICAL, ERROR, WARNING)


class Finding(Struct, frozen=True):
    """What is wrong with `subject`, since what, and the command that mends it or shows more."""

    severity: str
    subject: str
    what: str
    cause: str
    mend: str


class Audit(Struct, frozen=True):
    """What was counted, and what is wrong, the worst first."""

    hosts: int
    servers: int
    claims: int
    projects: int
    findings: list[Finding]


class Claimed(Struct, frozen=True):
    """What one consumer holds of one host."""

    consumer_id: str
    host_id: str
    resources: dict[str, int]


Names = Mapping[str, str]
"""Host id to hostname."""


def owners(claimed: Iterable[Claimed], servers: Mapping[str, Server], moves: Iterable[str], names: Names) -> list[Finding]:
    """Claims that nobody is known for (L3)."""
    known = {*servers, *moves}
    return [
        Finding(
            ERROR,
            f"claim of {claim.consumer_id}",
            f"holds {_amounts(claim.resources)} of {names.get(claim.host_id, claim.host_id)} and is no server and no move",
            "A client of the placement API made it, or a server was removed from the database by hand.",
            f"openstack resource provider allocation delete {claim.consumer_id}",
        )
        for claim in claimed
        if claim.consumer_id not in known
    ]


def places(servers: Mapping[str, Server], claimed: Iterable[Claimed], moved: Iterable[str], names: Names) -> list[Finding]:
    """Servers whose host and claims are not the same (C2, F1)."""
    by_server: dict[str, list[str]] = defaultdict(list)
    for claim in claimed:
        by_server[claim.consumer_id].append(claim.host_id)
    moving, found = set(moved), []
    for server in servers.values():
        hosts = by_server.get(server.id, [])
        if server.id in moving or hosts == ([server.host_id] if server.host_id else []):
            continue
        where = f"is on {names.get(server.host_id, server.host_id) if server.host_id else 'no host'}"
        claims = ", ".join(names.get(host, host) for host in hosts) or "no host"
        found.append(
            Finding(
                CRITICAL if server.host_id and server.host_id not in hosts else ERROR,
                f"server {server.id} ({server.name})",
                f"{where} and holds claims on {claims}",
                "The database was changed by hand, or a client of the placement API changed the claim.",
                f"cumulet explain server {server.id}",
            )
        )
    return found


def quotas(servers: Iterable[Server], written: Mapping[str, Usage]) -> list[Finding]:
    """Projects whose usage is not the sum of their servers (C12)."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for server in servers:
        for at, amount in enumerate((1, server.flavor["vcpus"], server.flavor["ram"])):
            counted[server.project_id][at] += amount
    found = []
    for project_id in sorted({*counted, *written}):
        said, true = written.get(project_id, Usage()), Usage(*counted.get(project_id, (0, 0, 0)))
        if said != true:
            found.append(
                Finding(
                    ERROR,
                    f"quota of project {project_id}",
                    f"is charged {_usage(said)}, its servers use {_usage(true)}",
                    "The database was changed by hand.",
                    f"cumulet audit --recount {project_id}",
                )
            )
    return found


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """The worst first."""
    return sorted(found, key=lambda finding: (ORDER.index(finding.severity), finding.subject))


def _amounts(resources: Mapping[str, int]) -> str:
    return ", ".join(f"{amount} {name}" for name, amount in resources.items())


def _usage(usage: Usage) -> str:
    return f"{usage.servers} servers, {usage.cores} cores, {usage.ram} MiB"


__all__ = ["Claimed", "Finding", "in_order", "owners", "places", "quotas"]
