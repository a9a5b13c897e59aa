"""Placement's pure decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from ..contract.commands import HostFacts
from ..contract.reports import Heartbeat, Register, Rejected
from ..kernel.clock import seconds
from . import standards
from .model import Figures, Host, Inventory

LEASE = 30.0
"""How long an agent is believed alive after it was heard, in seconds."""

OWN_USE_WINDOW = 60.0
"""What a host itself uses counts if it used as much throughout this time, in seconds: a guest that starts is not yet measured."""

OWN_USE_STEP, OWN_USE_STAYS = 256, 600.0
"""It counts in steps of so many MiB, and for so many seconds at least."""

PAGES = "CUSTOM_HUGE_PAGES_"

_TRAIT_OF_FEATURE = {
    "aes": "AESNI",
    "avx512-vpopcntdq": "AVX512VPOPCNTDQ",
    "fma": "FMA3",
    "lzcnt": "ABM",
    "pclmuldq": "CLMUL",
    "pclmulqdq": "CLMUL",
    "pcid": "INTEL_PCID",
    "pni": "SSE3",
    "rtm": "TSX",
    "sha-ni": "SHA",
    "spec-ctrl": "INTEL_SPEC_CTRL",
}
"""CPU features whose trait is not named like them."""


class Initial(Struct, frozen=True):
    """What a host's inventory starts with and, until the API sets it, stays with. Nova's documented defaults.

    `configured` names the fields that the operator's configuration set; the rest are defaults (C6).
    """

    vcpu_ratio: float = 4.0
    memory_ratio: float = 1.0
    disk_ratio: float = 1.0
    reserved_vcpus: int = 0
    reserved_memory_mb: int = 512
    reserved_disk_gb: int = 0
    configured: frozenset[str] = frozenset()

    def of(self, resource_class: str) -> tuple[int, str, float, str]:
        """Reserve, its source, ratio and its source, for one of HOST_CLASSES."""
        reserved, ratio = {
            "VCPU": ("reserved_vcpus", "vcpu_ratio"),
            "MEMORY_MB": ("reserved_memory_mb", "memory_ratio"),
            "DISK_GB": ("reserved_disk_gb", "disk_ratio"),
        }[resource_class]
        return getattr(self, reserved), self._source(reserved), getattr(self, ratio), self._source(ratio)

    def _source(self, field: str) -> str:
        return "config" if field in self.configured else "default"


def host_inventory(facts: HostFacts, initial: Initial, known: dict[str, Inventory], stamp: str) -> list[Inventory]:
    """The inventory of a host that registers: what the API set stays, the rest follows the facts and the configuration.

    Memory that is set aside as huge pages is an inventory of its own, counted in pages, and is not sold as ordinary memory
    (C11, M20); so are processors that one guest has for itself. A pool that is gone has nothing any more.
    """
    ordinary = facts.memory_mb - sum(pool.memory_mb for pool in facts.pages)
    totals = {"VCPU": facts.vcpus, "MEMORY_MB": ordinary, "DISK_GB": facts.disk_gb}
    found = [
        _one(facts.host_id, name, total, initial, known.get(name), stamp)
        for name, total in totals.items()
        if total > 0 or name in known
    ]
    pools = dict.fromkeys((name for name, old in known.items() if name.startswith(PAGES) and old.total_source == "host"), 0)
    pools |= {pages_class(pool.size_kb): pool.total for pool in facts.pages}
    if facts.dedicated_cpus or ("PCPU" in known and known["PCPU"].total_source == "host"):
        pools["PCPU"] = len(facts.dedicated_cpus)
    return found + [_pool(facts.host_id, name, total, stamp) for name, total in pools.items()]


def pages_class(size_kb: int) -> str:
    """The resource class of huge pages of a size; its amounts are pages."""
    return f"{PAGES}{size_kb}KB"


def _pool(host_id: str, name: str, total: int, stamp: str) -> Inventory:
    return Inventory(host_id, name, total, 0, 1, max(total, 1), 1, 1.0, "host", "host", "host", stamp)


def _one(host_id: str, name: str, total: int, initial: Initial, known: Inventory | None, stamp: str) -> Inventory:
    reserved, reserved_source, ratio, ratio_source = initial.of(name)
    total_source, most = "host", total
    if known is not None and known.max_unit != known.total:
        most = known.max_unit
    if known is not None and known.total_source == "api":
        total, total_source, most = known.total, "api", known.max_unit
    if known is not None and known.reserved_source == "api":
        reserved, reserved_source = known.reserved, "api"
    if known is not None and known.ratio_source == "api":
        ratio, ratio_source = known.allocation_ratio, "api"
    unit, step = (known.min_unit, known.step_size) if known else (1, 1)
    return Inventory(host_id, name, total, reserved, unit, most, step, ratio, total_source, reserved_source, ratio_source, stamp)


def own_use_mb(facts: HostFacts, heartbeat: Heartbeat) -> int:
    """The memory in MiB that a host uses for itself: neither available, nor set aside as huge pages, nor its guests'."""
    pools = sum(pool.memory_mb for pool in facts.pages)
    return max(0, facts.memory_mb - heartbeat.free_memory_mb - pools - sum(guest.rss_mb for guest in heartbeat.guests))


def counted_own_use(facts: HostFacts, now: Figures, own_mb: int, at: float) -> int:
    """How much of it counts from now on: nothing as long as the reserve is enough (M19), else it in steps of OWN_USE_STEP.

    Less than so far only if that has counted for OWN_USE_STAYS. Memory that is not in the total at all, because the API has set
    it, is the host's without a reserve.
    """
    ordinary = facts.memory_mb - sum(pool.memory_mb for pool in facts.pages)
    own = own_mb - max(0, ordinary - now.total)
    counted = -(-own // OWN_USE_STEP) * OWN_USE_STEP if own > now.reserved else 0
    if counted < now.own_use and now.own_use_at is not None and at - seconds(now.own_use_at) < OWN_USE_STAYS:
        return now.own_use
    return counted


def host_traits(facts: HostFacts) -> set[str]:
    """The standard traits that a host's facts show."""
    prefix = f"HW_CPU_{'X86' if facts.cpu_arch in ('x86_64', 'i686') else facts.cpu_arch.upper()}_"
    words = (_TRAIT_OF_FEATURE.get(feature, re.sub(r"[^A-Z0-9]", "", feature.upper())) for feature in facts.cpu_features)
    found = {prefix + word for word in words} | {"COMPUTE_NODE", f"HW_ARCH_{facts.cpu_arch.upper()}"}
    return found & standards.traits()


def refusal(known: Host | None, register: Register, now: float) -> Rejected | None:
    """Why an agent may not register (C8, F7); None if it may.

    An agent that restarts is not a second agent: it shows the newest counter, which only the journal on its own disk holds.
    """
    facts = register.facts
    counter = known.counter if known else 0
    if register.last_counter > counter:
        seen = f"This host has been registered {register.last_counter} times, this database knows of {counter}"
        return Rejected("older_database", f"{seen}: it is older, or another one, or the host was retired.")
    if known is not None and register.last_lease > known.lease_until:
        seen = f"This host was told of a lease until {register.last_lease}, this database knows of one until {known.lease_until}"
        return Rejected("older_database", f"{seen}: it is older, or another one.")
    if known is None or register.instance == known.instance:
        return None
    if known.fingerprint not in ("", facts.fingerprint):
        return Rejected(
            "duplicate_identity", f"Host {known.id} is registered with other hardware; two hosts must not share one id."
        )
    if known.alive(now) and register.last_counter != counter:
        return Rejected("duplicate_identity", f"Another agent holds the lease of host {known.id} until {known.lease_until}.")
    return None


def lookalikes(facts: HostFacts, others: Iterable[Host]) -> list[str]:
    """What to tell the operator about other hosts that may be this one: if they are, its memory is sold twice (M17)."""
    found = []
    for other in others:
        shared = [word for word, same in _likeness(facts, other) if same]
        if other.id != facts.host_id and shared:
            what = " and ".join(shared)
            found.append(f"Host {other.id} ({other.hostname}) has the same {what}; if they are one machine, retire one of them.")
    return found


def _likeness(facts: HostFacts, other: Host) -> list[tuple[str, bool]]:
    return [("hardware", other.fingerprint == facts.fingerprint), ("name", other.hostname == facts.hostname)]
