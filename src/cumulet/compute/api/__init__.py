"""Compute on the wire: the Nova v2.1 API, under `/compute`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...contract.agents import Agents
from ...kernel.db import Database
from ...kernel.http import Service
from ..operations.servers.interfaces import Interfaces
from .faults import fault
from .routes import ROUTES
from .servers.rendered import Rendered
from .versions import VERSIONS


class Parts(Struct, frozen=True):
    """What compute's handlers need beside the transaction.

    `agents` answer questions about guests, outside of transactions that `db` gives; `images` is where images' bytes are;
    `rendered` and `interfaces` are kept for lists.
    """

    db: Database
    agents: Agents
    images: Any
    rendered: Rendered
    interfaces: Interfaces


def service(db: Database, agents: Agents, images: Any) -> Service:
    """Compute, ready to be mounted. `images` is the image service's byte store."""
    return Service(
        "compute",
        "/compute",
        ROUTES,
        fault,
        VERSIONS,
        project_prefix="/v2.1",
        id_header="x-compute-request-id",
        parts=Parts(db, agents, images, Rendered(), Interfaces(db)),
    )
