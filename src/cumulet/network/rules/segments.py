"""Which segment a network is on, and how long its packets may be."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.errors import Invalid
from ..model import FLAT, GENEVE, VLAN

GENEVE_OVERHEAD = 58
"""Bytes that OVN's Geneve encapsulation adds to an IPv4 packet's frame."""
GENEVE_RANGE = (1, (1 << 24) - 1)
VLAN_RANGE = (1, 4094)


class Wiring(Struct, frozen=True):
    """How hosts are connected: the MTU between them, and the physical networks that they can bridge to."""

    mtu: int = 1500
    physical_networks: tuple[str, ...] = ("physnet1",)
    availability_zone: str = "nova"


class Segment(Struct, frozen=True):
    """What was asked for; None and 0 are to be chosen."""

    network_type: str | None = None
    physical_network: str | None = None
    segmentation_id: int | None = None


def check(wanted: Segment, wiring: Wiring) -> Segment:
    """The segment with its type chosen. Raises Invalid for one that cannot be."""
    kind = wanted.network_type
    if kind is None:
        if wanted.physical_network is not None or wanted.segmentation_id is not None:
            raise _invalid("network_type required")
        return Segment(GENEVE, "", None)
    if kind not in (GENEVE, VLAN, FLAT):
        raise _invalid(f"network_type value '{kind}' not supported; {GENEVE}, {VLAN} and {FLAT} are")
    if kind == GENEVE:
        if wanted.physical_network:
            raise _invalid("provider:physical_network specified for geneve network")
        _check_range(wanted.segmentation_id, GENEVE_RANGE)
        return Segment(kind, "", wanted.segmentation_id)
    _check_physical(kind, wanted.physical_network, wiring)
    if kind == FLAT and wanted.segmentation_id is not None:
        raise _invalid("segmentation_id prohibited for flat provider network")
    if kind == VLAN:
        _check_range(wanted.segmentation_id, VLAN_RANGE)
    return Segment(kind, wanted.physical_network or "", 0 if kind == FLAT else wanted.segmentation_id)


def _check_physical(kind: str, name: str | None, wiring: Wiring) -> None:
    if not name:
        raise _invalid(f"physical_network required for {kind} provider network")
    if name not in wiring.physical_networks:
        raise _invalid(f"physical_network '{name}' unknown for {kind} provider network")


def _check_range(segment: int | None, allowed: tuple[int, int]) -> None:
    if segment is not None and not allowed[0] <= segment <= allowed[1]:
        raise _invalid(f"segmentation_id out of range ({allowed[0]} through {allowed[1]})")


def _invalid(what: str) -> Invalid:
    return Invalid(f"Invalid input for operation: {what}.", code="InvalidInput")


def most_mtu(kind: str, wiring: Wiring) -> int:
    """The longest packet that fits, in bytes."""
    return wiring.mtu - GENEVE_OVERHEAD if kind == GENEVE else wiring.mtu


def mtu(wanted: int | None, kind: str, wiring: Wiring) -> int:
    """The network's MTU. Raises Invalid for one that does not fit."""
    most = most_mtu(kind, wiring)
    if not wanted:
        return most
    if not 68 <= wanted <= most:
        raise Invalid(
            f"Invalid input for operation: Requested MTU is too big, maximum is {most}, or below 68.", code="InvalidInput"
        )
    return wanted
