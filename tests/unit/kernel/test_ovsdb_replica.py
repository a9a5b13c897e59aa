"""The copy of a database, fed with updates, and the splitting of the stream into messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cumulet.kernel.ovsdb.replica import Change, Replica
from cumulet.kernel.ovsdb.rpc import split
from cumulet.kernel.ovsdb.schema import Column

COLUMNS = {"name": Column("one", "string"), "ports": Column("set", "uuid"), "hidden": Column("one", "string")}


def replica(**rows: dict[str, Any]) -> Replica:
    copy = Replica({"Switch": frozenset({"name", "ports"})})
    copy.use_schema({"Switch": COLUMNS, "Other": {}})
    copy.replace({"Switch": {uuid: {"initial": row} for uuid, row in rows.items()}})
    return copy


def test_columns_that_the_server_leaves_out_have_their_defaults() -> None:
    assert replica(a={"name": "blue"}).tables["Switch"] == {"a": {"name": "blue", "ports": frozenset()}}


def test_updates_insert_modify_and_delete_rows() -> None:
    copy = replica(a={"name": "blue", "ports": ["uuid", "p1"]}, b={"name": "red"})
    copy.apply(
        {
            "Switch": {
                "a": {"modify": {"ports": ["set", [["uuid", "p1"], ["uuid", "p2"]]]}},
                "b": {"delete": None},
                "c": {"insert": {"name": "new"}},
            }
        }
    )
    assert copy.tables["Switch"] == {
        "a": {"name": "blue", "ports": frozenset({"p2"})},
        "c": {"name": "new", "ports": frozenset()},
    }


def test_watchers_hear_of_each_change_once_and_no_more_after_they_left() -> None:
    copy = replica(a={"name": "blue"})
    heard: list[Change] = []
    leave = copy.watch("Switch", heard.append)
    copy.apply({"Switch": {"a": {"modify": {"name": "red"}}}})
    leave()
    copy.apply({"Switch": {"a": {"delete": None}}})
    assert [(change.old or {}).get("name") for change in heard] == ["blue"]
    assert [(change.new or {}).get("name") for change in heard] == ["red"]


def test_after_a_lost_connection_watchers_hear_only_what_differs() -> None:
    copy = replica(a={"name": "blue"}, b={"name": "red"}, c={"name": "same"})
    heard: list[Change] = []
    copy.watch("Switch", heard.append)
    copy.replace({"Switch": {"a": {"initial": {"name": "green"}}, "c": {"initial": {"name": "same"}}}})
    assert {(change.uuid, change.new is None) for change in heard} == {("a", False), ("b", True)}
    assert set(copy.tables["Switch"]) == {"a", "c"}


def test_a_failing_watcher_costs_nobody_else_the_change() -> None:
    copy = replica()
    heard: list[Change] = []

    def fail(_: Change) -> None:
        raise RuntimeError("mine")

    copy.watch("Switch", fail)
    copy.watch("Switch", heard.append)
    copy.apply({"Switch": {"a": {"insert": {}}}})
    assert len(heard) == 1


def test_a_change_of_an_unknown_row_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="not in the copy"):
        replica().apply({"Switch": {"a": {"modify": {"name": "red"}}}})


MESSAGES = st.lists(st.fixed_dictionaries({"id": st.integers(), "say": st.text(max_size=8)}), max_size=4)


@settings(max_examples=50)
@given(MESSAGES, st.lists(st.integers(1, 20), min_size=1, max_size=9))
def test_messages_are_found_wherever_the_stream_is_cut(messages: list[Any], sizes: list[int]) -> None:
    stream = b"".join(json.dumps(message, ensure_ascii=False).encode() for message in messages)
    found, buffer, at, turn = [], b"", 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        complete, buffer = split(buffer + stream[at : at + size])
        found += complete
        at, turn = at + size, turn + 1
    assert found == messages
    assert buffer == b""
