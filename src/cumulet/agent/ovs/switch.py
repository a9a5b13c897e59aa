"""One host's switch, as the rest of the agent sees it: up, heal, plug, unplug, down."""

from __future__ import annotations

import asyncio
import logging

from cumulet.agent.refusals import Refusal
from cumulet.contract.guests import PortSpec
from cumulet.kernel.daemons import DaemonFailed
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.ovsdb import OvsdbError, Row, converge
from cumulet.kernel.process import CommandFailed

from . import netns, rows
from .config import SwitchConfig
from .machinery import Machinery
from .metadata import Answer, Metadata

_log = logging.getLogger(__name__)


class DeviceRefused(Exception):
    """ovs-vswitchd cannot use a device; it says why."""


_TROUBLES = (CommandFailed, DaemonFailed, DeviceRefused, OvsdbError, Unavailable, OSError, TimeoutError)


class Switch:
    """The bridges, the guests' taps and the metadata service of one host; the real `agent.host.Switch`.

    `answer` is asked what each guest's request to the metadata service is to be answered. Everything is found again after a
    restart of the agent, and calls may overlap.
    """

    def __init__(self, config: SwitchConfig, answer: Answer) -> None:
        self._config = config
        self._machinery = Machinery(config)
        self._metadata = Metadata(config, self._machinery, answer)
        self._lock = asyncio.Lock()

    @property
    def userspace(self) -> bool:
        """Whether packets are forwarded by ovs-vswitchd itself: guests must not leave checksums or segmentation to it then."""
        return self._machinery.userspace

    async def up(self) -> None:
        """Start or find everything. Raises Refusal."""
        async with self._lock:
            try:
                await self._machinery.up()
                await self._forget_lost_taps()
            except _TROUBLES as trouble:
                raise Refusal("the host's switch does not start", "failed", str(trouble)) from trouble
            await self._metadata.restore()

    async def heal(self) -> list[str]:
        """Start and make again what has gone; one sentence for each, and for what cannot be repaired now.

        Raises what `Machinery.up` raises if the switch itself cannot be repaired.
        """
        async with self._lock:
            done = await self._machinery.up()
            broken = await self._metadata.restore()
        return [f"{name} was missing on host {self._config.host_id} and has been started" for name in done] + broken

    async def plug(self, port: PortSpec) -> None:
        """Make the port's tap and connect it, and the network's metadata service; done already if they are there.

        On return OVN is told; the logical port is up a moment later. Raises Refusal; a tap that was not there before is not
        there afterwards then.
        """
        async with self._lock:
            known = port.port_id in self.plugged()
            try:
                await self._connect(port)
            except _TROUBLES as trouble:
                if not known:
                    await self._undo(port.port_id)
                raise Refusal(f"the switch cannot take port {port.port_id}", "failed", str(trouble)) from trouble

    async def unplug(self, port_id: str) -> None:
        """Remove the port's tap if it is there, and its network's metadata service with the network's last port.

        Raises Refusal.
        """
        async with self._lock:
            try:
                await self._disconnect(port_id)
            except _TROUBLES as trouble:
                raise Refusal(f"the switch cannot let go of port {port_id}", "failed", str(trouble)) from trouble

    def plugged(self) -> set[str]:
        """The ids of the ports that have a tap."""
        return set(rows.plugged(self._machinery.db.tables))

    async def release(self) -> None:
        """Let go without stopping anything: traffic flows on, but nobody answers metadata until the next `up`."""
        async with self._lock:
            await self._metadata.release()
            await self._machinery.release()

    async def down(self) -> None:
        """Stop the daemons, and delete the namespaces with every tap in them. Guests lose their network."""
        async with self._lock:
            await self._metadata.remove_all()
            await self._machinery.down()

    async def _connect(self, port: PortSpec) -> None:
        device, tables = rows.device_name(port.port_id), self._machinery.db.tables
        lines = [f"link set dev {device} mtu {port.mtu} up"]
        if device not in await netns.links(self._config.netns):
            await self._machinery.let_go(device)
            lines.insert(0, f"tuntap add dev {device} mode tap")
        await netns.batch(self._config.netns, lines)
        missing = converge(tables, rows.tap_rows(port))
        if missing:
            await self._machinery.apply(missing)
        row = await self._machinery.db.until(lambda: _settled(rows.interface(tables, device)), timeout=10)
        if row["error"]:
            raise DeviceRefused(str(row["error"]))
        if port.metadata is not None:
            await self._metadata.ensure(port.network_id, port.metadata)

    async def _disconnect(self, port_id: str) -> None:
        device, tables = rows.device_name(port_id), self._machinery.db.tables
        network_id = rows.plugged(tables).get(port_id)
        if network_id is not None:
            await self._machinery.apply(rows.without_devices(tables, {device}))
        await netns.delete_link(self._config.netns, device)
        if network_id is not None and network_id not in rows.plugged(tables).values():
            await self._metadata.drop(network_id)

    async def _undo(self, port_id: str) -> None:
        try:
            await self._disconnect(port_id)
        except _TROUBLES as trouble:
            _log.warning("port %s is left half plugged: %s", port_id, trouble)

    async def _forget_lost_taps(self) -> None:
        """After a reboot the database still has taps that are gone; guests that start again get new ones."""
        there = await netns.links(self._config.netns)
        devices = {rows.device_name(port_id) for port_id in self.plugged()} - there
        if devices:
            await self._machinery.apply(rows.without_devices(self._machinery.db.tables, devices))


def _settled(row: Row | None) -> Row | None:
    """The row, once ovs-vswitchd has taken the device or said why not."""
    return row if row is not None and (row["error"] or row["ofport"] is not None) else None
