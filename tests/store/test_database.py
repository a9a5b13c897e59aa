"""What every store relies on, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec import Struct

from cumulet.kernel.db import Condition, Database, Duplicate, Json, Listing, Page, Query, Tx, among
from cumulet.kernel.errors import Invalid

TABLES = sa.MetaData()
PARENTS = sa.Table("parents", TABLES, sa.Column("id", sa.Text, primary_key=True))
THINGS = sa.Table(
    "things",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("size", sa.Integer),
    sa.Column("weight", sa.Double),
    sa.Column("flag", sa.Boolean),
    sa.Column("extra", Json),
    sa.Column("parent", sa.Text, sa.ForeignKey(PARENTS.c.id)),
)
C, B = THINGS.c, sa.bindparam


class Thing(Struct, frozen=True):
    id: str
    name: str | None = None
    size: int | None = None
    weight: float | None = None
    flag: bool | None = None
    extra: Any = None
    parent: str | None = None


FIELDS = Thing.__struct_fields__
ADD: Query[Any] = Query(sa.insert(THINGS).values({f: B(f, type_=C[f].type) for f in FIELDS}))
ADD_BARE: Query[Any] = Query(sa.insert(THINGS).values(id=B("id"), name=None, flag=True, extra={"made": "bare"}))
GET = Query(sa.select(THINGS).where(C.id == B("id")), Thing)
ALL = Query(sa.select(THINGS).order_by(C.id), Thing)
RENAME: Query[Any] = Query(sa.update(THINGS).where(C.id == B("b_id")).values(name=B("name")))
RENAME_ALL = Query(sa.update(THINGS).values(name=B("name")).returning(*THINGS.columns), Thing)
AMONG = Query(sa.select(THINGS).where(among(C.id, "ids")).order_by(C.id), Thing)
SUMS: Query[Any] = Query(
    sa.select(
        sa.func.sum(C.size),
        sa.func.coalesce(sa.select(sa.func.sum(C.size)).where(C.id == "missing").scalar_subquery(), 0),
        sa.func.sum(C.weight),
    )
)
SIZES = Query(sa.select(THINGS).where(among(C.size, "sizes")).order_by(C.id), Thing)
LISTING = Listing(
    sa.select(THINGS),
    Thing,
    key=C.id,
    sorts={name: C[name] for name in ("id", "name", "size", "weight", "flag")},
    filters={
        "id": C.id,
        "name": C.name,
        "size": C.size,
        "flag": C.flag,
        "tall": lambda op, name: C.size > B(name, type_=sa.Integer()),
    },
    default=[("name", False)],
)
MANY = [
    Thing("a", "x", 3, 0.5, True),
    Thing("b", "x", 3, None, False),
    Thing("c", None, 3, 0.5, None),
    Thing("d", None, None, -2.0, None),
    Thing("e", "", 0, 0.0, True),
    Thing("f", "w", -1, -1.0, None),
    Thing("g", "y", 12, 7.25, False),
]


@pytest.fixture(autouse=True)
async def tables(db: Database) -> None:
    await db.create(TABLES)
    async with db.tx() as tx:
        for table in (THINGS, PARENTS):
            await tx.do(Query(sa.delete(table)))


async def add(tx: Tx, *things: Thing) -> None:
    for thing in things:
        await tx.do(ADD, **{field: getattr(thing, field) for field in FIELDS})


async def ids(db: Database) -> list[str]:
    async with db.read() as tx:
        return [thing.id for thing in await tx.all(ALL)]


async def fail_after_adding(db: Database, *things: Thing) -> None:
    async with db.tx() as tx:
        await add(tx, *things)
        tx.signal("things", "never")
        raise ZeroDivisionError


async def test_values_come_back_as_they_went_in(db: Database) -> None:
    whole = Thing("a", "näme", 2**40, 1.5, True, {"deep": [1, None, "x"]})
    empty = Thing("b")
    async with db.tx() as tx:
        await add(tx, whole, empty)
    async with db.read() as tx:
        assert await tx.all(ALL) == [whole, empty]
        assert await tx.one(GET, id="missing") is None


async def test_a_sum_of_integers_is_an_integer(db: Database) -> None:
    async with db.tx() as tx:
        await add(tx, *MANY)
    async with db.read() as tx:
        found = await tx.one(SUMS)
        assert found == (20, 0, 5.25)
        assert [type(value) for value in found] == [int, int, float]


async def test_values_fixed_in_the_statement_may_be_none_or_json(db: Database) -> None:
    async with db.tx() as tx:
        await tx.do(ADD_BARE, id="a")
    async with db.read() as tx:
        assert await tx.one(GET, id="a") == Thing("a", flag=True, extra={"made": "bare"})


async def test_a_missing_value_is_a_bug_of_the_caller(db: Database) -> None:
    with pytest.raises(KeyError, match="name"):
        async with db.tx() as tx:
            await tx.do(RENAME, b_id="a")


async def test_an_exception_rolls_everything_back(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_after_adding(db, Thing("a"))
    assert await ids(db) == []


async def test_do_tells_how_many_rows_changed(db: Database) -> None:
    async with db.tx() as tx:
        await add(tx, *MANY)
        assert await tx.do(RENAME, b_id="a", name="new") == 1
        assert await tx.do(RENAME, b_id="missing", name="new") == 0
        assert len(await tx.all(RENAME_ALL, name="all")) == len(MANY)
        first = await tx.one(RENAME_ALL, name="again")
    assert first is not None
    async with db.read() as tx:
        assert {thing.name for thing in await tx.all(ALL)} == {"again"}


async def test_reads_see_only_what_is_committed(db: Database) -> None:
    async with db.tx() as tx:
        await add(tx, Thing("a"))
        assert await ids(db) == []
        assert await tx.one(GET, id="a") == Thing("a")
    assert await ids(db) == ["a"]


async def test_a_taken_key_and_a_missing_parent_are_duplicates(db: Database) -> None:
    async with db.tx() as tx:
        await add(tx, Thing("a"))
    for thing in (Thing("a"), Thing("b", parent="nobody")):
        with pytest.raises(Duplicate):
            async with db.tx() as tx:
                await add(tx, thing)
    assert await ids(db) == ["a"]


async def test_a_missing_required_value_is_no_duplicate(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)not.null") as caught:
        async with db.tx() as tx:
            await tx.do(ADD, **dict.fromkeys(FIELDS))
    assert not isinstance(caught.value, Duplicate)


async def test_among_takes_any_list_even_an_empty_one(db: Database) -> None:
    async with db.tx() as tx:
        await add(tx, *MANY)
    async with db.read() as tx:
        assert await tx.all(AMONG, ids=[]) == []
        assert [thing.id for thing in await tx.all(AMONG, ids=["b", "zz", "a", "a"])] == ["a", "b"]
        assert [thing.id for thing in await tx.all(AMONG, ids=("'; --",))] == []
        assert [thing.id for thing in await tx.all(SIZES, sizes=[3, -1])] == ["a", "b", "c", "f"]
        assert await tx.all(SIZES, sizes=[]) == []


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["name", "size", "weight", "flag"])
async def test_paging_shows_each_row_once_with_ties_and_nulls(db: Database, sort: str, descending: bool) -> None:
    async with db.tx() as tx:
        await add(tx, *MANY)
    order = ((sort, descending),)
    async with db.read() as tx:
        whole = await LISTING.page(tx, Page(sort=order))
        for size in (1, 2, 3):
            pages = await walk(tx, Page(sort=order, limit=size))
            assert [thing for page in pages for thing in page] == whole
    known = [getattr(thing, sort) for thing in whole if getattr(thing, sort) is not None]
    assert known == sorted(known, reverse=descending)
    assert len(whole) == len(MANY)


async def walk(tx: Any, page: Page) -> list[list[Thing]]:
    """Every page after `page`, and the same pages on the way back."""
    pages, marker = [], None
    while found := await LISTING.page(tx, Page(sort=page.sort, limit=page.limit, marker=marker)):
        pages.append(found)
        marker = found[-1].id
    for at in range(len(pages) - 1, 0, -1):
        back = Page(sort=page.sort, limit=page.limit, marker=pages[at][0].id, backwards=True)
        assert await LISTING.page(tx, back) == pages[at - 1]
    return pages


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("name", "x"), "ab"),
        (Condition("name", "x", "ne"), "efg"),
        (Condition("name", ["x", "y"], "in"), "abg"),
        (Condition("name", [], "in"), ""),
        (Condition("name", ["x"], "nin"), "efg"),
        (Condition("id", [], "nin"), "abcdefg"),
        (Condition("name", op="null"), "cd"),
        (Condition("name", op="notnull"), "abefg"),
        (Condition("size", 3, "gte"), "abcg"),
        (Condition("size", 0, "lt"), "f"),
        (Condition("flag", True), "ae"),
        (Condition("tall", 3), "g"),
        (Condition("name", "%X%", "like"), "ab"),
        (Condition("name", "\\%", "like"), ""),
    ],
)
async def test_lists_are_filtered_and_counted(db: Database, condition: Condition, expected: str) -> None:
    async with db.tx() as tx:
        await add(tx, *MANY)
    async with db.read() as tx:
        found = await LISTING.page(tx, Page((condition,), sort=(("id", False),)))
        assert "".join(thing.id for thing in found) == expected
        assert await LISTING.count(tx, (condition,)) == len(expected)


@pytest.mark.parametrize(
    "page", [Page((Condition("colour", 1),)), Page(sort=(("colour", False),)), Page(marker="missing", limit=1)]
)
async def test_unknown_filters_sort_keys_and_markers_are_invalid(db: Database, page: Page) -> None:
    async with db.read() as tx:
        with pytest.raises(Invalid):
            await LISTING.page(tx, page)


async def test_a_list_statement_is_compiled_once_per_shape(db: Database) -> None:
    async with db.read() as tx:
        for value in ("x", "y", "z"):
            await LISTING.page(tx, Page((Condition("name", value),), limit=2))
        shapes = len(LISTING._queries)
        await LISTING.page(tx, Page((Condition("name", "w"),), limit=9))
    assert len(LISTING._queries) == shapes


async def test_subscribers_hear_of_a_signal_only_after_its_commit(db: Database) -> None:
    heard: list[str] = []
    db.subscribe("things", heard.append)
    async with db.tx() as tx:
        tx.signal("things", "a")
        tx.signal("other", "b")
        assert heard == []
    assert heard == ["a"]
    with pytest.raises(ZeroDivisionError):
        await fail_after_adding(db, Thing("c"))
    assert heard == ["a"]


async def test_a_subscriber_that_fails_harms_nobody(db: Database) -> None:
    heard: list[str] = []

    def broken(key: str) -> None:
        raise ZeroDivisionError

    db.subscribe("things", broken)
    db.subscribe("things", heard.append)
    async with db.tx() as tx:
        await add(tx, Thing("a"))
        tx.signal("things", "a")
    assert (heard, await ids(db)) == (["a"], ["a"])


async def test_a_failing_transaction_does_not_spoil_its_neighbours(db: Database) -> None:
    async def one(number: int) -> None:
        async with db.tx() as tx:
            await add(tx, Thing(f"{number:02}"))
            await asyncio.sleep(0)
            if number % 3 == 0:
                raise ZeroDivisionError
            if number % 3 == 1:
                await add(tx, Thing("same"))

    outcomes = await asyncio.gather(*(one(number) for number in range(30)), return_exceptions=True)
    assert sum(isinstance(outcome, ZeroDivisionError) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, Duplicate) for outcome in outcomes) == 9
    stayed = [f"{number:02}" for number in range(30) if outcomes[number] is None]
    assert await ids(db) == [*stayed, "same"]


async def test_now_stands_still_within_a_transaction(db: Database, clock: Any) -> None:
    async with db.tx() as tx:
        before = (tx.now, tx.stamp)
        await clock.advance(5)
        assert (tx.now, tx.stamp) == before
    async with db.tx() as tx:
        assert tx.now == before[0] + 5
