"""Lists of images on both databases: who sees what, filters, sorting, paging."""

from __future__ import annotations

import pytest

from cumulet.image.model import PROPERTY_SEPARATOR, Member
from cumulet.image.store import images, members
from cumulet.kernel.clock import stamp
from cumulet.kernel.db import Condition, Page
from support.images import NOW, image

RECORDS = [
    image("a", owner="p", visibility="private", tags=("x", "y"), properties={"color": "blue"}, size=10),
    image("b", owner="p", visibility="shared", tags=("x",), properties={"color": "red"}, os_hidden=True),
    image("c", owner="q", visibility="public", properties={"color": "blue", "k=v": "1"}, size=1 << 40),
    image("d", owner="q", visibility="community", disk_format=None),
    image("e", owner="q", visibility="private"),
    image("f", owner="q", visibility="shared", name="shared with p, accepted"),
    image("g", owner="q", visibility="shared", name="shared with p, pending"),
    image("h", owner="q", visibility="private", name="was shared with p"),
    image("i", owner="q", visibility="public", status="deleted"),
]


@pytest.fixture(autouse=True)
async def records(db):
    """All of them, made a second apart."""
    async with db.tx() as tx:
        for at, record in enumerate(RECORDS):
            fields = {name: getattr(record, name) for name in record.__struct_fields__}
            await images.add(tx, image(**{**fields, "image_id": fields.pop("id"), "created_at": stamp(1_800_000_000.5 + at)}))
        for image_id, status in (("f", "accepted"), ("g", "pending"), ("h", "accepted")):
            await members.add(tx, Member(image_id, "p", status, NOW, NOW))


async def listed(db, *conditions: Condition, project="p", status="accepted", sort=(("id", False),), **page) -> str:
    async with db.read() as tx:
        found = await images.keys(tx, Page(conditions, sort, **page), project, status)
    return "".join(one.id for one in found)


async def test_T8_a_project_sees_its_own_public_community_and_accepted_shared_images(db):
    assert await listed(db) == "abcdf"
    assert await listed(db, status="pending") == "abcdg"
    assert await listed(db, status="all") == "abcdfg"
    assert await listed(db, project="q") == "cdefgh"
    assert await listed(db, project="stranger") == "cd"
    assert await listed(db, project="") == "cd"
    assert await listed(db, project=None) == "abcdefgh"


async def test_T8_one_image_is_found_by_the_same_rule(db):
    async with db.read() as tx:
        seen = [one.id for one in RECORDS if await images.find(tx, one.id, "p")]
        assert "".join(seen) == "abcdfg"
        assert await images.find(tx, "i", None) is None
        found = await images.find(tx, "a", "p")
    assert (found.tags, found.properties, found.size) == (("x", "y"), {"color": "blue"}, 10)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([Condition("default_for", "p")], "abcf"),
        ([Condition("tag", "x")], "ab"),
        ([Condition("tag", "x"), Condition("tag", "y")], "a"),
        ([Condition("property", f"color{PROPERTY_SEPARATOR}blue")], "ac"),
        ([Condition("property", f"color{PROPERTY_SEPARATOR}blue"), Condition("property", f"k=v{PROPERTY_SEPARATOR}1")], "c"),
        ([Condition("os_hidden", False)], "acdf"),
        ([Condition("id", ["a", "f", "e"], "in")], "af"),
        ([Condition("size", 11, "gte")], "c"),
        ([Condition("created_at", "2027-01-15T08:00:02")], "c"),
        ([Condition("created_at", "2027-01-15T08:00:02", "gt")], "df"),
        ([Condition("created_at", "2027-01-15T08:00:02", "ne")], "abdf"),
    ],
)
async def test_conditions_select(db, conditions, expected):
    assert await listed(db, *conditions) == expected


async def test_sorting_and_paging_go_on_where_they_stopped(db):
    newest = (("created_at", True),)
    assert await listed(db, sort=newest) == "fdcba"
    assert await listed(db, sort=newest, limit=2, marker="d") == "cb"
    by_size = (("size", True), ("created_at", False))
    assert await listed(db, sort=by_size) == "cabdf"
    assert await listed(db, sort=by_size, limit=2, marker="a") == "bd"
    assert await listed(db, sort=(("disk_format", False),), limit=1) == "d"
