"""Network on the wire: the Neutron v2.0 API, under `/network`."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.http import Service
from ..rules.segments import Wiring
from .faults import fault
from .routes import ROUTES


class Parts(Struct, frozen=True):
    """What network's handlers need beside the transaction."""

    wiring: Wiring = Wiring()


def service(wiring: Wiring | None = None) -> Service:
    """Network, ready to be mounted."""
    return Service("network", "/network", ROUTES, fault, parts=Parts(wiring or Wiring()))
