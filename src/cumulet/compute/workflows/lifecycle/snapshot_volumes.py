"""Make an image of a server that boots from a volume: it has no bytes, but names snapshots of all the server's volumes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ....image.operations import uploads
from ....kernel.db import Tx
from ....kernel.errors import NotFound, Problem
from ....kernel.workflow import Call, Failure, Workflow, command, hours, step, workflow
from ....volume.operations import snapshots
from ...model import Entry
from ..steps.actors import owner_of
from ..steps.home import known
from .snapshot_server import mark_done, undone


@step
async def snapshots_are_ready(tx: Tx, server_id: str, made: list[str]) -> bool:
    """Whether each has its content. Raises Problem if one failed, NotFound if one is gone."""
    actor = owner_of(await known(tx, server_id))
    states = [(await snapshots.get(tx, actor, snapshot_id)).status for snapshot_id in made]
    if any(status not in ("creating", "available") for status in states):
        raise Problem(f"A snapshot of a volume of server {server_id} did not finish: the states are {', '.join(states)}.")
    return all(status == "available" for status in states)


@command
async def fill(call: Call, image_id: str) -> None:
    """Make the image active. Raises what `uploads.receive` does."""
    await uploads.fill(call.services.images, image_id, call.workflow_id, _nothing())


async def _nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield b""


@command
async def unfill(call: Call, image_id: str) -> None:
    """The image is nothing without the rest."""
    await uploads.unfill(call.services.images, image_id)


@step
async def volumes_failed(tx: Tx, server_id: str, entry: Entry, image_id: str, made: list[str], failure: Failure) -> None:
    """The server is as before; the image and the snapshots are gone, or will be."""
    actor = owner_of(await known(tx, server_id))
    for snapshot_id in made:
        try:
            await snapshots.delete(tx, actor, snapshot_id, force=True)
        except NotFound:
            continue
    await undone(tx, server_id, entry, image_id, failure)


@workflow(resource="server", deadline=hours(12), on_failure=volumes_failed)
async def snapshot_volumes(wf: Workflow, server_id: str, entry: Entry, image_id: str, made: list[str]) -> None:
    """Wait for the snapshots, then show the image."""
    await wf.wait_until(snapshots_are_ready, server_id, made, timeout=hours(10))
    await wf.step(fill, image_id, undo=unfill)
    await wf.finish(mark_done, server_id, entry, image_id)
