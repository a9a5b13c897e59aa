"""Metadata definitions: namespaces that say which properties images, flavors and volumes may have, and what these mean.

A namespace holds properties, objects (groups of properties) and tags, here called its items, and is associated with types of
resources. Documents are what users send; rows are what is kept.
https://docs.openstack.org/api-ref/image/v2/metadefs-index.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ..kernel.errors import Forbidden, Invalid
from ..kernel.http.documents import explain

OBJECT, PROPERTY, TAG = "object", "property", "tag"
"""The kinds of items."""

READ_ONLY = ("self", "schema", "created_at", "updated_at")

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Count = Annotated[int, Meta(ge=0)]
Kind = Literal["array", "boolean", "integer", "number", "object", "string"]
D = TypeVar("D", bound=Struct)


class Namespace(Struct, frozen=True):
    """A namespace. Private ones are seen by their owner, a project; instants are stamps."""

    id: str
    namespace: str
    display_name: str | None
    description: str | None
    visibility: str
    protected: bool
    owner: str | None
    created_at: str
    updated_at: str


class Item(Struct, frozen=True):
    """An object, a property or a tag; `content` is all of it but its name. `position` orders what was made in one request."""

    id: str
    namespace_id: str
    kind: str
    name: str
    content: dict[str, Any]
    position: int
    created_at: str
    updated_at: str


class ResourceType(Struct, frozen=True):
    """A type of resources that some namespace was associated with at some time."""

    name: str
    created_at: str
    updated_at: str


class Association(Struct, frozen=True):
    """A namespace speaks of a type of resources, whose properties have the prefix in front of their names."""

    namespace_id: str
    name: str
    prefix: str | None
    properties_target: str | None
    created_at: str
    updated_at: str


class ItemsOfArray(Struct, forbid_unknown_fields=True):
    """What a property of type array holds."""

    type: Kind
    enum: list[Any] | UnsetType = UNSET


class PropertyDocument(Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """What a property is: much of JSON schema's words."""

    type: Kind
    title: str
    name: Name | UnsetType = UNSET
    description: str | UnsetType = UNSET
    operators: list[str] | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    default: Any = UNSET
    readonly: bool | UnsetType = UNSET
    confidential: bool | UnsetType = UNSET
    minimum: int | float | UnsetType = UNSET
    maximum: int | float | UnsetType = UNSET
    min_length: Count | UnsetType = UNSET
    max_length: Count | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    enum: list[Any] | UnsetType = UNSET
    items: ItemsOfArray | UnsetType = UNSET
    min_items: Count | UnsetType = UNSET
    max_items: Count | UnsetType = UNSET
    unique_items: bool | UnsetType = UNSET
    additional_items: bool | UnsetType = UNSET


class ObjectDocument(Struct, forbid_unknown_fields=True):
    """A group of properties; `required` names those that must be there if any is."""

    name: Name
    description: str | None = None
    required: list[str] = []
    properties: dict[Name, PropertyDocument] = {}


class TagDocument(Struct, forbid_unknown_fields=True):
    """A word."""

    name: Name


class TagsDocument(Struct, forbid_unknown_fields=True):
    """Several words."""

    tags: list[TagDocument]


class AssociationDocument(Struct, forbid_unknown_fields=True):
    """Which type of resources, the prefix of its properties, and where it keeps them."""

    name: Name
    prefix: Annotated[str, Meta(max_length=80)] | None = None
    properties_target: Annotated[str, Meta(max_length=80)] | None = None


class NamespaceDocument(Struct, forbid_unknown_fields=True):
    """A namespace with everything in it."""

    namespace: Name
    display_name: Annotated[str, Meta(max_length=80)] | None = None
    description: Annotated[str, Meta(max_length=500)] | None = None
    visibility: Literal["public", "private"] = "private"
    protected: bool = False
    owner: Annotated[str, Meta(max_length=255)] | None = None
    resource_type_associations: list[AssociationDocument] = []
    properties: dict[Name, PropertyDocument] = {}
    objects: list[ObjectDocument] = []
    tags: list[TagDocument] = []


def read(kind: type[D], body: dict[str, Any]) -> D:
    """A document that a user sent. Raises Forbidden for what only the service says, Invalid naming the field."""
    for name in READ_ONLY:
        if name in body:
            raise Forbidden(f"Attribute '{name}' is read-only.")
    try:
        return msgspec.convert({name: _without_facts(value) for name, value in body.items()}, kind)
    except msgspec.ValidationError as problem:
        raise Invalid(explain(str(problem))) from None


def _without_facts(value: Any) -> Any:
    """What is shown of a namespace can be sent again: what the service said about its parts is left out."""
    if not isinstance(value, list):
        return value
    return [{k: v for k, v in part.items() if k not in READ_ONLY} if isinstance(part, dict) else part for part in value]


def contents(document: Struct) -> dict[str, Any]:
    """What is kept of a property, an object or a tag beside its name."""
    content: dict[str, Any] = msgspec.to_builtins(document)
    content.pop("name", None)
    for described in content.get("properties", {}).values():
        described.pop("name", None)
    return content
