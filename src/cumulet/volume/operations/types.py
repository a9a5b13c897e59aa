"""Volume types."""

from __future__ import annotations

from typing import Any

import msgspec

from ...kernel import ids
from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME, VolumeType
from ..rules import types as rules
from ..store import types

__all__ = ["VolumeType", "bootstrap", "create", "get", "index", "names", "update"]

Kinds = list[VolumeType]


async def bootstrap(tx: Tx) -> None:
    """Make the type of volumes for which none is asked, unless it is there."""
    kind = VolumeType(DEFAULT_TYPE_ID, DEFAULT_TYPE_NAME, "Files on a host", True, {}, tx.stamp, None)
    await types.add_if_missing(tx, kind)


async def get(tx: Reader, actor: Actor, type_id: str) -> VolumeType:
    """A type that the actor may use, by id. Raises NotFound."""
    found = await types.find(tx, type_id)
    if found is None or not await _may_use(tx, actor, found):
        raise NotFound(f"Volume type {type_id} could not be found.")
    return found


async def of(tx: Reader, type_id: str) -> VolumeType:
    """The type of a volume, which is there as long as the volume is."""
    found = await types.find(tx, type_id)
    assert found is not None, type_id
    return found


async def named(tx: Reader, actor: Actor, name_or_id: str) -> VolumeType:
    """A type that the actor may use, by id or name. Raises NotFound."""
    found = await types.find(tx, name_or_id) or await types.find_by_name(tx, name_or_id)
    if found is None or not await _may_use(tx, actor, found):
        raise NotFound(f"Volume type with name {name_or_id} could not be found.")
    return found


async def default(tx: Reader, actor: Actor) -> VolumeType:
    """The type of a volume for which none is asked: the project's own default, or the cloud's. Raises NotFound."""
    own = await types.default_of(tx, actor.project_id or "")
    found = await types.find(tx, own or DEFAULT_TYPE_ID)
    if found is None:
        raise NotFound("Default volume type can not be found.")
    return found


async def wanted(tx: Tx, actor: Actor, name_or_id: str | None) -> VolumeType:
    """The type for a new volume. Raises NotFound, and Invalid for one that no host can satisfy."""
    if name_or_id:
        found = await named(tx, actor, name_or_id)
    else:
        own = await types.default_of(tx, actor.project_id or "")
        found = await types.find(tx, own or DEFAULT_TYPE_ID) or await _made(tx)
    check_possible(found)
    return found


async def _made(tx: Tx) -> VolumeType:
    await bootstrap(tx)
    found = await types.find(tx, DEFAULT_TYPE_ID)
    assert found is not None, "it has just been made"
    return found


def check_possible(kind: VolumeType) -> None:
    """Raise Invalid, naming the spec, for a type that no host can satisfy."""
    spec = rules.unmet(kind.extra_specs)
    if spec is not None:
        raise Invalid(f"Invalid volume_type {kind.name}: no host for volumes offers {spec}.")


async def _may_use(tx: Reader, actor: Actor, kind: VolumeType) -> bool:
    return kind.is_public or actor.is_admin or actor.project_id in await types.projects(tx, kind.id)


async def index(tx: Reader, actor: Actor, wanted: Page, public: bool | None = True) -> Kinds:
    """Types that the actor's project may use; administrators get those that are public, are not, or all of them (None)."""
    if actor.is_admin and public is not True:
        return await types.page(tx, wanted if public is None else wanted.where("is_public", public))
    return await types.page(tx, wanted.where("usable_by", actor.project_id or ""))


async def names(tx: Reader, type_ids: set[str]) -> dict[str, str]:
    """The names of some types, by id."""
    return await types.names(tx, sorted(type_ids))


async def create(tx: Tx, name: str, fields: dict[str, Any]) -> VolumeType:
    """A new type. Raises Conflict if the name is taken, Invalid for a spec's name that cannot be."""
    for key in fields["extra_specs"]:
        rules.check_key(key)
    await _check_free(tx, name)
    kind = VolumeType(id=ids.new_uuid(), name=name, created_at=tx.stamp, updated_at=None, **fields)
    await types.add(tx, kind)
    return kind


async def _check_free(tx: Reader, name: str) -> None:
    if await types.find_by_name(tx, name) is not None:
        raise Conflict(f"Volume Type {name} already exists.")


async def update(tx: Tx, type_id: str, changes: dict[str, Any]) -> VolumeType:
    """Change name, description, whether it is public, or specs. Raises NotFound, Conflict."""
    kind = await types.hold(tx, type_id)
    if kind is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    if changes.get("name", kind.name) != kind.name:
        await _check_free(tx, changes["name"])
    changed = msgspec.structs.replace(kind, updated_at=tx.stamp, **changes)
    await types.save(tx, changed)
    return changed


async def delete(tx: Tx, type_id: str) -> None:
    """Remove a type. Raises NotFound, Invalid while volumes are of it and for the cloud's default."""
    if await types.hold(tx, type_id) is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    if type_id == DEFAULT_TYPE_ID:
        raise Invalid(f"The volume type {type_id} is the default volume type and cannot be deleted.")
    try:
        await types.remove(tx, type_id)
    except Duplicate:
        raise Invalid("Target volume type is still in use.") from None


async def set_specs(tx: Tx, type_id: str, specs: dict[str, str]) -> VolumeType:
    """Add specs, and overwrite those that are there. Raises NotFound, Invalid."""
    for key in specs:
        rules.check_key(key)
    kind = await types.hold(tx, type_id)
    if kind is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    return await update(tx, type_id, {"extra_specs": {**kind.extra_specs, **specs}})


def spec(kind: VolumeType, key: str, seen: dict[str, str] | None = None) -> str:
    """One spec of a type, of those that are `seen`. Raises NotFound."""
    found = (kind.extra_specs if seen is None else seen).get(key)
    if found is None:
        raise NotFound(f"Volume Type {kind.id} has no extra specs with key {key}.")
    return found


async def drop_spec(tx: Tx, type_id: str, key: str) -> None:
    """Remove one spec. Raises NotFound."""
    kind = await types.hold(tx, type_id)
    if kind is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    spec(kind, key)
    await update(tx, type_id, {"extra_specs": {name: value for name, value in kind.extra_specs.items() if name != key}})


async def projects(tx: Reader, type_id: str) -> list[str]:
    """Who may use a type that is not public. Raises NotFound, also for a public one."""
    found = await types.find(tx, type_id)
    if found is None or found.is_public:
        raise NotFound("Access list not available for public volume types.")
    return await types.projects(tx, type_id)


async def grant(tx: Tx, type_id: str, project_id: str) -> None:
    """Let a project use a type. Raises NotFound, Conflict if the type is public or the project may already."""
    kind = await types.hold(tx, type_id)
    if kind is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    if kind.is_public:
        raise Conflict("Type access modification is not applicable to public volume type.")
    if project_id in await types.projects(tx, type_id):
        raise Conflict(f"Volume type access for {type_id} / {project_id} combination already exists.")
    await types.grant(tx, type_id, project_id)


async def revoke(tx: Tx, type_id: str, project_id: str) -> None:
    """Take a type from a project. Raises NotFound, Conflict if the type is public."""
    kind = await types.hold(tx, type_id)
    if kind is None:
        raise NotFound(f"Volume type {type_id} could not be found.")
    if kind.is_public:
        raise Conflict("Type access modification is not applicable to public volume type.")
    if not await types.revoke(tx, type_id, project_id):
        raise NotFound(f"Volume type access not found for {type_id} / {project_id} combination.")


async def defaults(tx: Reader) -> list[tuple[str, str]]:
    """(project id, type id) of every project with a default of its own."""
    return await types.defaults(tx)


async def default_of(tx: Reader, project_id: str) -> str:
    """A project's own default. Raises NotFound."""
    found = await types.default_of(tx, project_id)
    if found is None:
        raise NotFound(f"Default type for project {project_id} not found.")
    return found


async def set_default(tx: Tx, actor: Actor, project_id: str, name_or_id: str) -> str:
    """Give a project a default of its own; the type's id. Raises Invalid."""
    try:
        kind = await named(tx, actor, name_or_id)
    except NotFound as problem:
        raise Invalid(problem.message) from None
    await types.set_default(tx, project_id, kind.id)
    return kind.id


async def drop_default(tx: Tx, project_id: str) -> None:
    """Take a project's own default away; nothing if it has none."""
    await types.drop_default(tx, project_id)


def position(found: Kinds, marker: str | None) -> int:
    """Where the page after `marker` begins. Raises Invalid, code `marker`, if it is not among them."""
    if marker is None:
        return 0
    for at, kind in enumerate(found):
        if kind.id == marker:
            return at + 1
    raise Invalid(f"Marker '{marker}' could not be found.", code="marker")
