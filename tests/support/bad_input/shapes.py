"""The bodies that routes take: their known fields with the JSON kinds each accepts, and an example that is understood.

Most routes declare a Struct, from which all of it is read; the others are in the tables of `examples.py`.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.inspect import (
    AnyType,
    BoolType,
    DictType,
    Field,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from cumulet.kernel.http import Route, Version
from cumulet.kernel.http.application import Service
from cumulet.kernel.http.versioned import at_version

ANYTHING = frozenset({"null", "boolean", "number", "string", "array", "object"})
_KINDS: dict[type[Type], frozenset[str]] = {
    AnyType: ANYTHING,
    NoneType: frozenset({"null"}),
    BoolType: frozenset({"boolean"}),
    IntType: frozenset({"number"}),
    FloatType: frozenset({"number"}),
    StrType: frozenset({"string"}),
    ListType: frozenset({"array"}),
    DictType: frozenset({"object"}),
    StructType: frozenset({"object"}),
}


class Shape(Struct):
    """A body: an object with an example of its contents, perhaps under a key of its own.

    `accepts` are the JSON kinds that each known field takes.
    """

    wrap: str | None
    example: Any
    accepts: dict[str, frozenset[str]]

    def body(self, **changed: Any) -> Any:
        """The example, with some fields changed."""
        inside = {**self.example, **changed} if isinstance(self.example, dict) else self.example
        return inside if self.wrap is None else {self.wrap: inside}


def declared(service: Service, route: Route, names: Mapping[str, Any]) -> Shape | None:
    """The shape of a body that a handler declares as a Struct; None for others."""
    kind = typing.get_type_hints(route.handler, include_extras=True).get("body")
    newest = None if service.versions is None else service.versions.highest
    version = Version.parse(route.until) if route.until else newest
    kinds = [each for each in (typing.get_args(kind) or (kind,)) if isinstance(each, type) and issubclass(each, Struct)]
    return of_struct(at_version(kinds[0], version), route.wrap, names) if kinds else None


def of_struct(kind: type[Struct], wrap: str | None, names: Mapping[str, Any]) -> Shape:
    """The shape of a Struct: the required fields are in the example, all of them are known."""
    info = type_info(kind)
    assert isinstance(info, StructType)
    example = {field.encode_name: sample(field.type, field.encode_name, names) for field in info.fields if _needed(field, names)}
    return Shape(wrap, example, {field.encode_name: kinds_of(field.type) for field in info.fields})


def plain(wrap: str | None, example: Any) -> Shape:
    """A shape told by an example: each of its fields takes the kind that it has there."""
    known = {name: frozenset({kind_of(value)}) for name, value in example.items()} if isinstance(example, dict) else {}
    return Shape(wrap, example, known)


def _needed(field: Field, names: Mapping[str, Any]) -> bool:
    return field.required


def sample(info: Type, name: str, names: Mapping[str, Any]) -> Any:
    """A value of a type; strings are what `names` has under the field's name."""
    if isinstance(info, Metadata):
        return sample(info.type, name, names)
    if isinstance(info, UnionType):
        return sample(next(each for each in info.types if not isinstance(each, NoneType)), name, names)
    if isinstance(info, StructType):
        return {f.encode_name: sample(f.type, f.encode_name, names) for f in info.fields if f.required}
    if isinstance(info, LiteralType):
        return info.values[0]
    if isinstance(info, ListType):
        return [sample(info.item_type, name, names)] if info.min_length or name in names else []
    if isinstance(info, DictType):
        return {}
    if isinstance(info, BoolType):
        return True
    if isinstance(info, IntType | FloatType):
        return max(1, info.ge or 1)
    return names.get(name, "x")


def kinds_of(info: Type) -> frozenset[str]:
    """The JSON kinds that a type takes."""
    if isinstance(info, UnionType):
        return frozenset().union(*(kinds_of(each) for each in info.types))
    if isinstance(info, Metadata):
        return kinds_of(info.type)
    if isinstance(info, LiteralType):
        return frozenset(kind_of(value) for value in info.values)
    return _KINDS.get(type(info), frozenset())


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    kinds = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]
