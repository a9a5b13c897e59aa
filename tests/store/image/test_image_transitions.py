"""Changes of status: each is one compare-and-set."""

from __future__ import annotations

import pytest

from cumulet.image.model import Attempt, Facts, Location
from cumulet.image.store import images, transitions
from support.images import image

FACTS = Facts(3, 3, "c", "h")
AT = Location("file", "k")


@pytest.fixture(autouse=True)
async def one(db):
    """A queued image."""
    async with db.tx() as tx:
        await images.add(tx, image("i"))


async def status(db) -> str:
    async with db.read() as tx:
        found = await images.trace(tx, "i")
    return found.status if found else "gone"


async def test_T2_of_two_uploads_one_begins(db):
    async with db.tx() as tx:
        assert [await transitions.begin(tx, Attempt("i", upload)) for upload in ("first", "second")] == [True, False]


async def test_T2_only_the_attempt_that_began_can_finish_renew_or_give_up(db):
    mine, other = Attempt("i", "mine"), Attempt("i", "other")
    async with db.tx() as tx:
        await transitions.begin(tx, mine)
        assert not await transitions.activate(tx, other, FACTS, AT)
        assert not await transitions.requeue(tx, other)
        assert not await transitions.renew(tx, other)
        assert await transitions.renew(tx, mine)
        assert await transitions.activate(tx, mine, FACTS, AT)
        assert not await transitions.requeue(tx, mine)


async def test_T5_an_attempt_that_was_given_up_cannot_make_the_image_active(db):
    stalled, second = Attempt("i", "stalled"), Attempt("i", "second")
    async with db.tx() as tx:
        await transitions.begin(tx, stalled)
        await transitions.requeue(tx, stalled)
        await transitions.begin(tx, second)
        assert not await transitions.activate(tx, stalled, FACTS, AT)
        assert await transitions.activate(tx, second, FACTS, AT)
        found = await images.find(tx, "i", None)
    assert (found.status, found.locations, found.os_hash_algo, found.checksum) == ("active", (AT,), "sha512", "c")


async def test_T6_a_deactivated_image_that_is_deleted_and_restored_is_still_deactivated(db):
    async with db.tx() as tx:
        await transitions.begin(tx, Attempt("i", "u"))
        await transitions.activate(tx, Attempt("i", "u"), FACTS, AT)
        await transitions.deactivate(tx, "i")
        await transitions.delete(tx, "i")
        assert not await transitions.delete(tx, "i")
        await transitions.restore(tx, "i")
    assert await status(db) == "deactivated"


async def test_an_image_deleted_while_it_was_uploaded_comes_back_queued(db):
    async with db.tx() as tx:
        await transitions.begin(tx, Attempt("i", "u"))
        await transitions.delete(tx, "i")
        await transitions.restore(tx, "i")
    assert await status(db) == "queued"


async def test_a_protected_image_is_not_deleted_even_if_it_became_protected_just_now(db):
    async with db.tx() as tx:
        await images.add(tx, image("safe", protected=True))
        assert not await transitions.delete(tx, "safe")


async def test_only_deleted_images_are_forgotten_with_all_that_hangs_on_them(db):
    async with db.tx() as tx:
        await images.add(tx, image("j", tags=("t",), properties={"k": "v"}))
        assert not await transitions.forget(tx, "j")
        await transitions.delete(tx, "j")
        assert await transitions.forget(tx, "j")
        await images.add(tx, image("j"))
        found = await images.find(tx, "j", None)
    assert (found.tags, found.properties) == ((), {})


async def test_two_changes_from_the_same_revision_do_not_both_happen(db):
    async with db.tx() as tx:
        before = await images.find(tx, "i", None)
        first, second = image("i", name="first"), image("i", name="second")
        assert await images.save(tx, before, first, tx.stamp)
        assert not await images.save(tx, before, second, tx.stamp)
        assert (await images.find(tx, "i", None)).name == "first"


async def test_the_formats_of_an_image_cannot_change_under_an_upload(db):
    async with db.tx() as tx:
        before = await images.find(tx, "i", None)
        await transitions.begin(tx, Attempt("i", "u"))
        assert not await images.save(tx, before, image("i", disk_format="qcow2"), tx.stamp)
        assert await images.save(tx, before, image("i", name="new name"), tx.stamp)
