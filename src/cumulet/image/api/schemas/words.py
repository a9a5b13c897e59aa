"""The words that schemas are made of."""

from __future__ import annotations

from typing import Any

UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
TEXT, TEXT_OR_NULL, INTEGER_OR_NULL, OBJECT_OR_NULL = "string", ["null", "string"], ["null", "integer"], ["null", "object"]


def field(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    """A field that a user may set."""
    return {"type": kind, "description": description, **more}


def fixed(kind: Any, description: str, **more: Any) -> dict[str, Any]:
    """A field that only the service sets."""
    return field(kind, description, readOnly=True, **more)


def array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": items, **more}


def described(*links: str) -> list[dict[str, str]]:
    """Links whose targets stand in the document: `self`, or a relation and the field that holds it, `enclosure=file`."""
    return [{"rel": rel, "href": f"{{{target or rel}}}"} for rel, _, target in (link.partition("=") for link in links)]


LINK = {"type": TEXT, "readOnly": True}
LISTED = described("first", "next", "describedby=schema")


def collection(name: str, items: dict[str, Any], paged: bool = True) -> dict[str, Any]:
    """The schema of a list; what its items' schema defines is defined for all of it. `paged` lists have links to pages."""
    item = {word: value for word, value in items.items() if word != "definitions"}
    pages = {"first": {"type": TEXT}, "next": {"type": TEXT}} if paged else {}
    made = {
        "name": name,
        "properties": {name: array(item), **pages, "schema": {"type": TEXT}},
        "links": LISTED if paged else described("describedby=schema"),
    }
    return made | ({"definitions": items["definitions"]} if "definitions" in items else {})
