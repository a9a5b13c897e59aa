"""What is told of metadata definitions: upstream's events and payloads.

https://docs.openstack.org/glance/latest/admin/notifications.html
"""

from __future__ import annotations

from typing import Any

from ....kernel.db import Tx
from ....kernel.notifications import tell
from ...metadefs import OBJECT, PROPERTY, Association, Item, Namespace

_SAID_OF_PROPERTY = (
    *("type", "title", "description", "default", "minimum", "maximum", "enum", "pattern", "minLength", "maxLength"),
    *("confidential", "items", "uniqueItems", "minItems", "maxItems", "additionalItems"),
)


def _life(tx: Tx, row: Namespace | Item | Association, event: str) -> dict[str, Any]:
    deleted = event == "delete"
    times = {"created_at": f"{row.created_at[:19]}Z", "updated_at": f"{row.updated_at[:19]}Z"}
    return {**times, "deleted": deleted, "deleted_at": f"{tx.stamp[:19]}Z" if deleted else None}


async def of_namespace(tx: Tx, event: str, row: Namespace, old_name: str | None = None) -> None:
    """A namespace was made, changed, deleted, or emptied of one kind of items (`delete_tags` and the like)."""
    names = ("namespace", "display_name", "protected", "visibility", "owner", "description")
    said = {name: getattr(row, name) for name in names}
    old = {"namespace_old": old_name or row.namespace}
    await tell(tx, "image", f"metadef_namespace.{event}", {**said, **old, **_life(tx, row, event)})


async def of_item(tx: Tx, event: str, namespace: Namespace, row: Item, old_name: str | None = None) -> None:
    """An object, a property or a tag was made, changed or deleted."""
    said: dict[str, Any] = {"namespace": namespace.namespace, "name": row.name, "name_old": old_name or row.name}
    if row.kind == PROPERTY:
        said |= {name: row.content.get(name) for name in _SAID_OF_PROPERTY}
    if row.kind == OBJECT:
        said |= {"description": row.content["description"], "required": row.content["required"]}
        said["properties"] = [
            {"name": name, **{word: described.get(word) for word in _SAID_OF_PROPERTY}}
            for name, described in row.content["properties"].items()
        ]
    await tell(tx, "image", f"metadef_{row.kind}.{event}", {**said, **_life(tx, row, event)})


async def of_association(tx: Tx, event: str, namespace: Namespace, row: Association) -> None:
    """A type of resources was associated, or is no more."""
    said: dict[str, Any] = {"namespace": namespace.namespace, "name": row.name, "name_old": row.name}
    said |= {"prefix": row.prefix, "properties_target": row.properties_target}
    await tell(tx, "image", f"metadef_resource_type.{event}", {**said, **_life(tx, row, event)})
