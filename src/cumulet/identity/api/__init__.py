"""Identity on the wire: the Keystone v3 API, under `/identity`."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.http import Service
from ..keys import KeyRing
from ..operations.bootstrap import HOLD
from ..operations.catalog import Catalog
from ..operations.federation.evidence import Federated
from ..operations.limits import FLAT
from ..operations.tokens import Tokens
from .faults import fault
from .routes import ROUTES


class Parts(Struct, frozen=True):
    """What identity's handlers need beside the transaction."""

    tokens: Tokens
    catalog: Catalog
    vault: KeyRing
    federated: Federated
    limit_model: str


def service(catalog: Catalog, federated: Federated, limit_model: str = FLAT) -> Service:
    """Identity, ready to be mounted."""
    parts = Parts(federated.tokens, catalog, federated.vault, federated, limit_model)
    return Service("identity", "/identity", ROUTES, fault, parts=parts, ignores_slash=True, holds=HOLD, audits=True)
