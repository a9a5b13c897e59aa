"""From a JSON object to a Struct, as upstream reads one: flags and numbers may be texts, strange attributes are named."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from ...kernel.errors import Invalid

S = TypeVar("S", bound=msgspec.Struct)


def read(item: Any, kind: type[S]) -> S:
    """The object as a Struct; `tenant_id` is `project_id`. Raises Invalid (HTTPBadRequest, InvalidInput) naming the attribute."""
    if not isinstance(item, dict):
        raise bad("Body contains invalid data")
    given = dict(item)
    if "tenant_id" in given:
        tenant = given.pop("tenant_id")
        if given.setdefault("project_id", tenant) != tenant:
            raise bad("'project_id' and 'tenant_id' do not match")
    strange = sorted(set(given).difference(kind.__struct_encode_fields__))
    if strange:
        raise bad(f"Unrecognized attribute(s) '{', '.join(strange)}'")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise _explained(str(problem)) from None


def bad(message: str) -> Invalid:
    """The problem that a request is not formed as it must be."""
    return Invalid(message, code="HTTPBadRequest")


def _explained(text: str) -> Invalid:
    """msgspec's words in upstream's form."""
    what, _, where = text.rpartition(" - at `")
    if "missing required field" in text:
        return bad(f"Failed to parse request. Required attribute '{text.split('`')[1]}' not specified")
    name = where.strip("`").removeprefix("$.") or "body"
    return Invalid(f"Invalid input for {name}. Reason: {what or text}.", code="InvalidInput")
