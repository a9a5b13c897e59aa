"""Make an image of a server: copy its root disk as it is now, also under a running guest, and fill the image with the copy."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import msgspec

from ....contract.commands import Disk, ExportRootDisk, Piece, ReadExport, UndoDisks
from ....image.operations import images, uploads
from ....kernel.db import Tx
from ....kernel.errors import Forbidden, NotFound
from ....kernel.workflow import Call, Failure, Workflow, command, hours, step, workflow
from ...model import DELETING, PENDING_UPLOAD, UPLOADING, Entry
from ...store import servers
from ..steps import history
from ..steps.commands import send
from ..steps.home import Home, find_home, known
from .delete_server import begin_delete_if_asked

COPY_SECONDS = 4 * 3600.0
PIECE = 512 * 1024
"""How much of the copy is in one message: every bus takes that."""


@command
async def export(call: Call, server_id: str, home: Home, image_id: str) -> None:
    """Have the agent copy the disk. Raises HostRefused, GuestRefused."""
    made = await send(call, home, ExportRootDisk(server_id, image_id), timeout=COPY_SECONDS)
    assert isinstance(made, Disk)


@command
async def unexport(call: Call, server_id: str, home: Home, image_id: str) -> None:
    """Put the copy away, if one was made (K1, K2)."""
    await send(call, home, UndoDisks(image_id, call.undoes))


@step
async def show(tx: Tx, server_id: str, task: str) -> None:
    """How far it is, unless the server is to be deleted."""
    server = await known(tx, server_id)
    if server.task != DELETING:
        await servers.change(tx, server_id, task=task)


@command
async def upload(call: Call, server_id: str, home: Home, image_id: str) -> None:
    """Fill the image. Raises HostRefused, and what `uploads.receive` does."""
    await uploads.fill(call.services.images, image_id, call.workflow_id, _pieces(call, home, image_id))


async def _pieces(call: Call, home: Home, image_id: str) -> AsyncIterator[bytes]:
    """The copy, as the agent sends it."""
    offset, size = 0, 1
    while offset < size:
        piece = await send(msgspec.structs.replace(call, key=""), home, ReadExport(image_id, offset, PIECE))
        assert isinstance(piece, Piece)
        yield piece.data
        offset, size = offset + len(piece.data), piece.size


@command
async def unupload(call: Call, server_id: str, home: Home, image_id: str) -> None:
    """The image is nothing without the rest."""
    await uploads.unfill(call.services.images, image_id)


@command
async def drop_export(call: Call, server_id: str, home: Home, image_id: str) -> None:
    """The image has it all: the copy is put away."""
    await send(call, home, UndoDisks(image_id, call.workflow_id))


@step
async def mark_done(tx: Tx, server_id: str, entry: Entry, image_id: str) -> None:
    """The server can be changed again."""
    server = await known(tx, server_id)
    await servers.change(tx, server_id, task=None)
    await history.ended(tx, entry, server.host_name)


@step
async def snapshot_failed(tx: Tx, server_id: str, entry: Entry, image_id: str, failure: Failure) -> None:
    """See `undone`."""
    await undone(tx, server_id, entry, image_id, failure)


async def undone(tx: Tx, server_id: str, entry: Entry, image_id: str, failure: Failure) -> None:
    """The server is as before, and the image is gone."""
    with contextlib.suppress(NotFound, Forbidden):  # its owner was quicker, or protects it
        await images.delete(tx, await images.known(tx, image_id))
    server = await servers.find(tx, server_id, None)
    if server is None:
        return
    await servers.change(tx, server_id, task=DELETING if server.task == DELETING else None)
    await history.ended(tx, entry, server.host_name, failure)
    await begin_delete_if_asked(tx, server_id, failure)


@workflow(resource="server", deadline=hours(12), on_failure=snapshot_failed)
async def snapshot_server(wf: Workflow, server_id: str, entry: Entry, image_id: str) -> None:
    """Copy, upload, put the copy away."""
    home = await wf.step(find_home, server_id)
    await wf.step(export, server_id, home, image_id, undo=unexport)
    await wf.step(show, server_id, PENDING_UPLOAD, name="pending")
    await wf.step(show, server_id, UPLOADING, name="uploading")
    await wf.step(upload, server_id, home, image_id, undo=unupload)
    await wf.point_of_no_return()
    await wf.step(drop_export, server_id, home, image_id)
    await wf.finish(mark_done, server_id, entry, image_id)
