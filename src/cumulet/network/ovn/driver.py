"""The network driver that everybody uses: it tells OVN what should be, and hears from it which ports are up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from cumulet.kernel.errors import Unavailable
from cumulet.kernel.ovsdb import Change, Missing, Op, Ovsdb, OvsdbError, Row

from ..desired import Desired, Listener
from .plan import gateway_plan, plan
from .tables import NORTHBOUND, SOUTHBOUND

_GATEWAY_OPTION = "enable-chassis-as-gw"
_log = logging.getLogger(__name__)


class OvnDriver:
    """The two databases of `central.Central`, as `desired.Driver`. It lives between `start` and `close`.

    Hosts that come or go get or lose their share of the routers' ways out by themselves.
    """

    def __init__(self, northbound: str, southbound: str) -> None:
        self._north = Ovsdb(northbound, "OVN_Northbound", NORTHBOUND)
        self._south = Ovsdb(southbound, "OVN_Southbound", SOUTHBOUND)
        self._lock = asyncio.Lock()
        self._hosts_changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect. Raises Unavailable."""
        await self._north.start()
        try:
            await self._south.start()
        except Unavailable:
            await self._north.close()
            raise
        self._south.watch("Chassis", lambda _: self._hosts_changed.set())
        self._hosts_changed.set()
        self._task = asyncio.create_task(self._follow_hosts())

    async def close(self) -> None:
        """Let go of the databases; the networks stay as they are."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._south.close()
        await self._north.close()

    async def make(self, desired: Desired) -> None:
        """Make it so; see `desired.Driver`.

        Raises Unavailable if OVN does not answer, or something desired belongs to something that is neither there nor desired.
        """
        # Ports with DHCP options of their own copy their subnet's row: networks go first.
        networks = Desired(networks=desired.networks)
        try:
            if desired.networks:
                await self._do(lambda: plan(self._north.tables, networks, ()))
            await self._do(lambda: plan(self._north.tables, desired, self._gateways()))
        except Missing as missing:
            raise Unavailable(f"the network is not complete yet: {missing}", "ovn") from missing

    async def ports_up(self) -> dict[str, str]:
        """The ports that are up now, each with the id of the host it is up on, "" if that is not known (yet)."""
        hosts = {uuid: str(row["name"]) for uuid, row in self._south.tables["Chassis"].items()}
        bindings = self._south.tables["Port_Binding"].values()
        places = {str(row["logical_port"]): hosts.get(str(row["chassis"]), "") for row in bindings}
        ports = self._north.tables["Logical_Switch_Port"].items()
        return {uuid: places.get(uuid, "") for uuid, row in ports if row["up"] is True}

    def watch(self, listener: Listener) -> None:
        """Call `listener.port_changed(port id, up)` whenever a port comes up or goes down."""

        def notice(change: Change) -> None:
            up = _is_up(change.new)
            if change.new is not None and up != _is_up(change.old):
                listener.port_changed(change.uuid, up)

        self._north.watch("Logical_Switch_Port", notice)

    def _gateways(self) -> list[str]:
        """The hosts that say they can carry routers' ways out."""
        rows = self._south.tables["Chassis"].values()
        return sorted(str(row["name"]) for row in rows if _GATEWAY_OPTION in _cms_options(row))

    async def _do(self, planned: Callable[[], list[Op]]) -> None:
        async with self._lock:
            try:
                await self._once(planned)
            except OvsdbError:
                # The connection may have been lost just after planning: then the plan was made by an old copy.
                await self._once(planned)

    async def _once(self, planned: Callable[[], list[Op]]) -> None:
        await self._north.caught_up()
        if ops := planned():
            await self._north.transact(ops, timeout=60)

    async def _follow_hosts(self) -> None:
        while True:
            await self._hosts_changed.wait()
            self._hosts_changed.clear()
            try:
                await self._do(lambda: gateway_plan(self._north.tables, self._gateways()))
            except (Unavailable, OvsdbError) as error:
                _log.warning("the routers' ways out are not spread over the hosts yet: %s", error)
                await asyncio.sleep(1)
                self._hosts_changed.set()


def _is_up(row: Row | None) -> bool:
    return row is not None and row["up"] is True


def _cms_options(row: Row) -> list[str]:
    for column in ("other_config", "external_ids"):
        options = row[column]
        if isinstance(options, dict) and "ovn-cms-options" in options:
            return str(options["ovn-cms-options"]).split(",")
    return []
