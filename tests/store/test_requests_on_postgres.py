"""A request whose transaction loses to another one on PostgreSQL is served all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from cumulet.kernel.db import Query
from cumulet.kernel.db.postgres import Postgres
from cumulet.kernel.errors import Problem, Unavailable
from cumulet.kernel.http import Application, Fault, Request, Response, Route, Service, no_content
from cumulet.kernel.policy import Actor, Policy
from support.clock import FakeClock
from support.postgres import fresh_postgres

TABLES = sa.MetaData()
COUNTERS = sa.Table("counters", TABLES, sa.Column("id", sa.Text, primary_key=True), sa.Column("times", sa.Integer, nullable=False))
ADD: Query[Any] = Query(sa.insert(COUNTERS).values(id=sa.bindparam("id"), times=0))
COUNT: Query[Any] = Query(sa.update(COUNTERS).where(COUNTERS.c.id == sa.bindparam("b_id")).values(times=COUNTERS.c.times + 1))
TIMES: Query[Any] = Query(sa.select(COUNTERS.c.times).order_by(COUNTERS.c.id))


def status(problem: Problem, request: Request) -> Fault:
    return Fault(503 if isinstance(problem, Unavailable) else 500, {"error": problem.message})


class Counting:
    """Handlers that count in two rows; the first two requests meet in the middle."""

    def __init__(self) -> None:
        self.entered = 0
        self.both_have_one = asyncio.Barrier(2)

    async def forth(self, request: Request) -> Response:
        return await self._count(request, "a", "b")

    async def back(self, request: Request) -> Response:
        return await self._count(request, "b", "a")

    async def lose(self, request: Request) -> Response:
        self.entered += 1
        raise Unavailable("Another request changed the same thing; try again.", code="retry")

    async def fail(self, request: Request) -> Response:
        self.entered += 1
        raise Unavailable("An agent does not answer.")

    async def lose_alone(self, request: Request) -> Response:
        return await self.lose(request)

    async def _count(self, request: Request, first: str, second: str) -> Response:
        self.entered += 1
        await request.tx.do(COUNT, b_id=first)
        if self.entered <= 2:
            await self.both_have_one.wait()
        await request.tx.do(COUNT, b_id=second)
        return no_content()


@pytest.fixture
async def db(postgres_dsn: str, clock: FakeClock) -> AsyncIterator[Postgres]:
    async with fresh_postgres(postgres_dsn, clock, TABLES) as made:
        async with made.tx() as tx:
            await tx.do(ADD, id="a")
            await tx.do(ADD, id="b")
        yield made


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def client(db: Postgres, counting: Counting) -> AsyncIterator[httpx.AsyncClient]:
    async def nobody(token: str, request: Request) -> Actor:
        raise AssertionError("every route is public")

    routes = [Route("POST", f"/{name}", getattr(counting, name), "public") for name in ("forth", "back", "lose", "fail")]
    routes.append(Route("POST", "/lose_alone", counting.lose_alone, "public", tx="none"))
    app = Application([Service("counting", "/counting", routes, status)], db, {"counting": Policy({})}, nobody, "")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/counting") as made:
        yield made


async def test_the_loser_of_a_deadlock_is_served_again_and_each_counts_once(
    client: httpx.AsyncClient, counting: Counting, db: Postgres
) -> None:
    answers = await asyncio.gather(client.post("/forth"), client.post("/back"))
    assert [answer.status_code for answer in answers] == [204, 204]
    assert counting.entered >= 3
    async with db.read() as tx:
        assert await tx.all(TIMES) == [(2,), (2,)]


@pytest.mark.parametrize(("path", "times"), [("/lose", 4), ("/fail", 1), ("/lose_alone", 1)])
async def test_a_request_is_served_again_thrice_and_only_where_the_kernel_has_the_transaction(
    client: httpx.AsyncClient, counting: Counting, path: str, times: int
) -> None:
    answer = await client.post(path)
    assert answer.status_code == 503
    assert counting.entered == times


async def test_who_holds_a_name_keeps_others_waiting_until_its_end(db: Postgres) -> None:
    order: list[str] = []
    holding = asyncio.Event()

    async def first() -> None:
        async with db.tx() as tx:
            await tx.hold("a name")
            holding.set()
            async with db.tx() as other:
                await other.hold("another name")
                order.append("another name is free")
            order.append("first")

    async def second() -> None:
        await holding.wait()
        async with db.tx() as tx:
            await tx.hold("a name")
            order.append("second")

    await asyncio.gather(first(), second())
    assert order == ["another name is free", "first", "second"]
