"""What clients get to see. What has no value is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...metadefs import OBJECT, PROPERTY, TAG, Association, Item, Namespace, ResourceType

PATH = "/v2/metadefs/namespaces"


def _life(row: Namespace | Item | Association | ResourceType) -> dict[str, str]:
    return {"created_at": f"{row.created_at[:19]}Z", "updated_at": f"{row.updated_at[:19]}Z"}


def namespace(row: Namespace, associations: Sequence[Association] = (), items: Sequence[Item] = ()) -> dict[str, Any]:
    """A namespace, with what is in it as far as it was read."""
    said = {name: getattr(row, name) for name in ("namespace", "display_name", "description", "visibility", "protected", "owner")}
    shown = {name: value for name, value in said.items() if value is not None} | _life(row)
    parts = {
        "resource_type_associations": [association(one) for one in associations],
        "properties": {one.name: one.content for one in items if one.kind == PROPERTY},
        "objects": [object_(row, one) for one in items if one.kind == OBJECT],
        "tags": [{"name": one.name} for one in items if one.kind == TAG],
    }
    shown |= {name: value for name, value in parts.items() if value}
    return shown | {"self": f"{PATH}/{row.namespace}", "schema": "/v2/schemas/metadefs/namespace"}


def prefixed(shown: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """A namespace as it looks from a type of resources: the names of properties have the type's prefix."""
    prefix = next((a.get("prefix") for a in shown.get("resource_type_associations", []) if a["name"] == resource_type), None)
    if not prefix:
        return shown

    def renamed(properties: dict[str, Any]) -> dict[str, Any]:
        return {prefix + name: described for name, described in properties.items()}

    changed = dict(shown)
    if "properties" in shown:
        changed["properties"] = renamed(shown["properties"])
    if "objects" in shown:
        changed["objects"] = [
            {**one, "properties": renamed(one["properties"]), "required": [prefix + name for name in one["required"]]}
            for one in shown["objects"]
        ]
    return changed


def object_(namespace: Namespace, row: Item) -> dict[str, Any]:
    """An object."""
    shown = {name: value for name, value in row.content.items() if value is not None}
    link = f"{PATH}/{namespace.namespace}/objects/{row.name}"
    return {"name": row.name, **shown, **_life(row), "self": link, "schema": "/v2/schemas/metadefs/object"}


def property_(row: Item) -> dict[str, Any]:
    """A property, with its name."""
    return {"name": row.name, **row.content}


def tag(row: Item) -> dict[str, Any]:
    """A tag."""
    return {"name": row.name, **_life(row)}


def association(row: Association) -> dict[str, Any]:
    """A type of resources that a namespace speaks of."""
    said = {"name": row.name, "prefix": row.prefix, "properties_target": row.properties_target}
    return {name: value for name, value in said.items() if value is not None} | _life(row)


def resource_type(row: ResourceType) -> dict[str, Any]:
    """A type of resources."""
    return {"name": row.name, **_life(row)}
