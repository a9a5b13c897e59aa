"""Where volumes can be: availability zones, and hosts as volume services."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from ...kernel.db import Reader, Tx
from ...kernel.errors import Invalid, NotFound
from ...placement.operations import hosts
from ..model import BACKEND, DEFAULT_ZONE, HostSettings
from ..store import hosts as store

BINARY = "cinder-volume"


class Known(Struct, frozen=True):
    """A host, what was said about it as a place for volumes, whether its agent is there, and when that was heard last."""

    id: str
    name: str
    zone: str
    settings: HostSettings
    up: bool
    heard_at: str

    @property
    def place(self) -> str:
        """Its name as a volume service."""
        return f"{self.name}@{BACKEND}"


Everyone = list[Known]


async def index(tx: Reader) -> Everyone:
    """Every host, by name."""
    told = await store.settings(tx)
    return [
        Known(h.id, h.hostname, h.zone, told.get(h.id, HostSettings(h.id)), h.alive(tx.now), hosts.heard_at(h))
        for h in await hosts.list(tx)
    ]


async def places(tx: Reader) -> dict[str, str]:
    """Every host's name as a volume service, by its id."""
    return {known.id: known.place for known in await index(tx)}


async def named(tx: Reader, place: str) -> Known:
    """The host of this name, with `@files` or without. Raises NotFound."""
    for known in await index(tx):
        if place in (known.place, known.name):
            return known
    raise NotFound(f"Service {BINARY} could not be found on host {place}.")


async def available(tx: Reader) -> dict[str, bool]:
    """The zones, and whether a host is up and enabled in each."""
    found: dict[str, bool] = {}
    for known in await index(tx):
        found[known.zone] = found.get(known.zone, False) or (known.up and known.settings.enabled)
    return found or {DEFAULT_ZONE: False}


async def checked(tx: Reader, zone: str | None) -> str:
    """A zone that is there; if none is asked for the only one, or "" until a host is chosen. Raises Invalid."""
    known = await available(tx)
    if not zone:
        return next(iter(known)) if len(known) == 1 else ""
    if zone not in known:
        raise Invalid(f"Availability zone '{zone}' is invalid.")
    return zone


async def set_enabled(tx: Tx, known: Known, enabled: bool, reason: str | None) -> None:
    """Whether new volumes may be made there."""
    await store.save(tx, replace(known.settings, enabled=enabled, disabled_reason=reason))


async def set_frozen(tx: Tx, known: Known, frozen: bool) -> None:
    """Whether nothing new may be made there, for a while."""
    await store.save(tx, replace(known.settings, frozen=frozen))


async def named_or_invalid(tx: Reader, place: str) -> Known:
    """`named`, for those who name a host in a body. Raises Invalid."""
    try:
        return await named(tx, place)
    except NotFound as problem:
        raise Invalid(problem.message) from None
