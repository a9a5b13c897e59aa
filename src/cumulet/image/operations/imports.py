"""Asking for imports: everything that can be refused is refused here, before anything is written."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ...kernel import fetching, ids, workflow
from ...kernel.db import Tx
from ...kernel.errors import Conflict, Invalid
from ...kernel.log import current_request_id
from ...kernel.policy import Actor
from .. import events, quotas, signatures
from ..bytestores import Stores
from ..model import ACTIVE, API_IMPORT, QUEUED, TASK_PENDING, UPLOADING, Attempt, Image, Location, Task
from ..parts import Parts
from ..store import images, tasks, transitions
from ..workflows.import_image import import_image
from ..workflows.order import Content, Order

DIRECT, WEB, COPY, REGION = "glance-direct", "web-download", "copy-image", "glance-download"
INJECTION = "inject_image_metadata"

_FROM = {DIRECT: UPLOADING, WEB: QUEUED, COPY: ACTIVE, REGION: QUEUED}
"""The status that an image must have for each method."""


class Import(Struct, frozen=True):
    """What is asked for: by which method, into which stores (None: the default one). `said` is the request as it came.

    `url` is where the bytes are, for the methods that download; `token` is needed there (`glance-download`).
    """

    method: str
    said: dict[str, Any]
    stores: list[str] | None = None
    all_stores: bool = False
    all_must_succeed: bool = True
    url: str | None = None
    token: str | None = None


async def start(tx: Tx, parts: Parts, actor: Actor, image: Image, wanted: Import) -> Task | None:
    """Begin an import; None if there is nothing to do.

    Raises Conflict (the image's status or formats, unknown stores, another import is under way), Invalid (the URL may not be
    followed, the image is in a store already).
    """
    _check(image, wanted)
    if wanted.method == WEB:
        fetching.check(wanted.url or "", parts.settings.imports.reach)
    names = _stores(parts.stores, image, wanted)
    if not names:
        return None
    said = {"image_id": image.id, "import_req": wanted.said, "backend": names}
    trace = await images.trace(tx, image.id)
    attempt = trace.upload_id if trace and wanted.method == DIRECT else None
    task = new_task(tx, actor, image.id, (API_IMPORT, said), attempt)
    order = order_of(parts, actor, image, wanted, (task, names))
    if wanted.method != COPY and not await transitions.take_over(tx, order.attempt, staged=wanted.method == DIRECT):
        raise Conflict(
            f"Image {image.id} is not ready to be imported: its data is still being staged, or somebody else imports it."
        )
    await quotas.check(tx, await quotas.of_project(tx, image.owner, parts.settings.storage_quota))
    signatures.verifier(parts.certificates, image.properties)
    await tasks.add(tx, task)
    await events.of_task(tx, "create", task)
    await workflow.start(tx, import_image, image.id, order, request_id=current_request_id())
    return task


def _check(image: Image, wanted: Import) -> None:
    needed = _FROM[wanted.method]
    if image.status != needed:
        raise Conflict(f"Method '{wanted.method}' needs an image that is {needed}; image {image.id} is {image.status}.")
    for name in ("container_format", "disk_format"):
        if not getattr(image, name):
            raise Conflict(f"'{name}' needs to be set before import")


def _stores(stores: Stores, image: Image, wanted: Import) -> list[str]:
    """Where the image is to go, in order. Raises Conflict, Invalid."""
    if wanted.all_stores:
        named = [name for name, store in stores.known.items() if not store.store.read_only]
        return [name for name in named if name not in image.stores]
    named = list(dict.fromkeys(wanted.stores or [stores.default.name]))
    for name in named:
        if name not in stores.known or stores.known[name].store.read_only:
            raise Conflict(f"Store {name!r} is not one that takes images.")
        if name in image.stores:
            raise Invalid(f"Image is already present at store '{name}'")
    return named


def order_of(parts: Parts, actor: Actor, image: Image, wanted: Import, made: tuple[Task, list[str]]) -> Order:
    """What the workflow is told; `made` is the task, and the stores that get the image."""
    task, names = made
    settings, copies = parts.settings.imports, wanted.method == COPY
    staged = Location(parts.stores.staging.name, Attempt(image.id, task.attempt).staged_key)
    at = parts.stores.best_location(image.locations) if copies else staged
    injects = INJECTION in settings.plugins and not copies and not actor.roles & set(settings.inject_ignores)
    return Order(
        task_id=task.id,
        image_id=image.id,
        attempt_id=task.attempt,
        content=Content(at, image.disk_format or "raw", image.container_format or "bare"),
        stores=names,
        all_must_succeed=wanted.all_must_succeed,
        url=wanted.url,
        token=parts.seal(wanted.token) if wanted.token else None,
        plugins=[] if copies else list(settings.plugins),
        output_format=settings.output_format,
        properties=settings.inject if injects else {},
        signed=signatures.said(image.properties),
        storage_quota=parts.settings.storage_quota,
        expected=image.os_hash_value if copies else None,
        algorithm=(copies and image.os_hash_algo) or parts.settings.hashing_algorithm,
    )


def new_task(tx: Tx, actor: Actor, image_id: str, what: tuple[str, dict[str, Any]], attempt: str | None = None) -> Task:
    """A task of a type, with its input, that is still to begin. `attempt` is the second part of its keys, by default its id."""
    kind, said = what
    identity = ids.new_uuid()
    return Task(
        id=identity,
        type=kind,
        status=TASK_PENDING,
        owner=actor.project_id,
        user_id=actor.user_id,
        request_id=current_request_id(),
        image_id=image_id,
        attempt=attempt or identity,
        input=said,
        result=None,
        message="",
        created_at=tx.stamp,
        updated_at=tx.stamp,
        expires_at=None,
    )
