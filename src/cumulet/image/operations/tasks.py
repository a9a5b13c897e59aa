"""Tasks: what imports and other long work on images look like to users; and the old way of asking for an import."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ...kernel import fetching, workflow
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Invalid, NotFound
from ...kernel.log import current_request_id
from ...kernel.policy import Actor
from .. import events
from ..model import IMPORT, Image, NewImage, Task
from ..parts import Parts
from ..store import tasks, transitions
from ..workflows.import_image import import_image
from . import images, imports

__all__ = ["Task", "create_import", "get", "of_image", "page"]


async def get(tx: Reader, actor: Actor, task_id: str) -> Task:
    """A task of the actor's project. Raises NotFound."""
    found = await tasks.find(tx, task_id)
    if found is None or actor.scope not in (None, found.owner):
        raise NotFound(f"Task not found for task_id {task_id}")
    return found


async def of_image(tx: Reader, image: Image) -> list[Task]:
    """The tasks of an image that the actor may see, oldest first."""
    return await tasks.of_image(tx, image.id)


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Task]:
    """A page of the tasks of the actor's project; of all, for administrators."""
    return await tasks.page(tx, wanted, actor.scope)


async def create_import(tx: Tx, parts: Parts, actor: Actor, new: NewImage, said: dict[str, Any]) -> Task:
    """Make an image and import it from the URL `import_from`, in one task. Raises Invalid, Conflict."""
    url, source_format = said.get("import_from"), said.get("import_from_format")
    if not isinstance(url, str) or not isinstance(source_format, str):
        raise Invalid("A task of type import needs 'import_from', 'import_from_format' and 'image_properties' in its input.")
    fetching.check(url, parts.settings.imports.reach)
    image = await images.create(tx, actor, replace(new, disk_format=new.disk_format or source_format))
    task = imports.new_task(tx, actor, image.id, (IMPORT, said))
    wanted = imports.Import(imports.WEB, said, url=url)
    order = imports.order_of(parts, actor, image, wanted, (task, [parts.stores.default.name]))
    await transitions.take_over(tx, order.attempt, staged=False)
    await tasks.add(tx, task)
    await events.of_task(tx, "create", task)
    await workflow.start(tx, import_image, image.id, order, request_id=current_request_id())
    return task
