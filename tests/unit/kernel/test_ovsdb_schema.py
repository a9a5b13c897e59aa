"""OVSDB values to and from the wire."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.kernel.ovsdb.ops import Delete, Insert, Mutate, Update, Wait, encode_op
from cumulet.kernel.ovsdb.schema import Column, Value, parse_schema

WIRE_SCHEMA = {
    "tables": {
        "Switch": {
            "columns": {
                "name": {"type": "string"},
                "tag": {"type": {"key": "integer", "min": 0, "max": 1}},
                "mac": {"type": {"key": {"type": "string", "maxLength": 17}}},
                "ports": {"type": {"key": {"type": "uuid", "refTable": "Port"}, "min": 0, "max": "unlimited"}},
                "options": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}},
            }
        }
    }
}
SCHEMA = parse_schema(WIRE_SCHEMA)
A, B = "aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000"


def test_a_schema_says_what_shape_each_column_has() -> None:
    shapes = {name: column.shape for name, column in SCHEMA["Switch"].items()}
    assert shapes == {"name": "one", "tag": "optional", "mac": "one", "ports": "set", "options": "map"}
    assert SCHEMA["Switch"]["ports"].key == "uuid"


@pytest.mark.parametrize(
    ("column", "value", "wire"),
    [
        ("name", "blue", "blue"),
        ("tag", 4, 4),
        ("tag", None, ["set", []]),
        ("ports", frozenset(), ["set", []]),
        ("ports", frozenset({A, B}), ["set", [["uuid", A], ["uuid", B]]]),
        ("options", {"b": "2", "a": "1"}, ["map", [["a", "1"], ["b", "2"]]]),
    ],
)
def test_a_value_travels_there_and_back(column: str, value: Value, wire: Any) -> None:
    assert SCHEMA["Switch"][column].encode(value) == wire
    assert SCHEMA["Switch"][column].decode(wire) == value


def test_a_set_of_one_may_come_as_its_only_member() -> None:
    assert SCHEMA["Switch"]["ports"].decode(["uuid", A]) == frozenset({A})
    assert SCHEMA["Switch"]["tag"].decode(["set", [7]]) == 7


@pytest.mark.parametrize(
    ("column", "value"),
    [("name", None), ("name", {"a": "b"}), ("ports", A), ("options", frozenset({"a"})), ("tag", frozenset({1}))],
)
def test_a_value_of_the_wrong_shape_is_refused(column: str, value: Value) -> None:
    shape = SCHEMA["Switch"][column]
    if shape.shape == "map" and isinstance(value, frozenset):
        assert shape.encode(value) == ["set", ["a"]]  # the keys of a deletion
        return
    with pytest.raises(TypeError, match=f"a column of shape '{shape.shape}' cannot hold"):
        shape.encode(value)


@pytest.mark.parametrize(
    ("column", "old", "change", "new"),
    [
        (Column("set", "integer"), frozenset({1, 2}), ["set", [2, 3]], frozenset({1, 3})),
        (Column("set", "integer"), frozenset({1}), 1, frozenset()),
        (Column("optional", "integer"), 1, ["set", []], None),
        (Column("optional", "integer"), 1, 2, 2),
        (Column("one", "string"), "a", "b", "b"),
        (Column("map", "string", "string"), {"a": "1", "b": "2"}, ["map", [["a", "1"], ["b", "3"]]], {"b": "3"}),
        (Column("map", "string", "string"), {}, ["map", [["c", "4"]]], {"c": "4"}),
    ],
)
def test_an_update_is_a_difference_for_sets_and_maps_and_a_value_for_the_rest(
    column: Column, old: Value, change: Any, new: Value
) -> None:
    assert column.patched(old, change) == new


def test_operations_name_rows_by_uuid() -> None:
    where = [["_uuid", "==", ["uuid", A]]]
    assert encode_op(Insert("Switch", A, {"name": "blue"}), SCHEMA) == {
        "op": "insert",
        "table": "Switch",
        "uuid": A,
        "row": {"name": "blue"},
    }
    assert encode_op(Update("Switch", A, {"tag": None}), SCHEMA)["row"] == {"tag": ["set", []]}
    assert encode_op(Delete("Switch", A), SCHEMA)["where"] == where
    mutate = encode_op(Mutate("Switch", None, "ports", "insert", frozenset({B})), SCHEMA)
    assert mutate["where"] == []
    assert mutate["mutations"] == [["ports", "insert", ["set", [["uuid", B]]]]]
    wait = encode_op(Wait("Switch", A, {"name": "blue"}), SCHEMA)
    assert (wait["columns"], wait["rows"], wait["until"], wait["timeout"]) == (["name"], [{"name": "blue"}], "==", 0)


def test_an_unknown_column_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(KeyError):
        encode_op(Update("Switch", A, {"colour": "blue"}), SCHEMA)
