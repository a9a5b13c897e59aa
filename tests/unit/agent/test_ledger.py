"""The ledger keeps what would otherwise be guessed from file names."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cumulet.agent.store.journal import SqliteJournal
from cumulet.agent.store.ledger import Ledger, Object
from cumulet.kernel.db import Duplicate


@pytest.fixture
async def ledger(tmp_path, clock):
    journal = SqliteJournal(tmp_path / "agent.db", clock, durable=False)
    await journal.open()
    yield Ledger(journal.db)
    await journal.close()


def row(object_id: str, owner: str = "s1", kind: str = "root", **more) -> Object:
    fields = {"path": f"disks/{owner}/{kind}.qcow2", "format": "qcow2", "state": "there", "created_by": "w/1"}
    return Object(object_id, owner, kind, **(fields | {"base": None, "since": 1.0} | more))


async def test_a_row_is_found_by_owner_path_and_id(ledger):
    made = row("o1")
    await ledger.add(made)
    assert await ledger.find("s1", "root") == made
    assert await ledger.at("disks/s1/root.qcow2") == made
    assert await ledger.get("o1") == made
    assert await ledger.find("s1", "swap") is None


async def test_K3_an_owner_has_one_object_of_a_kind_in_place(ledger):
    await ledger.add(row("o1"))
    with pytest.raises(Duplicate):
        await ledger.add(row("o2"))
    await ledger.place(replace(row("o1"), state="quarantined", path="quarantine/o1"))
    await ledger.add(row("o2"))
    assert [found.id for found in await ledger.owned("s1")] == ["o2"]
    assert [found.id for found in await ledger.quarantined()] == ["o1"]


async def test_K7_a_base_is_not_forgotten_while_anything_is_based_on_it(ledger):
    await ledger.add(row("i1", "image1", "image"))
    await ledger.add(row("o1", base="i1"))
    await ledger.place(replace(row("o1", base="i1"), state="quarantined"))
    assert await ledger.is_base("i1")
    assert not await ledger.forget("i1")
    assert await ledger.forget("o1")
    assert not await ledger.is_base("i1")
    assert await ledger.forget("i1")


async def test_quarantine_is_listed_oldest_first(ledger):
    for object_id, since in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        await ledger.add(row(object_id, owner=object_id, state="quarantined", since=since))
    assert [found.id for found in await ledger.quarantined()] == ["a", "b", "c"]
