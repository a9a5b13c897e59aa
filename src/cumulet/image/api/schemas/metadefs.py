"""Metadata definitions. https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-schemas"""

from __future__ import annotations

from typing import Any

from .words import LINK, LISTED, TEXT, array, collection, field, fixed

_INSTANTS = {
    "created_at": fixed(TEXT, "When it was made", format="date-time"),
    "updated_at": fixed(TEXT, "When it was changed last", format="date-time"),
}
_COUNT, _COUNT_FROM_0 = {"$ref": "#/definitions/positiveInteger"}, {"$ref": "#/definitions/positiveIntegerDefault0"}
_TEXTS = {"$ref": "#/definitions/stringArray"}
_KIND = {"type": TEXT, "enum": ["array", "boolean", "integer", "number", "object", "string", None]}
_ITEMS = {"type": "object", "properties": {"type": _KIND, "enum": {"type": "array"}}}
_NAME = {"type": TEXT, "maxLength": 80}
_PROPERTY_FIELDS: dict[str, Any] = {
    "name": _NAME,
    "title": {"type": TEXT},
    "description": {"type": TEXT},
    "operators": array({"type": TEXT}),
    "type": _KIND,
    "required": _TEXTS,
    "minimum": {"type": "number"},
    "maximum": {"type": "number"},
    "maxLength": _COUNT,
    "minLength": _COUNT_FROM_0,
    "pattern": {"type": TEXT, "format": "regex"},
    "enum": {"type": "array"},
    "readonly": {"type": "boolean"},
    "default": {},
    "items": _ITEMS,
    "maxItems": _COUNT,
    "minItems": _COUNT_FROM_0,
    "uniqueItems": {"type": "boolean", "default": False},
    "additionalItems": {"type": "boolean"},
}
_NUMBERS: dict[str, Any] = {
    "positiveInteger": {"type": "integer", "minimum": 0},
    "positiveIntegerDefault0": {"allOf": [_COUNT, {"default": 0}]},
}
_STRINGS: dict[str, Any] = array({"type": TEXT}, uniqueItems=True)
_DEFINITIONS: dict[str, Any] = {
    **_NUMBERS,
    "stringArray": _STRINGS,
    "property": {
        "type": "object",
        "additionalProperties": {"type": "object", "required": ["title", "type"], "properties": _PROPERTY_FIELDS},
    },
}
_PROPERTIES = {"$ref": "#/definitions/property"}
_PART = {"type": TEXT}
_NAMESPACE_FIELDS: dict[str, Any] = {
    "namespace": field(TEXT, "The namespace's name, of which there is one", maxLength=80),
    "display_name": field(TEXT, "What people call the namespace", maxLength=80),
    "description": field(TEXT, "What people should know about the namespace", maxLength=500),
    "visibility": field(TEXT, "Who can see the namespace", enum=["public", "private"]),
    "protected": field("boolean", "Whether the namespace is safe from being deleted"),
    "owner": field(TEXT, "The project that owns the namespace", maxLength=255),
    **_INSTANTS,
    "schema": LINK,
    "self": LINK,
    "resource_type_associations": array(
        {"type": "object", "properties": {"name": _PART, "prefix": _PART, "properties_target": _PART}}
    ),
    "properties": _PROPERTIES,
    "objects": array(
        {"type": "object", "properties": {"name": _PART, "description": _PART, "required": _TEXTS, "properties": _PROPERTIES}}
    ),
    "tags": array({"type": "object", "properties": {"name": _PART}}),
}
_OBJECT_FIELDS: dict[str, Any] = {
    "name": _NAME,
    "description": {"type": TEXT},
    "required": _TEXTS,
    "properties": _PROPERTIES,
    "schema": LINK,
    "self": LINK,
    **_INSTANTS,
}
_ASSOCIATION_FIELDS: dict[str, Any] = {
    "name": field(TEXT, "The type of resources, by the name that Heat has for it where there is one", maxLength=80),
    "prefix": field(TEXT, "What stands before the names of properties on such resources, with its separator", maxLength=80),
    "properties_target": field(TEXT, "Which of several sets of properties of such a resource is meant", maxLength=80),
    **_INSTANTS,
}


def _schema(name: str, fields: dict[str, Any], required: list[str], definitions: dict[str, Any] | None = None) -> dict[str, Any]:
    made = {"name": name, "properties": fields, "additionalProperties": False, "required": required}
    return made | ({"definitions": definitions} if definitions else {})


NAMESPACE = _schema("namespace", _NAMESPACE_FIELDS, ["namespace"], _DEFINITIONS)
NAMESPACES = collection("namespaces", NAMESPACE)
OBJECT = _schema("object", _OBJECT_FIELDS, ["name"], _DEFINITIONS)
OBJECTS = collection("objects", OBJECT)
RESOURCE_TYPE = _schema("resource_type_association", _ASSOCIATION_FIELDS, ["name"])
RESOURCE_TYPES = collection("resource_type_associations", RESOURCE_TYPE)
TAG = _schema("tag", {"name": _NAME, **_INSTANTS}, ["name"])
TAGS = collection("tags", TAG)

_OF_PROPERTY = {**_NUMBERS, "stringArray": {**_STRINGS, "minItems": 1}}
PROPERTY = _schema("property", _PROPERTY_FIELDS, ["type", "title", "name"], _OF_PROPERTY)
PROPERTIES: dict[str, Any] = {
    "name": "properties",
    "properties": {
        "properties": {
            "type": "object",
            "additionalProperties": _schema("property", _PROPERTY_FIELDS, ["type", "title"]),
        },
        "first": {"type": TEXT},
        "next": {"type": TEXT},
        "schema": {"type": TEXT},
    },
    "links": LISTED,
    "definitions": _OF_PROPERTY,
}
"""Properties are listed by name, so the name is not among the fields of each."""
