"""Bodies that no client should send, to every route that takes one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.bad_input.examples import shape_of, title
from tests.support.bad_input.judging import Judge
from tests.support.bad_input.shapes import Shape
from tests.support.bad_input.turns import Turns
from tests.support.bad_input.world import World

from cumulet.kernel.http import Route
from cumulet.kernel.http.application import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG: dict[str, Any] = {"null": None, "boolean": True, "number": 7, "string": "x", "array": ["x"], "object": {"x": 1}}
NUL, HUGE = '"a\\u0000b"', str(2**63)
ODD = {
    "string": (f'"{"n" * 300}"', '""', '"\u00e9\U0001f600\u202e"', '"\u00b2"', '"--5"', f'"{"9" * 5000}"'),
    "number": (HUGE, str(-(2**70)), "-1", "1.5"),
    "array": ("[null]", f"[{HUGE}]", "[[[]]]"),
    "object": (f'{{"a":{HUGE}}}', '{"":[{}]}'),
}
"""Values of the right kind that are strange: some routes take some of them."""

NEVER = (NUL, f"[{NUL}]", '"\\ud800"', "NaN", "1e400")
"""Values that nothing takes."""

TOP = (b"null", b"true", b"7", b'"x"', b"[]", b"[[1]]", b"[" * 10_000, b"NaN")
MALFORMED = (b"{", b'{"a":}', b"\xff\xfe{}", b'{"a": "\xff"}', b"{'a': 1}", b"\x00")
STATE = ("/v3/volumes/{volume_id}/action", "/v3/snapshots", "/v3/attachments", "/v3/os-quota-sets/{project_id}", "/v2.0/subnets")
"""Paths that answer 400 when the state does not allow what is well asked, as upstream's do."""

EXTENSIBLE = {"identity", "image"}
"""Services that keep most fields which they do not know, as upstream's do."""

OWN_KEYS = ("/metadata", "/metadata/{key}", "/extra_specs/{key}", "/os-extra_specs/{key}", "/allocations")
"""Bodies whose keys are the client's own."""

LENIENT = {"POST /v3/volumes/{volume_id}/action revert"}
"""For which upstream has no schema."""

MAY_BE_NULL = {
    "POST /v2/images": {"name", "disk_format", "container_format"},
    "POST /v2/metadefs/namespaces": {"display_name"},
    "PUT /v2/metadefs/namespaces/{namespace}": {"display_name"},
    "POST /v2/metadefs/namespaces/{namespace}/objects": {"description"},
    "PUT /v2/metadefs/namespaces/{namespace}/objects/{name}": {"description"},
}
"""Fields of examples that take null, too."""


def bodied(world: World) -> Iterator[tuple[Service, Route, Shape]]:
    """Every route that takes a body."""
    for service, route in world.routes():
        shape = shape_of(service, route, world.values)
        if shape is not None:
            yield service, route, shape


def with_raw(shape: Shape, field: str, raw: str) -> bytes:
    """The shape's example with one value as it is to be on the wire."""
    return json.dumps(shape.body(**{field: "@"})).replace('"@"', raw, 1).encode()


async def test_what_is_no_json_is_refused_everywhere(world: World, judge: Judge) -> None:
    malformed = Turns(3, MALFORMED)
    for service, route, _ in bodied(world):
        for body in next(malformed):
            await judge.refused(service, world.asked(service, route, body), 400)


async def test_what_is_no_object_is_refused_everywhere(world: World, judge: Judge) -> None:
    outer, inner = Turns(4, TOP), Turns(2, TOP[1:6])
    for service, route, shape in bodied(world):
        wrapped = () if shape.wrap is None else tuple(b'{"%s":%s}' % (shape.wrap.encode(), top) for top in next(inner))
        for body in (b"", *next(outer), *wrapped):
            await judge.refused(service, world.asked(service, route, body), 400)


async def test_a_field_that_is_not_known_is_refused_where_upstream_refuses_it(world: World, judge: Judge) -> None:
    for service, route, shape in bodied(world):
        asked = world.asked(service, route, json.dumps(shape.body(no_such_field="x")).encode())
        if service.name not in EXTENSIBLE and not route.path.endswith(OWN_KEYS) and title(route) not in LENIENT:
            await judge.refused(service, asked, naming="no_such_field")


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(world: World, judge: Judge) -> None:
    for service, route, _ in bodied(world):
        asked = world.asked(service, route, b"{}")
        asked.headers["content-length"] = str(route.limit + 1)
        await judge.refused(service, asked, 413)
    service, route, _ = next(bodied(world))
    endless = world.asked(service, route, b" " * (route.limit + 1))
    endless.headers |= {"content-length": "", "transfer-encoding": "chunked"}
    await judge.refused(service, endless, 413)


async def test_a_body_that_says_it_is_no_json_is_refused(world: World, judge: Judge) -> None:
    for service, route, shape in bodied(world):
        asked = world.asked(service, route, json.dumps(shape.body()).encode())
        asked.headers["content-type"] = "text/plain"
        await judge.refused(service, asked, 415)


async def test_a_value_of_the_wrong_kind_is_refused_and_its_field_named(world: World, judge: Judge) -> None:
    for service, route, shape in bodied(world):
        for field, kinds in shape.accepts.items():
            for kind, value in WRONG.items():
                if kind not in kinds and not (value is None and field in MAY_BE_NULL.get(title(route), ())):
                    body = json.dumps(shape.body(**{field: value})).encode()
                    await judge.refused(service, world.asked(service, route, body), naming=field)


async def test_what_no_text_or_number_can_be_is_refused_in_every_field(world: World, judge: Judge) -> None:
    never = Turns(2, NEVER)
    for service, route, shape in bodied(world):
        for field in shape.accepts:
            for raw in next(never):
                await judge.refused(service, world.asked(service, route, with_raw(shape, field, raw)), 400)


async def test_strange_values_are_taken_or_refused_properly(world: World, judge: Judge) -> None:
    odd = {kind: Turns(2, values) for kind, values in ODD.items()}
    for service, route, shape in bodied(world):
        for field, kinds in shape.accepts.items():
            for raw in (raw for kind in sorted(kinds & odd.keys()) for raw in next(odd[kind])):
                await judge.ask(service, world.asked(service, route, with_raw(shape, field, raw)))


async def test_every_example_is_understood(world: World, judge: Judge) -> None:
    for service, route, shape in bodied(world):
        asked = world.asked(service, route, json.dumps(shape.body()).encode())
        answer = await judge.ask(service, asked)
        if answer.status == 400 and not route.path.startswith(STATE):
            judge.complain(asked, answer, f"{title(route)}: tell in tests/support/bad_input/examples.py what it needs")
