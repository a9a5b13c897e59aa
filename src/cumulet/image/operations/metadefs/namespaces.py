"""Namespaces: making them with everything in them, finding, changing, emptying, deleting them."""

from __future__ import annotations

import msgspec

from ....kernel import ids
from ....kernel.db import Duplicate, Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ....kernel.policy import Actor
from ...metadefs import OBJECT, PROPERTY, TAG, Namespace, NamespaceDocument
from ...store.metadefs import items as item_rows
from ...store.metadefs import namespaces
from . import events, items, resource_types
from .protection import check_not_protected


async def get(tx: Reader, actor: Actor, name: str) -> Namespace:
    """A namespace that the actor may see: a public one, or his project's. Raises NotFound."""
    found = await namespaces.find(tx, name, actor.scope)
    if found is None:
        raise NotFound(f"Metadata definition namespace {name} not found")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Namespace]:
    """A page of the namespaces that the actor may see; the marker is a namespace's name. Raises NotFound if that is unknown."""
    if wanted.marker is not None:
        marked = await get(tx, actor, wanted.marker)
        wanted = msgspec.structs.replace(wanted, marker=marked.id)
    return await namespaces.page(tx, wanted, actor.scope)


async def create(tx: Tx, actor: Actor, wanted: NamespaceDocument) -> Namespace:
    """A namespace and all that the document puts into it. Raises Conflict if a name is taken, Invalid."""
    made = _row(wanted, actor, ids.new_hex(), tx.stamp, tx.stamp)
    try:
        await namespaces.add(tx, made)
    except Duplicate:
        raise Conflict(f"The metadata definition namespace={made.namespace} already exists.") from None
    await events.of_namespace(tx, "create", made)
    for association in wanted.resource_type_associations:
        await resource_types.associate(tx, made, association)
    await items.add(tx, made, OBJECT, wanted.objects)
    await items.add(tx, made, TAG, wanted.tags)
    named = [msgspec.structs.replace(described, name=name) for name, described in wanted.properties.items()]
    await items.add(tx, made, PROPERTY, named)
    return made


def _row(wanted: NamespaceDocument, actor: Actor, namespace_id: str, created_at: str, updated_at: str) -> Namespace:
    fields = {n: getattr(wanted, n) for n in ("namespace", "display_name", "description", "visibility", "protected")}
    return Namespace(
        id=namespace_id, owner=wanted.owner or actor.project_id, created_at=created_at, updated_at=updated_at, **fields
    )


async def update(tx: Tx, actor: Actor, before: Namespace, wanted: NamespaceDocument) -> Namespace:
    """Say anew what a namespace is: what the document leaves out goes back to its default; what is in it stays.

    Raises Conflict if its new name is taken.
    """
    after = _row(wanted, actor, before.id, before.created_at, tx.stamp)
    try:
        await namespaces.save(tx, after)
    except Duplicate:
        raise Conflict(f"The metadata definition namespace={after.namespace} already exists.") from None
    await events.of_namespace(tx, "update", after, before.namespace)
    return after


async def delete(tx: Tx, namespace: Namespace) -> None:
    """Delete a namespace with everything in it. Raises Forbidden if it is protected."""
    check_not_protected(namespace)
    await namespaces.remove(tx, namespace)
    await events.of_namespace(tx, "delete", namespace)


async def empty(tx: Tx, namespace: Namespace, kind: str) -> None:
    """Delete all items of one kind. Raises Forbidden if the namespace is protected."""
    check_not_protected(namespace)
    await item_rows.remove_all(tx, namespace.id, kind)
    await events.of_namespace(tx, {OBJECT: "delete_objects", PROPERTY: "delete_properties", TAG: "delete_tags"}[kind], namespace)
