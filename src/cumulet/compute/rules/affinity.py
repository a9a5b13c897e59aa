"""Server groups: which hosts a member may be on, and which it had better be on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from ..model import ServerGroup

AFFINITY, ANTI_AFFINITY = "affinity", "anti-affinity"
SOFT_AFFINITY, SOFT_ANTI_AFFINITY = "soft-affinity", "soft-anti-affinity"


class Company(Struct, frozen=True):
    """A server's group, and how many other members are on which host."""

    group: ServerGroup
    others: Counter[str]

    def allowed(self) -> set[str] | None:
        """The only hosts that will do; None is any."""
        return set(self.others) if self.group.policy == AFFINITY and self.others else None

    def excluded(self) -> list[str]:
        """Hosts that will not do."""
        if self.group.policy != ANTI_AFFINITY:
            return []
        most = self.group.rules.get("max_server_per_host", 1)
        return sorted(host_id for host_id, count in self.others.items() if count >= most)

    def preference(self, host_id: str) -> int:
        """How welcome a host is, the more the better."""
        count = self.others[host_id]
        return {SOFT_AFFINITY: count, SOFT_ANTI_AFFINITY: -count}.get(self.group.policy, 0)

    def explain(self) -> str:
        """For a server that finds no host."""
        return f" The policy {self.group.policy} of its server group allows no other hosts."


def company(group: ServerGroup, hosts: Iterable[str | None]) -> Company:
    """A group and the hosts of its other members, None for those that are nowhere."""
    return Company(group, Counter(host_id for host_id in hosts if host_id is not None))
