"""Microversions as data: a field says when it lives; handlers know only the newest version.

    class NewServer(Struct, forbid_unknown_fields=True):
        name: str
        tags: Annotated[list[str] | UnsetType, Lives("2.52")] = UNSET

Reading at 2.51 refuses `tags` as it refuses any unknown key. Writing at 2.51 leaves it out. A body's versioned field needs a
default: it is what the handler sees when the client's version does not have the field.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeVar, Union

import msgspec

from ..errors import Invalid, NotAcceptable

S = TypeVar("S")


class Version(NamedTuple):
    """A microversion: 2.79 is older than 2.100."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """`2.79` as a Version. Raises ValueError."""
        if not re.fullmatch(r"\d+\.\d+", text):
            raise ValueError(f"{text!r} is not a version")
        major, minor = text.split(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


NEWEST = Version(10_000, 0)


def Lives(since: str = "0.0", until: str | None = None) -> msgspec.Meta:
    """Annotation of a field that exists from `since` to `until`, both included."""
    return msgspec.Meta(extra={"since": Version.parse(since), "until": Version.parse(until) if until else NEWEST})


class Versions(NamedTuple):
    """The range of microversions of a service, and the headers in which they are negotiated.

    `service` is the word in `OpenStack-API-Version: <service> 2.1`; `legacy` an older header which holds just the number.
    With `zero` a version such as 0.5 is one that is not served; without, it is malformed. `vary` is how answers name the header
    that they depend on.
    """

    lowest: Version
    highest: Version
    service: str
    legacy: str | None = None
    zero: bool = False
    vary: str = "OpenStack-API-Version"

    def negotiate(self, header: str | None, legacy: str | None) -> Version:
        """The version to speak. Without a header the lowest.

        Raises Invalid for a malformed one, NotAcceptable outside the range.
        """
        asked = self._asked(header) or legacy
        if asked is None:
            return self.lowest
        if asked == "latest":
            return self.highest
        if not re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)" if self.zero else r"[1-9]\d*\.(0|[1-9]\d*)", asked):
            raise Invalid(f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum.")
        version = Version.parse(asked)
        if not self.lowest <= version <= self.highest:
            raise NotAcceptable(
                f"Version {asked} is not supported by the API. Minimum is {self.lowest} and maximum is {self.highest}.",
                code="version",
            )
        return version

    def _asked(self, header: str | None) -> str | None:
        for part in (header or "").split(","):
            service, _, number = part.strip().partition(" ")
            if service.lower() == self.service and number:
                return number.strip()
        return None


def _lifetime(annotation: Any) -> tuple[Version, Version] | None:
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.extra and "since" in extra.extra:
            return extra.extra["since"], extra.extra["until"]
    return None


@cache
def _boundaries(kind: Any) -> frozenset[Version]:
    """Every version at which something in this type, or in the types of its fields, comes or goes."""
    found: set[Version] = set()
    for annotation in _parts(kind):
        lifetime = _lifetime(annotation)
        if lifetime:
            since, until = lifetime
            found |= {since, Version(until.major, until.minor + 1)}
        found |= _boundaries(annotation)
    if kind in _DOWNGRADES:
        found |= {Version(until.major, until.minor + 1) for until, _ in _DOWNGRADES[kind]}
    return frozenset(found)


def _parts(kind: Any) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return list(typing.get_type_hints(kind, include_extras=True).values())
    return list(typing.get_args(kind)) if typing.get_origin(kind) is not None else []


def at_version(kind: Any, version: Version | None) -> Any:
    """The type as it was at `version`: the type itself if nothing in it ever changed."""
    boundaries = _boundaries(kind)
    if version is None or not boundaries:
        return kind
    return _variant(kind, max((b for b in boundaries if b <= version), default=Version(0, 0)))


@cache
def _variant(kind: Any, version: Version) -> Any:
    if not _boundaries(kind):
        return kind
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct_variant(kind, version)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return typing.Annotated[(_variant(arguments[0], version), *arguments[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(_variant(a, version) for a in arguments)]  # noqa: UP007 (built at run time)
    return origin[tuple(_variant(a, version) for a in arguments)]


def _struct_variant(kind: type[msgspec.Struct], version: Version) -> type[msgspec.Struct]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields: list[Any] = []
    absent: dict[str, Any] = {name: value for name, value in vars(kind).items() if _is_behaviour(name, value)}
    for info in msgspec.structs.fields(kind):
        since, until = _lifetime(hints[info.name]) or (Version(0, 0), NEWEST)
        if not since <= version <= until:
            absent[info.name] = _default(info)
            continue
        default = msgspec.field(name=info.encode_name)
        if info.default is not msgspec.NODEFAULT:
            default = msgspec.field(name=info.encode_name, default=info.default)
        elif info.default_factory is not msgspec.NODEFAULT:
            default = msgspec.field(name=info.encode_name, default_factory=info.default_factory)
        fields.append((info.name, _variant(hints[info.name], version), default))
    strict = kind.__struct_config__.forbid_unknown_fields
    return msgspec.defstruct(kind.__name__, fields, namespace=absent, forbid_unknown_fields=strict, kw_only=True)


def _default(info: msgspec.structs.FieldInfo) -> Any:
    """What a handler sees of a field that the client's version does not have."""
    if info.default is not msgspec.NODEFAULT:
        return info.default
    return None if info.default_factory is msgspec.NODEFAULT else info.default_factory()


def _is_behaviour(name: str, value: Any) -> bool:
    """Methods and properties: a body's variant has them too."""
    special = name.startswith("__") and name != "__post_init__"
    return not special and isinstance(value, types.FunctionType | property | staticmethod | classmethod)


Fix = Callable[[dict[str, Any]], None]
_DOWNGRADES: dict[Any, list[tuple[Version, Fix]]] = {}


def downgrade(view: type, until: str) -> Callable[[Fix], Fix]:
    """Register a function that makes a view's JSON object what it was up to `until`, for what is not a field coming or going."""

    def register(fix: Fix) -> Fix:
        fixes = _DOWNGRADES.setdefault(view, [])
        fixes.append((Version.parse(until), fix))
        fixes.sort(key=lambda entry: entry[0], reverse=True)
        return fix

    return register


def encode(view: Any, version: Version | None) -> bytes:
    """The JSON of a view, as a client of `version` knows it."""
    if isinstance(view, dict):
        return msgspec.json.encode({k: _plain(v, version) for k, v in view.items()})
    return msgspec.json.encode(_plain(view, version))


def _plain(view: Any, version: Version | None) -> Any:
    if version is None:
        return view
    if isinstance(view, list):
        return [_plain(v, version) for v in view]
    if not isinstance(view, msgspec.Struct):
        return view
    kind = at_version(type(view), version)
    # By way of plain objects: msgspec does not take UNSET from attributes.
    written = view if kind is type(view) else msgspec.convert(msgspec.to_builtins(view), kind)
    fixes = [fix for until, fix in _DOWNGRADES.get(type(view), ()) if version <= until]
    if not fixes:
        return written
    document = msgspec.to_builtins(written)
    for fix in fixes:
        fix(document)
    return document
