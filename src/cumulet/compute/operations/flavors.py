"""Flavors."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ...identity.operations import projects
from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.ids import new_uuid
from ...kernel.policy import Actor
from ...placement.operations import classes, traits
from ..model import Flavor
from ..rules import extra_specs
from ..store import flavors


async def get(tx: Reader, actor: Actor, flavor_id: str) -> Flavor:
    """A flavor that the actor's project may use; any, for administrators. Raises NotFound."""
    return await _known(tx, flavor_id, actor.scope)


async def _known(tx: Reader, flavor_id: str, project_id: str | None = None) -> Flavor:
    found = await flavors.find(tx, flavor_id, project_id)
    if found is None:
        raise NotFound(f"Flavor {flavor_id} could not be found.")
    return found


async def _held(tx: Tx, flavor_id: str) -> Flavor:
    """A flavor that nobody else changes until the transaction ends. Raises NotFound."""
    await tx.hold(f"flavor {flavor_id}")
    return await _known(tx, flavor_id)


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Flavor]:
    """Flavors, for everybody but administrators those that their project may use."""
    if actor.scope is not None:
        wanted = wanted.where("usable_by", actor.scope)
    return await flavors.page(tx, wanted)


async def create(tx: Tx, fields: dict[str, Any], flavor_id: str | None = None) -> Flavor:
    """A new flavor; `fields` are `Flavor`'s, without id and instants. Raises Conflict if the name or the id is taken."""
    flavor = Flavor(id=flavor_id or new_uuid(), disabled=False, extra_specs={}, created_at=tx.stamp, updated_at=None, **fields)
    try:
        await flavors.add(tx, flavor)
    except Duplicate as problem:
        what = f"name {flavor.name}" if "name" in str(problem) else f"ID {flavor.id}"
        raise Conflict(f"Flavor with {what} already exists.") from None
    return flavor


async def delete(tx: Tx, actor: Actor, flavor_id: str) -> None:
    """Delete a flavor; servers keep their copies. Raises NotFound."""
    await get(tx, actor, flavor_id)
    await flavors.remove(tx, flavor_id)


async def describe(tx: Tx, flavor_id: str, description: str | None) -> Flavor:
    """Change the description. Raises NotFound."""
    return await _save(tx, replace(await _held(tx, flavor_id), description=description))


async def _save(tx: Tx, flavor: Flavor) -> Flavor:
    changed = replace(flavor, updated_at=tx.stamp)
    await flavors.save(tx, changed)
    return changed


async def set_extra_specs(tx: Tx, flavor_id: str, specs: dict[str, str], checked: bool) -> Flavor:
    """Set some extra specs, leave the others. Raises NotFound, and Invalid for those that are wrong if they are `checked`."""
    flavor = await _held(tx, flavor_id)
    if checked:
        extra_specs.check(specs)
        await _check_resources(tx, specs)
    return await _save(tx, replace(flavor, extra_specs={**flavor.extra_specs, **specs}))


async def _check_resources(tx: Reader, specs: dict[str, str]) -> None:
    await traits.check(tx, extra_specs.standard(specs, "trait"))
    known = await classes.list_all(tx)
    unknown = [name for name in extra_specs.standard(specs, "resources") if name not in known]
    if unknown:
        raise Invalid(f"Validation failed; there is no resource class {unknown[0]}.")


async def drop_extra_spec(tx: Tx, flavor_id: str, key: str) -> None:
    """Forget an extra spec. Raises NotFound."""
    flavor = await _held(tx, flavor_id)
    if key not in flavor.extra_specs:
        raise NotFound(f"Flavor {flavor_id} has no extra specs with key {key}.")
    left = {name: value for name, value in flavor.extra_specs.items() if name != key}
    await _save(tx, replace(flavor, extra_specs=left))


async def access(tx: Reader, flavor_id: str) -> list[str]:
    """The projects that may use a private flavor. Raises NotFound for a public one."""
    if (await _known(tx, flavor_id)).is_public:
        raise NotFound("Access list not available for public flavors.")
    return await flavors.allowed(tx, flavor_id)


async def allow(tx: Tx, flavor_id: str, project_id: str, refuse_public: bool) -> list[str]:
    """Let a project use a private flavor, and return all that may. Raises NotFound, Conflict, and Invalid without the project."""
    try:
        await projects.get(tx, project_id)
    except NotFound:
        raise Invalid(f"Project ID {project_id} is not a valid project.") from None
    flavor = await _known(tx, flavor_id)
    if flavor.is_public and refuse_public:
        raise Conflict("Can not add access to a public flavor.")
    if project_id in await flavors.allowed(tx, flavor_id):
        raise Conflict(f"Flavor access already exists for flavor {flavor_id} and project {project_id} combination.")
    await flavors.allow(tx, flavor_id, project_id)
    return await flavors.allowed(tx, flavor_id)


async def forbid(tx: Tx, flavor_id: str, project_id: str) -> list[str]:
    """Take that back, and return all that still may. Raises NotFound."""
    await _known(tx, flavor_id)
    if not await flavors.forbid(tx, flavor_id, project_id):
        raise NotFound(f"Flavor access not found for {flavor_id} / {project_id} combination.")
    return await flavors.allowed(tx, flavor_id)
