"""Requests of people who are not who they say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.bad_input.judging import Judge
from tests.support.bad_input.turns import Turns
from tests.support.bad_input.world import World

from cumulet.identity.keys import KeyRing
from cumulet.identity.model import Scope
from cumulet.identity.operations.resources import users
from cumulet.identity.operations.tokens import Tokens
from cumulet.kernel.http import PUBLIC

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def bad_tokens(world: World, folder: Path) -> AsyncIterator[str | None]:
    """None at all, and some that are none."""
    good = world.token
    other = "A" if good[-20] != "A" else "B"
    for token in (None, "", " ", "x", "x" * 10_000, good[: len(good) // 2], good[:-1], good[:-20] + other + good[-19:], good + "A"):
        yield token
    yield world.expired
    db, who = world.cloud.db, world.values
    strange = Tokens(db, KeyRing.load(folder / "keys"), world.cloud.cloud.tokens.rules)
    async with db.read() as tx:
        user = await users.get(tx, who["user_id"])
        yield (await strange.issue(tx, user, ("password",), Scope("project", who["project_id"]))).token


async def test_without_a_valid_token_every_route_is_closed(world: World, judge: Judge, tmp_path: Path) -> None:
    tokens = Turns(2, [token async for token in bad_tokens(world, tmp_path)])
    for service, route in world.routes():
        for token in next(tokens) if route.policy != PUBLIC else ():
            asked = world.asked(service, route)
            answer = await judge.refused(service, asked, 401, token=token)
            if "www-authenticate" not in answer.headers:
                judge.complain(asked, answer, "does not say how to authenticate")


async def test_a_token_as_subject_that_is_none_is_not_found(world: World, judge: Judge, tmp_path: Path) -> None:
    identity = world.services["identity"]
    routes = [route for route in identity.routes if route.path == "/v3/auth/tokens" and route.method != "POST"]
    async for token in bad_tokens(world, tmp_path):
        for route in routes if token != world.expired else routes[:1]:  # an expired one may be revoked
            asked = world.asked(identity, route)
            if token is not None:
                asked.headers["x-subject-token"] = token
            await judge.refused(identity, asked, 404 if token else 400)
