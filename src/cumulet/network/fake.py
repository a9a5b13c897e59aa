"""A network in memory: a port that is bound to a host is up there at once."""

from __future__ import annotations

from .desired import Desired, DesiredGroup, DesiredNetwork, DesiredPort, DesiredRouter, Listener


class FakeDriver:
    """`desired.Driver` without packets. What it was last told can be looked at; `failure`, if set, is what `make` raises."""

    def __init__(self) -> None:
        self.networks: dict[str, DesiredNetwork] = {}
        self.ports: dict[str, DesiredPort] = {}
        self.routers: dict[str, DesiredRouter] = {}
        self.groups: dict[str, DesiredGroup] = {}
        self.failure: Exception | None = None
        self._listeners: list[Listener] = []
        self._up: dict[str, str] = {}

    async def make(self, desired: Desired) -> None:
        """Take note."""
        if self.failure is not None:
            raise self.failure
        if desired.everything:
            for known in (self.networks, self.ports, self.routers, self.groups):
                known.clear()
        self.networks |= {n.network.id: n for n in desired.networks}
        self.ports |= {p.port.id: p for p in desired.ports}
        self.routers |= {r.router.id: r for r in desired.routers}
        self.groups |= {g.group.id: g for g in desired.groups}
        for _, object_id in desired.gone:
            for known in (self.networks, self.ports, self.routers, self.groups):
                known.pop(object_id, None)
        self._report({p.port.id for p in desired.ports} | {object_id for _, object_id in desired.gone}, desired.everything)

    async def ports_up(self) -> dict[str, str]:
        """The bound ports, each with its host."""
        return dict(self._up)

    def watch(self, listener: Listener) -> None:
        """Call `listener.port_changed` whenever a port comes up or goes down."""
        self._listeners.append(listener)

    def _report(self, touched: set[str], everything: bool) -> None:
        for port_id in {*self.ports, *self._up} if everything else touched:
            host = self._host_of(port_id)
            if host == self._up.get(port_id, ""):
                continue
            if host:
                self._up[port_id] = host
            else:
                self._up.pop(port_id)
            for listener in self._listeners:
                listener.port_changed(port_id, bool(host))

    def _host_of(self, port_id: str) -> str:
        wanted = self.ports.get(port_id)
        return wanted.port.row.host_id if wanted and wanted.port.row.admin_state_up else ""
