"""Why an agent does not do what it is told."""

from __future__ import annotations

from cumulet.contract.commands import Refused
from cumulet.kernel.errors import Problem

TRANSIENT = frozenset({"busy", "failed"})
"""Codes that may go away by themselves: the same key is tried again, not answered from the journal."""


class Refusal(Problem):
    """The command was not carried out, and nothing of it is left. `code` is one of those listed at `Refused`."""

    def __init__(self, message: str, code: str = "failed", internal: str = "") -> None:
        super().__init__(message, code, internal)

    def reply(self) -> Refused:
        """What the control plane is told."""
        return Refused(self.code, self.message)
