"""Ids of nothing and of other people's things, methods and paths that are not there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from tests.support.bad_input.asking import Asked
from tests.support.bad_input.examples import shape_of
from tests.support.bad_input.judging import Judge
from tests.support.bad_input.turns import Turns
from tests.support.bad_input.world import World

from cumulet.kernel.http import PUBLIC, Route
from cumulet.kernel.http.application import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"}

ABSURD = (
    "00000000-0000-4000-8000-0000000000ff",
    "f" * 32,
    "m" * 300,
    "a%00b",
    "..%2f..%2fetc%2fpasswd",
    "%F0%9F%98%80%E2%80%AE",
    "%ff%fe",
    "-17",
    str(2**64),
    "%27%20OR%201=1--",
)
"""Ids that nothing has, as they are on the wire."""

NEW = {"tag", "region_id", "key", "name", "idp_id", "protocol_id", "mapping_id", "sp_id"}
"""Parameters by which a PUT or POST makes something new."""

ANY = {
    ("/v2.0/quotas", "project_id"),
    ("/v3/os-quota-sets", "project_id"),
    ("/v2.1/os-quota-sets", "project_id"),
    ("/v3/default-types", "project_id"),
    ("/v2.1/os-quota-class-sets", "name"),
    ("/v2.1/os-simple-tenant-usage", "project_id"),
    ("/allocations", "consumer_id"),
    ("/v1/projects", "project"),
    ("/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols", "idp_id"),
    ("/v3/users/{user_id}/projects", "user_id"),
    ("/v3/users/{user_id}/credentials/OS-EC2/{access}", "user_id"),
    ("/v3/users/{user_id}/OS-OAUTH1/access_tokens", "user_id"),
}
"""Where an id need not be anything's: limits of projects to come, whoever may hold allocations, keys that an administrator sees."""

FOR_ALL = (
    *("/v3/regions/{region_id}", "/v3/registered_limits/{registered_limit_id}", "/v2.0/extensions/{alias}"),
    *("/v2.1/extensions/{alias}", "/v2.1/flavors/{flavor_id}", "/v2.1/os-quota-sets/{project_id}/defaults"),
)
"""What everybody may read."""


def body_of(world: World, service: Service, route: Route) -> bytes:
    """A body that the route understands."""
    shape = shape_of(service, route, world.values) if route.method in ("POST", "PUT", "PATCH") else None
    return b"" if shape is None else json.dumps(shape.body()).encode()


def parameters(route: Route) -> list[str]:
    """The names in a path."""
    return re.findall(r"{(\w+)}", route.path)


def with_ids(world: World) -> Iterator[tuple[Service, Route]]:
    """Routes that name something."""
    return ((service, route) for service, route in world.routes() if parameters(route))


async def test_what_is_not_there_is_refused_whatever_its_id(world: World, judge: Judge) -> None:
    absurd_ids = Turns(3, ABSURD)
    for service, route in with_ids(world):
        body = body_of(world, service, route)
        for parameter in parameters(route):
            if not (route.method in ("PUT", "POST") and parameter in NEW) and not needs_nothing(route, parameter):
                for absurd in next(absurd_ids):
                    await judge.refused(service, world.asked(service, route, body, **{parameter: absurd}))


def needs_nothing(route: Route, parameter: str) -> bool:
    """Whether a parameter may be the id of nothing."""
    return any((route.path + "/").startswith(start + "/") and parameter == name for start, name in ANY)


async def test_a_new_thing_does_not_get_an_absurd_name_by_an_accident(world: World, judge: Judge) -> None:
    for service, route in with_ids(world):
        for parameter in set(parameters(route)) & NEW if route.method in ("PUT", "POST") else ():
            for absurd in ABSURD:
                await judge.ask(service, world.asked(service, route, body_of(world, service, route), **{parameter: absurd}))


async def test_T8_what_is_another_projects_is_refused(world: World, judge: Judge) -> None:
    for service, route in with_ids(world):
        if route.policy == PUBLIC:
            continue
        asked = world.asked(service, route, body_of(world, service, route))
        answer = await judge.ask(service, asked, world.stranger)
        if answer.status < 400 and not (route.method == "GET" and route.path.startswith(FOR_ALL)):
            judge.complain(asked, answer, "another project's")


async def test_a_method_that_a_path_does_not_have_is_refused_with_405(world: World, judge: Judge) -> None:
    paths: dict[tuple[str, str], set[str]] = {}
    for service, route in world.routes():
        paths.setdefault((service.name, route.path), set()).add(route.method)
    for (name, path), methods in paths.items():
        service = world.services[name]
        for method in sorted(METHODS - methods - ({"HEAD"} if "GET" in methods else set())):
            await judge.refused(service, Asked(method, world.path(service, path)), 405)


async def test_a_path_that_is_not_there_is_refused_with_404(world: World, judge: Judge) -> None:
    for service in world.services.values():
        for tail in ("/nothing", "/v2.1/nothing", "/v3/../../etc/passwd", "/%00", "/" + "x" * 5000, "/v3//", "/%ff"):
            for method in ("GET", "POST", "DELETE"):
                await judge.refused(service, Asked(method, service.mount + tail), 404)


async def test_a_microversion_that_is_none_is_refused(world: World, judge: Judge) -> None:
    versions = Turns(2, (("x", 400), ("2", 400), ("2.1.1", 400), ("99.99", 406), ("-1.2", 400)))
    for service, route in world.routes():
        if service.versions is None or route.policy == PUBLIC:
            continue
        for text, status in next(versions):
            asked = world.asked(service, route)
            asked.headers["OpenStack-API-Version"] = f"{service.versions.service} {text}"
            await judge.refused(service, asked, status)
