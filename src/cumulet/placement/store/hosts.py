"""The registry of hosts, and findings about them."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ...contract.commands import HostFacts
from ...contract.reports import Heartbeat
from ...kernel.db import Json, Query, Reader, Tx, among, metadata, values
from ..model import Finding, Host, Seat, Standing
from .providers import PROVIDERS

HOSTS = sa.Table(
    "hosts",
    metadata,
    sa.Column("id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    sa.Column("hostname", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("facts", Json, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("lease_until", sa.Text, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("registered_at", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("findings", Json, nullable=False),
    sa.Column("free_memory_mb", sa.BigInteger, nullable=False),
    sa.Column("free_disk_gb", sa.BigInteger, nullable=False),
    sa.Column("claim_key", sa.LargeBinary, nullable=False),
    sa.Column("own_use_mb", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("own_use_since", sa.Text),
    sa.Index("hosts_hostname", "hostname"),
    sa.Index("hosts_fingerprint", "fingerprint"),
)
FINDINGS = sa.Table(
    "placement_findings",
    metadata,
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("resource_class", sa.Text, primary_key=True),
    sa.Column("since", sa.Text, primary_key=True),
    sa.Column("cause", sa.Text, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Column("capacity", sa.BigInteger, nullable=False),
)
T, F = HOSTS.c, FINDINGS.c

_MEASURED = ("own_use_mb", "own_use_since")
_SHOWN = [c for c in HOSTS.columns if c.name not in ("claim_key", *_MEASURED)]
INSERT: Query[Any] = Query(
    sa.insert(HOSTS).values({c.name: sa.bindparam(c.name, type_=c.type) for c in HOSTS.columns if c.name not in _MEASURED})
)
REGISTER: Query[Any] = Query(
    sa.update(HOSTS)
    .where(T.id == sa.bindparam("b_id"))
    .values(
        {
            c.name: sa.bindparam(c.name, type_=c.type)
            for c in (T.hostname, T.fingerprint, T.facts, T.lease_until, T.instance, T.counter, T.free_memory_mb, T.free_disk_gb)
        }
    )
)
BEAT: Query[Any] = Query(
    sa.update(HOSTS)
    .where(T.id == sa.bindparam("b_id"), T.instance == sa.bindparam("b_instance"))
    .values({c.name: sa.bindparam(c.name, type_=c.type) for c in (T.lease_until, T.free_memory_mb, T.free_disk_gb, T.findings)})
)
ENABLE: Query[Any] = Query(
    sa.update(HOSTS)
    .where(T.id == sa.bindparam("b_id"))
    .values(enabled=sa.bindparam("enabled"), disabled_reason=sa.bindparam("reason", type_=sa.Text()))
)
MOVE: Query[Any] = Query(sa.update(HOSTS).where(T.id == sa.bindparam("b_id")).values(zone=sa.bindparam("zone", type_=sa.Text())))
FORGET_HARDWARE: Query[Any] = Query(sa.update(HOSTS).where(T.id == sa.bindparam("b_id")).values(fingerprint=""))
CATCH_UP: Query[Any] = Query(
    sa.update(HOSTS)
    .where(T.id == sa.bindparam("b_id"))
    .values(counter=sa.bindparam("counter"), lease_until=sa.bindparam("lease_until"))
)
SET_FACTS: Query[Any] = Query(
    sa.update(HOSTS).where(T.id == sa.bindparam("b_id")).values(facts=sa.bindparam("facts", type_=T.facts.type))
)
LOWEST: Query[tuple[int, str | None]] = Query(sa.select(T.own_use_mb, T.own_use_since).where(T.id == sa.bindparam("id")))
NOTE: Query[Any] = Query(
    sa.update(HOSTS)
    .where(T.id == sa.bindparam("b_id"))
    .values(own_use_mb=sa.bindparam("own_use_mb"), own_use_since=sa.bindparam("since", type_=sa.Text()))
)
DELETE: Query[Any] = Query(sa.delete(HOSTS).where(T.id == sa.bindparam("id")))
GET = Query(sa.select(*_SHOWN).where(T.id == sa.bindparam("id")), Host.of)
AMONG = Query(sa.select(*_SHOWN).where(among(T.id, "ids")).order_by(T.id), Host.of)
BY_HOSTNAME = Query(sa.select(*_SHOWN).where(T.hostname == sa.bindparam("hostname")).order_by(T.lease_until.desc(), T.id), Host.of)
ALIKE = Query(
    sa.select(*_SHOWN)
    .where(sa.or_(T.fingerprint == sa.bindparam("fingerprint"), T.hostname == sa.bindparam("hostname")))
    .order_by(T.id),
    Host.of,
)
ALL = Query(sa.select(*_SHOWN).order_by(T.hostname, T.id), Host.of)
STANDINGS = Query(sa.select(T.id, T.enabled, T.lease_until), Standing)
ALIVE = Query(sa.select(*_SHOWN).where(T.lease_until > sa.bindparam("stamp")).order_by(T.hostname, T.id), Host.of)
_DIVIDED = sa.exists().where(PROVIDERS.c.parent_id == T.id).correlate(HOSTS)
SEAT = Query(sa.select(T.id, T.hostname, T.zone, T.claim_key, _DIVIDED).where(T.id == sa.bindparam("id")), Seat)

FIND: Query[Any] = Query(
    insert(FINDINGS).values({c.name: sa.bindparam(c.name, type_=c.type) for c in FINDINGS.columns}).on_conflict_do_nothing()
)
FOUND = Query(sa.select(FINDINGS).where(F.provider_id == sa.bindparam("provider_id")).order_by(F.since, F.resource_class), Finding)
FORGET: Query[Any] = Query(sa.delete(FINDINGS).where(F.provider_id == sa.bindparam("provider_id")))


def _columns(host: Host) -> dict[str, Any]:
    columns = values(host)
    free = {"free_memory_mb": host.facts.free_memory_mb, "free_disk_gb": host.facts.free_disk_gb}
    return {**columns, **free, "facts": msgspec.to_builtins(host.facts)}


async def add(tx: Tx, host: Host, claim_key: bytes) -> None:
    """Insert. Raises Duplicate if it is known."""
    await tx.do(INSERT, **_columns(host), claim_key=claim_key)


async def register(tx: Tx, host: Host) -> None:
    """Write what a registration changes: name, hardware, facts, and the agent's lease."""
    await tx.do(REGISTER, b_id=host.id, **_columns(host))


async def beat(tx: Tx, heartbeat: Heartbeat, lease_until: str) -> bool:
    """Renew the lease and note what the agent tells; False if this agent process does not hold it."""
    return (
        await tx.do(
            BEAT,
            b_id=heartbeat.host_id,
            b_instance=heartbeat.instance,
            lease_until=lease_until,
            free_memory_mb=heartbeat.free_memory_mb,
            free_disk_gb=heartbeat.free_disk_gb,
            findings=heartbeat.findings,
        )
        == 1
    )


async def find(tx: Reader, host_id: str) -> Host | None:
    """By id."""
    return await tx.one(GET, id=host_id)


async def among_ids(tx: Reader, host_ids: list[str]) -> list[Host]:
    """Those of these hosts that are known, by id."""
    return await tx.all(AMONG, ids=host_ids)


async def find_by_hostname(tx: Reader, hostname: str) -> Host | None:
    """By hostname; of several the one that was alive last."""
    return await tx.one(BY_HOSTNAME, hostname=hostname)


async def alike(tx: Reader, fingerprint: str, hostname: str) -> list[Host]:
    """Every host of this hardware, or of this name."""
    return await tx.all(ALIKE, fingerprint=fingerprint, hostname=hostname)


async def everyone(tx: Reader) -> list[Host]:
    """Every host, by hostname."""
    return await tx.all(ALL)


async def standings(tx: Reader) -> list[Standing]:
    """Of every host whether it is enabled and how long its agent's lease is."""
    return await tx.all(STANDINGS)


async def alive(tx: Reader) -> list[Host]:
    """Every host whose agent holds its lease now."""
    return await tx.all(ALIVE, stamp=tx.stamp)


async def seat(tx: Reader, host_id: str) -> Seat | None:
    """What a server that comes to a host has to know of it."""
    return await tx.one(SEAT, id=host_id)


async def set_enabled(tx: Tx, host_id: str, enabled: bool, reason: str | None) -> bool:
    """Whether new servers may come; False if there is no such host."""
    return await tx.do(ENABLE, b_id=host_id, enabled=enabled, reason=reason) == 1


async def set_zone(tx: Tx, host_id: str, zone: str) -> bool:
    """Which availability zone the host is in; False if there is no such host."""
    return await tx.do(MOVE, b_id=host_id, zone=zone) == 1


async def set_facts(tx: Tx, host_id: str, facts: HostFacts) -> None:
    """Write what the host is and has."""
    await tx.do(SET_FACTS, b_id=host_id, facts=msgspec.to_builtins(facts))


async def lowest_own_use(tx: Reader, host_id: str) -> tuple[int, str | None]:
    """The least memory in MiB that the host itself was seen to use since an instant; 0 and None if nobody has looked yet."""
    return await tx.one(LOWEST, id=host_id) or (0, None)


async def note_own_use(tx: Tx, host_id: str, own_mb: int, since: str) -> None:
    """The least memory that the host itself was seen to use since an instant."""
    await tx.do(NOTE, b_id=host_id, own_use_mb=own_mb, since=since)


async def catch_up(tx: Tx, host_id: str, counter: int, lease_until: str) -> None:
    """How often the host has registered and until when its lease was, as the host knows it."""
    await tx.do(CATCH_UP, b_id=host_id, counter=counter, lease_until=lease_until)


async def forget_hardware(tx: Tx, host_id: str) -> bool:
    """Let the next registration say which hardware this host is; False if there is no such host."""
    return await tx.do(FORGET_HARDWARE, b_id=host_id) == 1


async def remove(tx: Tx, host_id: str) -> None:
    """Delete the host and its findings."""
    await tx.do(FORGET, provider_id=host_id)
    await tx.do(DELETE, id=host_id)


async def add_finding(tx: Tx, finding: Finding) -> None:
    """Insert."""
    await tx.do(FIND, **values(finding))


async def findings(tx: Reader, provider_id: str) -> list[Finding]:
    """What was found about a provider, oldest first."""
    return await tx.all(FOUND, provider_id=provider_id)
