"""On whose behalf a workflow asks other services."""

from __future__ import annotations

from ....kernel.policy import Actor
from ...model import Server


def owner_of(server: Server) -> Actor:
    """The user who made the server, in its project, with a member's rights."""
    return Actor(user_id=server.user_id, project_id=server.project_id, roles=frozenset({"member", "reader"}))
