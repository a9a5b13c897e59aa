"""Identity on the wire: the Keystone v3 API, under `/identity`."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.http import Service
from ..keys import KeyRing
from ..operations.bootstrap import HOLD
from ..operations.catalog import Catalog
from ..operations.tokens import Tokens
from .faults import fault
from .routes import ROUTES


class Parts(Struct, frozen=True):
    """What identity's handlers need beside the transaction."""

    tokens: Tokens
    catalog: Catalog
    vault: KeyRing


def service(tokens: Tokens, catalog: Catalog, vault: KeyRing) -> Service:
    """Identity, ready to be mounted. `vault` seals credentials at rest."""
    parts = Parts(tokens, catalog, vault)
    return Service("identity", "/identity", ROUTES, fault, parts=parts, ignores_slash=True, holds=HOLD)
