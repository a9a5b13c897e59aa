"""A host that was compared with the database, as the operators' API tells it. Commands read it: it imports little."""

from __future__ import annotations

from msgspec import Struct

from ...compute.operations.explain.differences import Compared


class Checked(Struct, frozen=True):
    """A host. `refused` says why its agent was refused, None: it was not. A silent host is not compared."""

    host_id: str
    hostname: str
    refused: str | None
    compared: Compared | None
