"""What is in namespaces: objects, properties, tags. A name is there once per namespace and kind."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ....kernel import ids
from ....kernel.db import Duplicate, Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ...metadefs import TAG, Item, Namespace, ObjectDocument, PropertyDocument, TagDocument, contents
from ...store.metadefs import items
from . import events
from .protection import check_not_protected

Document = ObjectDocument | PropertyDocument | TagDocument


async def get(tx: Reader, namespace: Namespace, kind: str, name: str) -> Item:
    """One item. Raises NotFound."""
    found = await items.find(tx, namespace.id, kind, name)
    if found is None:
        raise NotFound(f"The metadata definition {kind} with name={name} was not found in namespace={namespace.namespace}.")
    return found


async def everything(tx: Reader, namespace: Namespace) -> list[Item]:
    """Every item of every kind, in the order in which they were made."""
    return await items.of_namespace(tx, namespace.id)


async def page(tx: Reader, namespace: Namespace, kind: str, wanted: Page) -> list[Item]:
    """A page of the items of one kind; the marker is a name. Raises NotFound if that is unknown."""
    if wanted.marker is not None:
        marked = await get(tx, namespace, kind, wanted.marker)
        wanted = msgspec.structs.replace(wanted, marker=marked.id)
    return await items.page(tx, wanted, namespace.id, kind)


async def add(tx: Tx, namespace: Namespace, kind: str, wanted: Sequence[Document]) -> list[Item]:
    """New items of one kind, all or none. Raises Conflict if a name is taken."""
    made = [
        Item(ids.new_hex(), namespace.id, kind, str(one.name), contents(one), at, tx.stamp, tx.stamp)
        for at, one in enumerate(wanted)
    ]
    try:
        await items.add(tx, made)
    except Duplicate:
        named = ", ".join(item.name for item in made)
        raise Conflict(f"A metadata definition {kind} with name={named} already exists in {namespace.namespace}.") from None
    for item in made:
        await events.of_item(tx, "create", namespace, item)
    return made


async def replace_tags(tx: Tx, namespace: Namespace, wanted: Sequence[TagDocument]) -> list[Item]:
    """These tags instead of those that are there; no tags at all change nothing. Raises Conflict for a tag named twice."""
    if wanted:
        await items.remove_all(tx, namespace.id, TAG)
    return await add(tx, namespace, TAG, wanted)


async def change(tx: Tx, namespace: Namespace, before: Item, wanted: Document) -> Item:
    """Say anew what an item is. Raises Conflict if its new name is taken."""
    after = msgspec.structs.replace(before, name=str(wanted.name), content=contents(wanted), updated_at=tx.stamp)
    try:
        await items.save(tx, after)
    except Duplicate:
        raise Conflict(f"A metadata definition {before.kind} with name={after.name} exists in {namespace.namespace}.") from None
    await events.of_item(tx, "update", namespace, after, before.name)
    return after


async def delete(tx: Tx, namespace: Namespace, item: Item) -> None:
    """Delete one. Raises Forbidden if the namespace is protected."""
    check_not_protected(namespace)
    await items.remove(tx, item)
    await events.of_item(tx, "delete", namespace, item)
