"""The OVSDB client against a real ovsdb-server with OVN's northbound schema; needs the package, not root."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.kernel.daemons import Daemon
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.ids import new_uuid
from cumulet.kernel.ovsdb import Change, Delete, Insert, Mutate, Ovsdb, OvsdbError, Update, Wait
from cumulet.kernel.process import run
from support.killing import kill_9

pytestmark = pytest.mark.real

TABLES = {"Logical_Switch": None, "Logical_Switch_Port": frozenset({"name", "type", "options"})}


@pytest.fixture
async def server() -> AsyncIterator[Daemon]:
    with tempfile.TemporaryDirectory(prefix="cumulet-") as name:
        folder = Path(name)
        await run("ovsdb-tool", "create", f"{name}/nb.db", "/usr/share/ovn/ovn-nb.ovsschema")
        argv = ("ovsdb-server", f"{name}/nb.db", f"--remote=punix:{name}/sock", f"--unixctl={name}/ctl", "-vsyslog:off")
        daemon = Daemon(name="nb", argv=argv, pidfile=folder / "pid", log=folder / "log", ready=folder / "sock")
        await daemon.ensure_running()
        yield daemon
        await daemon.stop()


@pytest.fixture
async def db(server: Daemon) -> AsyncIterator[Ovsdb]:
    client = Ovsdb(f"unix:{server.ready}", "OVN_Northbound", TABLES)
    await client.start()
    yield client
    await client.close()


def switch_with_port(switch: str, port: str) -> list[Insert]:
    return [
        Insert("Logical_Switch_Port", port, {"name": port, "options": {"a": "1", "b": "2"}}),
        Insert("Logical_Switch", switch, {"name": "blue", "ports": frozenset({port})}),
    ]


async def test_the_copy_has_a_transaction_when_it_returns(db: Ovsdb) -> None:
    switch, port = new_uuid(), new_uuid()
    assert await db.transact(switch_with_port(switch, port)) == [1, 1]
    assert db.tables["Logical_Switch"][switch]["ports"] == frozenset({port})
    assert db.tables["Logical_Switch_Port"][port] == {"name": port, "type": "", "options": {"a": "1", "b": "2"}}
    change = Mutate("Logical_Switch_Port", port, "options", "delete", frozenset({"a"}))
    assert await db.transact([change, Update("Logical_Switch_Port", port, {"type": "localport"})]) == [1, 1]
    assert db.tables["Logical_Switch_Port"][port] == {"name": port, "type": "localport", "options": {"b": "2"}}
    assert await db.transact([Mutate("Logical_Switch", switch, "ports", "delete", frozenset({port}))]) == [1]
    assert port not in db.tables["Logical_Switch_Port"]
    assert await db.transact([Delete("Logical_Switch", switch), Delete("Logical_Switch", new_uuid())]) == [1, 0]
    assert db.tables["Logical_Switch"] == {}


async def test_a_repeated_insert_is_refused_and_changes_nothing(db: Ovsdb) -> None:
    switch, port = new_uuid(), new_uuid()
    await db.transact(switch_with_port(switch, port))
    with pytest.raises(OvsdbError, match="duplicate uuid"):
        await db.transact([Update("Logical_Switch", switch, {"name": "red"}), *switch_with_port(switch, port)])
    assert db.tables["Logical_Switch"][switch]["name"] == "blue"


async def test_a_transaction_can_depend_on_what_was_seen(db: Ovsdb) -> None:
    switch = new_uuid()
    await db.transact([Insert("Logical_Switch", switch, {"name": "blue"})])
    seen = Wait("Logical_Switch", switch, {"name": "blue"})
    await db.transact([seen, Update("Logical_Switch", switch, {"name": "red"})])
    with pytest.raises(OvsdbError) as refused:
        await db.transact([seen, Update("Logical_Switch", switch, {"name": "green"})])
    assert refused.value.error == "timed out"
    assert db.tables["Logical_Switch"][switch]["name"] == "red"


async def test_a_constraint_broken_at_commit_is_an_error(db: Ovsdb) -> None:
    with pytest.raises(OvsdbError, match="referential integrity violation"):
        await db.transact([Insert("Logical_Switch", new_uuid(), {"ports": frozenset({new_uuid()})})])


async def test_another_clients_changes_arrive(db: Ovsdb, server: Daemon) -> None:
    other = Ovsdb(f"unix:{server.ready}", "OVN_Northbound", TABLES)
    await other.start()
    switch = new_uuid()
    heard: list[Change] = []
    db.watch("Logical_Switch", heard.append)
    waiting = asyncio.create_task(db.until(lambda: db.tables["Logical_Switch"].get(switch), timeout=5))
    await other.transact([Insert("Logical_Switch", switch, {"name": "theirs"})])
    assert (await waiting or {})["name"] == "theirs"
    assert [change.uuid for change in heard] == [switch]
    await other.close()


async def test_waiting_for_what_never_comes_ends(db: Ovsdb) -> None:
    with pytest.raises(TimeoutError):
        await db.until(lambda: db.tables["Logical_Switch"], timeout=0.05)


async def test_a_killed_server_is_found_again_with_what_changed_meanwhile(db: Ovsdb, server: Daemon) -> None:
    switch = new_uuid()
    await db.transact([Insert("Logical_Switch", switch, {"name": "before"})])
    heard: list[Change] = []
    db.watch("Logical_Switch", heard.append)
    kill_9(server.pid())
    await server.ensure_running()
    later = new_uuid()
    with contextlib.suppress(Unavailable):  # if the loss was not noticed yet
        await db.transact([])
    await db.transact([Insert("Logical_Switch", later, {"name": "after"})])
    assert set(db.tables["Logical_Switch"]) == {switch, later}
    assert [change.uuid for change in heard] == [later]


async def test_a_call_during_an_outage_says_so(db: Ovsdb, server: Daemon) -> None:
    await server.stop()
    with pytest.raises(Unavailable):
        await db.transact([Delete("Logical_Switch", new_uuid())], timeout=0.2)
    assert not db.connected


async def test_starting_without_a_server_says_why() -> None:
    client = Ovsdb("unix:/nowhere/sock", "OVN_Northbound", TABLES)
    with pytest.raises(Unavailable, match="No such file"):
        await client.start(timeout=0.2)


async def test_two_thousand_rows_arrive_whole(db: Ovsdb, server: Daemon) -> None:
    names = [f"switch {number} {{é}}" for number in range(2000)]
    await db.transact([Insert("Logical_Switch", new_uuid(), {"name": name}) for name in names])
    other = Ovsdb(f"unix:{server.ready}", "OVN_Northbound", TABLES)
    await other.start()
    assert sorted(str(row["name"]) for row in other.tables["Logical_Switch"].values()) == sorted(names)
    await other.close()
