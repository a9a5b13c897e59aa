"""Give a server one more port."""

from __future__ import annotations

from msgspec import Struct

from ....contract.guests import PortSpec
from ....kernel.db import Tx
from ....kernel.workflow import Failure, Workflow, minutes, step, workflow
from ....network.operations import ports
from ....placement.operations import claims
from ...model import Entry
from ...store import servers
from ..steps import history
from ..steps.home import Home, known
from .plugging import plug_port, unplug_added


class Bound(Struct, frozen=True):
    """Where the server is, and its new port; None while the server is on no host."""

    home: Home
    port: PortSpec | None
    host_name: str | None


@step
async def bind_port(tx: Tx, port_id: str, server_id: str) -> Bound:
    """Bind the port to the server's host."""
    server = await known(tx, server_id)
    if server.host_id is None:
        return Bound(Home(None, 0), None, None)
    await ports.bind(tx, port_id, server.host_id)
    home = Home(server.host_id, await claims.epoch(tx, server_id))
    return Bound(home, await ports.spec(tx, port_id), server.host_name)


@step
async def unbind_port(tx: Tx, port_id: str, server_id: str) -> None:
    """Undo `bind_port`."""
    if port_id in {port.port_id for port in await ports.specs(tx, server_id)}:
        await ports.unbind(tx, port_id)


@step
async def interface_failed(tx: Tx, port_id: str, entry: Entry, failure: Failure) -> None:
    """The port is free again, or gone if it was made for this."""
    await ports.release(tx, entry.server_id, port_id)
    await servers.change(tx, entry.server_id)
    await history.ended(tx, entry, None, failure)


@step
async def mark_plugged(tx: Tx, port_id: str, entry: Entry, host_name: str | None) -> None:
    """The server has it."""
    await servers.change(tx, entry.server_id)
    await history.ended(tx, entry, host_name)


@workflow(resource="server_port", deadline=minutes(15), on_failure=interface_failed)
async def attach_interface(wf: Workflow, port_id: str, entry: Entry) -> None:
    """Bind the port and plug it in if the guest runs."""
    bound = await wf.step(bind_port, port_id, entry.server_id, undo=unbind_port)
    if bound.port is not None:
        await wf.step(plug_port, entry.server_id, bound.home, bound.port, undo=unplug_added)
    await wf.finish(mark_plugged, port_id, entry, bound.host_name)
