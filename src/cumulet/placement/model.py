"""Placement's values."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from msgspec import Struct

from ..contract.commands import HostFacts
from ..kernel import clock
from .wishes import Inside

HOST_CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")
"""What every host has."""

UNLIMITED = 2147483647
"""The largest amount the wire knows; upstream's default for `max_unit`."""


def capacity(total: int, reserved: int, ratio: float) -> int:
    """How much can be claimed of an inventory."""
    return math.floor((total - reserved) * ratio)


class Provider(Struct, frozen=True):
    """Something that has inventory. `generation` grows with each change of it, of its inventory and of its claims."""

    id: str
    name: str
    generation: int
    parent_id: str | None
    root_id: str
    created_at: str
    updated_at: str


class Inventory(Struct, frozen=True):
    """How much a provider has of one resource class, and where each figure comes from (C6): host, default, config or api."""

    provider_id: str
    resource_class: str
    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float
    total_source: str
    reserved_source: str
    ratio_source: str
    updated_at: str

    @property
    def capacity(self) -> int:
        """How much can be claimed."""
        return capacity(self.total, self.reserved, self.allocation_ratio)


class Figures(Struct, frozen=True, gc=False):
    """One inventory with its usage. The sources are host, default, config or api (C6), and `grant` for a ratio in force by one.

    `unmanaged` is what guests that nobody knows have taken (C9). `own_use` is what the host itself was measured to use since
    `own_use_at`, 0 as long as its reserve is enough (M19).
    """

    total: int
    reserved: int
    ratio: float
    used: int
    min_unit: int = 1
    max_unit: int = UNLIMITED
    step_size: int = 1
    total_source: str = "api"
    reserved_source: str = "api"
    ratio_source: str = "api"
    unmanaged: int = 0
    own_use: int = 0
    own_use_at: str | None = None

    @property
    def kept(self) -> int:
        """What is kept for the host itself: its reserve, or what it uses if that is more (M19)."""
        return max(self.reserved, self.own_use)

    @property
    def capacity(self) -> int:
        """How much can be claimed in all."""
        return capacity(self.total, self.kept + self.unmanaged, self.ratio)

    @property
    def free(self) -> int:
        """How much can be claimed still; negative when overcommitted."""
        return self.capacity - self.used

    @property
    def overcommitted(self) -> bool:
        """Whether more is claimed than may be (C7): nothing more can be, until it fits again."""
        return self.used > self.capacity


class Consumer(Struct, frozen=True):
    """Whoever holds claims. `type` is INSTANCE, MIGRATION, …; None if it was never said."""

    id: str
    epoch: int
    generation: int
    project_id: str
    user_id: str
    type: str | None
    created_at: str
    updated_at: str


class Claim(Struct, frozen=True):
    """An amount of one resource class of one provider, held by a consumer since its epoch `epoch`."""

    consumer_id: str
    provider_id: str
    resource_class: str
    amount: int
    epoch: int
    created_at: str


class Piece(Struct, frozen=True):
    """Something that cannot be shared, a device by its address or a processor by its number, and the claim that holds it."""

    provider_id: str
    piece: str
    consumer_id: str
    resource_class: str


class Finding(Struct, frozen=True):
    """A change that left more claimed than there is (C7): what caused it, when, and the figures then.

    `resource_class` is empty for something about the host as a whole.
    """

    provider_id: str
    resource_class: str
    since: str
    cause: str
    used: int
    capacity: int


class Host(Struct, frozen=True):
    """A host (C8). `lease_until` is a stamp: until then its agent, the process `instance`, is believed alive.

    `findings` is what its agent says is wrong there, and whatever the registry noticed.
    """

    id: str
    hostname: str
    fingerprint: str
    facts: HostFacts
    enabled: bool
    disabled_reason: str | None
    lease_until: str
    instance: str
    counter: int
    registered_at: str
    zone: str = "nova"
    findings: list[str] = []

    def alive(self, now: float) -> bool:
        """Whether its agent holds its lease at `now`, in seconds since the epoch."""
        return clock.seconds(self.lease_until) > now

    @classmethod
    def of(cls, *row: Any) -> Host:
        """From a row of the store: the facts as they were registered, and the free figures of the last heartbeat."""
        *fields, free_memory_mb, free_disk_gb = row
        host = cls(*fields)
        facts = msgspec.convert(host.facts, HostFacts)
        facts = msgspec.structs.replace(facts, free_memory_mb=free_memory_mb, free_disk_gb=free_disk_gb)
        return msgspec.structs.replace(host, facts=facts)


class Standing(Struct, frozen=True):
    """Enough of a host to know whether it is up: `lease_until` is a stamp, later than now while its agent is believed alive."""

    id: str
    enabled: bool
    lease_until: str


class Seat(Struct, frozen=True):
    """Enough of a host for a server that comes to it; `claim_key` signs claim tokens for this host.

    `divided`: there are providers below it.
    """

    id: str
    hostname: str
    zone: str
    claim_key: bytes
    divided: bool


class Wanted(Struct, frozen=True):
    """What somebody wants to claim, and where.

    `resources` are amounts by resource class; a host must have the traits `required` and none of `forbidden`, be one of
    `hosts` if that is given and none of `excluded` (host ids), and be in at least one aggregate of each list in
    `aggregates`, in none of `not_in`. `inside` is what it must have below it.
    """

    resources: dict[str, int]
    required: list[str] = []
    forbidden: list[str] = []
    hosts: list[str] | None = None
    excluded: list[str] = []
    aggregates: list[list[str]] = []
    not_in: list[str] = []
    inside: Inside = Inside()


class Verdict(Struct, frozen=True):
    """One host against each constraint.

    `free` and `fits` are in the order of the wanted resources; free is None without inventory.
    """

    host_id: str
    hostname: str
    listed: bool
    excluded: bool
    alive: bool
    enabled: bool
    traits: bool
    untainted: bool
    aggregates: bool
    free: list[float | None]
    fits: list[bool]

    @classmethod
    def of(cls, *row: Any) -> Verdict:
        """From a row: the flags, then free and fits of each resource."""
        listed, excluded, alive, enabled, traits, untainted, aggregates = (bool(flag) for flag in row[2:9])
        free, fits = list(row[9::2]), [bool(flag) for flag in row[10::2]]
        return cls(row[0], row[1], listed, excluded, alive, enabled, traits, untainted, aggregates, free, fits)


class Transition(Struct, frozen=True):
    """One change of the ledger (C1), appended in its transaction.

    `kind` is `claim` (`change` are the amounts, by resource class), `release` (the same, given up), `inventory` (by resource
    class and figure, the values before and after; None is no inventory) or `rollup` (by how much the claims between the rows
    before and after this one, which have all ended, changed what is used, by resource class). `cause` is the request, workflow,
    agent or configuration that did it; `detail` is why this host was chosen, for a claim that was scheduled.
    """

    sequence: int
    at: str
    provider_id: str
    consumer_id: str | None
    kind: str
    change: dict[str, Any]
    cause: str
    request_id: str
    detail: dict[str, Any] | None


class Grant(Struct, frozen=True):
    """Leave to claim more of a host than it has, until a stamp (C3)."""

    id: str
    provider_id: str
    resource_class: str
    ratio: float
    until: str
    reason: str
    granted_by: str
    granted_at: str
    revoked_by: str | None
    revoked_at: str | None

    def in_force(self, stamp: str) -> bool:
        """Whether it counts at this moment."""
        return self.revoked_at is None and self.until > stamp


class Move(Struct, frozen=True):
    """A move under way (C4): the consumer holds the target's claim, `id` the source's until the end."""

    id: str
    consumer_id: str
    kind: str
    source_id: str
    target_id: str
    begun_at: str
