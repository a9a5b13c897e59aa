"""Import: an image's bytes from the staging store, a web server or another store into one store or several.

    importing → active   once the bytes are in a store, verified; with `all_must_succeed` once they are in all of them
    importing → queued   if that fails; nothing is left in any store

The image's properties `os_glance_*` and its task say how far it is. The lock is the workflow itself: one of an image at a time,
taken over by another worker when its own dies.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ...kernel.clock import stamp
from ...kernel.db import Tx
from ...kernel.errors import Gone, Unavailable
from ...kernel.workflow import Failure, Workflow, hours, step, workflow
from .. import events, quotas
from ..model import ACTIVE, DEACTIVATED, TASK_FAILURE, TASK_PENDING, TASK_PROCESSING, TASK_SUCCESS, Facts, Image, Location
from ..plugins import conversion, decompression
from ..store import images, labels, locations, tasks, transitions
from . import moving
from .order import Content, Copied, Described, Order

TASK, TO_STORES, FAILED = "os_glance_import_task", "os_glance_importing_to_stores", "os_glance_failed_import"
"""The properties that show an import."""

TASK_SECONDS = 48 * 3600.0
"""For how long a finished task is shown."""


@step
async def begin(tx: Tx, image_id: str, order: Order) -> None:
    """The task runs. What is to be injected into the image is; what an earlier import left is forgotten."""
    await set_status(tx, order.task_id, TASK_PROCESSING, "The import has begun.")
    shown = {TASK: order.task_id, TO_STORES: ",".join(order.stores), FAILED: ""}
    await labels.change_properties(tx, image_id, {**order.properties, **shown})
    image = await images.find(tx, image_id, None)
    if image is not None:
        for store in order.stores:
            await events.of_image(tx, "prepare", image, store)


@step
async def adopt(tx: Tx, image_id: str, described: Described) -> None:
    """What an image needs in another region it needs here."""
    await labels.change_properties(tx, image_id, described.properties)


async def set_status(tx: Tx, task_id: str, status: str, message: str, result: dict[str, Any] | None = None) -> None:
    """Change a task that is not finished; a finished one is forgotten after a while."""
    task = await tasks.find(tx, task_id)
    if task is not None:
        if (task.status, status) == (TASK_PENDING, TASK_PROCESSING):
            await events.of_task(tx, "run", task)
        expires = stamp(tx.now + TASK_SECONDS) if status in (TASK_SUCCESS, TASK_FAILURE) else None
        moved = replace(task, status=status, message=message, result=result, updated_at=tx.stamp, expires_at=expires)
        if await tasks.move(tx, moved):
            await events.of_task(tx, status, moved)


@step
async def note_copy(tx: Tx, image_id: str, order: Order, content: Content, copied: Copied) -> None:
    """One store has the bytes, or failed to take them. The first success makes the image active. Raises Gone."""
    if copied.facts is not None:
        await _place(tx, order, content, copied.facts, copied.store)
    await _show(tx, image_id, order, copied)


async def _place(tx: Tx, order: Order, content: Content, facts: Facts, store: str) -> None:
    location = Location(store, order.attempt.key)
    if await transitions.activate(tx, order.attempt, facts, location):
        await images.reformat(tx, order.image_id, content.disk_format, content.container_format)
        await accept(tx, order.image_id, order.storage_quota, store)
        return
    image = await add_place(tx, order.image_id, facts, location)
    await events.of_image(tx, "upload", image, store)
    await quotas.check(tx, await quotas.of_project(tx, image.owner, order.storage_quota))


async def add_place(tx: Tx, image_id: str, facts: Facts, location: Location) -> Image:
    """An active image is in one more place. Raises Gone if it is not these bytes' (any more)."""
    image = await images.find(tx, image_id, None)
    if image is None or image.status not in (ACTIVE, DEACTIVATED) or image.os_hash_value != facts.os_hash_value:
        raise Gone(f"Image {image_id} was deleted or changed meanwhile; the data is discarded.")
    await locations.add(tx, image_id, location)
    return image


async def accept(tx: Tx, image_id: str, storage_quota: int, store: str) -> None:
    """The image is active: tell those who listen. Raises TooLarge if the project has more than it may with it."""
    image = await images.find(tx, image_id, None)
    if image is not None:
        await quotas.check(tx, await quotas.of_project(tx, image.owner, storage_quota))
        await events.of_image(tx, "upload", image, store)
        await events.of_image(tx, "activate", image)


async def _show(tx: Tx, image_id: str, order: Order, copied: Copied) -> None:
    known = await labels.properties(tx, image_id)
    left = [name for name in known.get(TO_STORES, "").split(",") if name and name != copied.store]
    failed = [name for name in known.get(FAILED, "").split(",") if name]
    failed += [copied.store] if copied.facts is None else []
    await labels.change_properties(tx, image_id, {TO_STORES: ",".join(left), FAILED: ",".join(failed)})


@step
async def mark_done(tx: Tx, image_id: str, order: Order, content: Content, copied: list[Copied]) -> None:
    """The image is in every store that took it. Raises Unavailable if none did, Gone."""
    done = [one for one in copied if one.facts is not None]
    if not done:
        raise Unavailable("No store took the image. " + " ".join(one.problem for one in copied))
    if order.all_must_succeed:
        for one in done:
            await note_copy(tx, image_id, order, content, one)
    await labels.change_properties(tx, image_id, {TASK: None, TO_STORES: ""})
    failures = "".join(f" {one.store} failed: {one.problem}" for one in copied if one.facts is None)
    told = f"In {', '.join(one.store for one in done)}.{failures}"
    await set_status(tx, order.task_id, TASK_SUCCESS, told, {"image_id": image_id})


@step
async def mark_failed(tx: Tx, image_id: str, order: Order, failure: Failure) -> None:
    """Nothing is left of it but the task, which says why; and what stores got and activated before."""
    await transitions.requeue(tx, order.attempt)
    image = await images.find(tx, image_id, None)
    if image is not None:
        missed = [store for store in order.stores if store not in image.stores]
        await labels.change_properties(tx, image_id, {TASK: None, TO_STORES: "", FAILED: ",".join(missed)})
        await events.of_failed_upload(tx, image_id, failure.message)
    await set_status(tx, order.task_id, TASK_FAILURE, failure.message)


@workflow(resource="image", deadline=hours(24), on_failure=mark_failed)
async def import_image(wf: Workflow, image_id: str, order: Order) -> None:
    """Fetch, transform, copy into each store."""
    content = order.content
    await wf.step(begin, image_id, order, undo=moving.clear)
    if order.token is not None:
        described = await wf.step(moving.describe, order)
        content = Content(content.at, described.disk_format, described.container_format)
        await wf.step(adopt, image_id, described)
    if order.url is not None:
        await wf.step(moving.download, order)
    if decompression.NAME in order.plugins:
        content = await wf.step(moving.decompress, order, content)
    if conversion.NAME in order.plugins:
        content = await wf.step(moving.convert, order, content)
    copied = []
    for store in order.stores:
        copied.append(await wf.step(moving.copy_into, order, content, store, undo=moving.take_back, name=f"copy into {store}"))
        if not order.all_must_succeed:
            await wf.step(note_copy, image_id, order, content, copied[-1], name=f"note {store}")
    await wf.step(moving.clear, image_id, order)
    await wf.finish(mark_done, image_id, order, content, copied)
