"""From wanted rows to missing operations."""

from __future__ import annotations

import pytest

from cumulet.kernel.ovsdb import Insert, Missing, Mutate, Parent, Update, Wanted, converge, detach

TABLES = {
    "Switch": {"s": {"name": "blue", "ports": frozenset({"p"}), "ids": {"mine": "1", "theirs": "2"}}},
    "Port": {"p": {"tag": 4}},
}
OF_S = Parent("Switch", "s", "ports")


def test_what_is_there_needs_nothing() -> None:
    assert converge(TABLES, [Wanted("Switch", "s", {"name": "blue"}), Wanted("Port", "p", {"tag": 4}, (OF_S,))]) == []


def test_only_what_differs_is_updated() -> None:
    row = {"name": "red", "ids": {"mine": "1", "theirs": "2"}}
    assert converge(TABLES, [Wanted("Switch", "s", row)]) == [Update("Switch", "s", {"name": "red"})]


def test_a_new_row_is_put_into_its_parent() -> None:
    assert converge(TABLES, [Wanted("Port", "q", {"tag": 5}, (OF_S,))]) == [
        Insert("Port", "q", {"tag": 5}),
        Mutate("Switch", "s", "ports", "insert", frozenset({"q"})),
    ]


def test_a_parent_may_come_in_the_same_transaction_but_must_come() -> None:
    child = Wanted("Port", "q", {}, (Parent("Switch", "new", "ports"),))
    assert len(converge(TABLES, [Wanted("Switch", "new", {}), child])) == 3
    with pytest.raises(Missing, match="there is no Switch new"):
        converge(TABLES, [child])


def test_a_map_of_our_own_is_replaced_and_a_shared_one_only_added_to() -> None:
    row = {"ids": {"mine": "3", "new": "4"}}
    assert converge(TABLES, [Wanted("Switch", "s", row)]) == [Update("Switch", "s", row)]
    assert converge(TABLES, [Wanted("Switch", "s", row, shared=frozenset({"ids"}))]) == [
        Mutate("Switch", "s", "ids", "delete", frozenset({"mine"})),
        Mutate("Switch", "s", "ids", "insert", {"mine": "3", "new": "4"}),
    ]


def test_only_children_that_are_there_are_detached() -> None:
    assert detach(TABLES, OF_S, ["p", "q"]) == [Mutate("Switch", "s", "ports", "delete", frozenset({"p"}))]
    assert detach(TABLES, OF_S, ["q"]) == []
    assert detach(TABLES, Parent("Switch", "gone", "ports"), ["p"]) == []
