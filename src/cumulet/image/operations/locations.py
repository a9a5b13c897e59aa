"""Where images' bytes are: locations that somebody names instead of uploading."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...kernel import fetching, workflow
from ...kernel.db import Tx
from ...kernel.errors import Conflict, Forbidden, Invalid
from ...kernel.log import current_request_id
from ...kernel.policy import Actor
from .. import events, intake, rules, signatures
from ..model import ACTIVE, ADD_LOCATION, IMPORTING, QUEUED, Attempt, Image, Location, Task
from ..parts import Parts
from ..store import tasks, transitions
from ..workflows.add_location import Given
from ..workflows.add_location import add_location as flow
from . import imports, placing

HASHES = {"sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""The algorithms of a hash that may be announced, and how many hexadecimal digits it has."""


class Named(Struct, frozen=True):
    """A location as it is asked for. `digest` is an algorithm, and what it has to make of the bytes."""

    url: str
    metadata: dict[str, str] = {}
    digest: tuple[str, str] | None = None


async def add(tx: Tx, parts: Parts, actor: Actor, image: Image, named: Named) -> Task:
    """Fill a queued image with the bytes of a URL, which stay where they are; or name one more place for those of an active one.

    Raises Conflict, Invalid.
    """
    if image.status not in ((QUEUED, ACTIVE) if parts.settings.show_locations else (QUEUED,)):
        raise Conflict(f"It's not allowed to add locations if image status is {image.status}.")
    rules.check_formats(image)
    store = parts.stores.for_url(named.url)
    fetching.check(named.url, fetching.ANY_PORT)
    task = imports.new_task(tx, actor, image.id, (ADD_LOCATION, {"image_id": image.id, "loc_url": named.url}))
    algorithm = image.os_hash_algo or parts.settings.hashing_algorithm
    given = Given(
        task_id=task.id,
        image_id=image.id,
        location=Location(store.name, named.url, dict(named.metadata)),
        disk_format=intake.plain_format(image),
        digest=named.digest if image.status == QUEUED else (algorithm, image.os_hash_value or ""),
        algorithm=algorithm,
        signed=signatures.said(image.properties),
        storage_quota=parts.settings.storage_quota,
    )
    if image.status == QUEUED and not await transitions.take_over(tx, Attempt(image.id, task.id, IMPORTING), staged=False):
        raise Conflict(f"Image {image.id} is being filled by somebody else.")
    await tasks.add(tx, task)
    await events.of_task(tx, "create", task)
    await workflow.start(tx, flow, image.id, given, request_id=current_request_id())
    return task


async def remove(tx: Tx, image: Image, known: Sequence[Location], position: int) -> None:
    """Take one of several locations away; `known` is their order. Raises Invalid, Forbidden, Conflict."""
    if not 0 <= position < len(known):
        raise Invalid("Invalid position for removing a location.")
    if len(known) == 1 or image.protected:
        raise Forbidden(f"Cannot delete the last location of image {image.id}, or one of a protected image.")
    await placing.take(tx, image, [known[position]])
