"""What types ask of hosts, and what clients write in filters."""

from __future__ import annotations

import pytest

from cumulet.kernel.db import Condition
from cumulet.kernel.errors import Invalid
from cumulet.volume.rules import filters, types


@pytest.mark.parametrize(
    ("there", "wanted", "met"),
    [
        ("files", "files", True),
        ("files", "file", False),
        ("False", "<is> False", True),
        ("False", "<is> True", False),
        ("True", "<is> yes", True),
        ("files", "<in> ile", True),
        ("files", "<in> tape", False),
        ("files", "<or> tape <or> files", True),
        ("files", "<or> tape <or> ceph", False),
        ("files", "s== files", True),
        ("files", "s!= files", False),
        ("5", "= 4", True),
        ("5", ">= 6", False),
        ("5", "<= 5", True),
        ("5", "== 5.0", True),
        ("5", "!= 5", False),
        ("files", ">= 5", False),
        ("5", ">= many", False),
    ],
)
def test_a_capability_is_compared_by_the_operator(there: str, wanted: str, met: bool) -> None:
    assert types.meets(there, wanted) is met


def test_only_specs_about_capabilities_must_be_met() -> None:
    assert types.unmet({"quality:colour": "red", "capabilities:storage_protocol": "file", "vendor_name": "Cumulet"}) is None
    assert types.unmet({"capabilities:storage_protocol": "iSCSI"}) == "capabilities:storage_protocol=iSCSI"
    assert types.unmet({"iops": "5"}) == "iops=5"


def test_sizes_are_bounded_where_the_type_says_so() -> None:
    specs = {"provisioning:min_vol_size": "2", "provisioning:max_vol_size": "4"}
    for size in (2, 3, 4):
        types.check_size("t", specs, size)
    for size, word in ((1, "minimum"), (5, "maximum")):
        with pytest.raises(Invalid, match=word):
            types.check_size("t", specs, size)
    types.check_size("t", {"provisioning:min_vol_size": "nonsense"}, 1)


def test_zones_are_a_list_or_any() -> None:
    assert types.zones({}) is None
    assert types.zones({"RESKEY:availability_zones": "a, b"}) == ["a", "b"]


@pytest.mark.parametrize("key", ["", " a", "a/b", "x" * 256, "ä\n"])
def test_the_name_of_a_spec_has_an_alphabet(key: str) -> None:
    with pytest.raises(Invalid):
        types.check_key(key)


def test_dictionaries_are_read_as_python_and_json_write_them() -> None:
    assert filters.dictionary("metadata", "{'a': 'b'}") == {"a": "b"}
    assert filters.dictionary("metadata", '{"a": "b"}') == {"a": "b"}
    for wrong in ("", "a", "['a']", "{'a': 1}", "{'a'}"):
        with pytest.raises(Invalid, match="metadata"):
            filters.dictionary("metadata", wrong)


def test_instants_are_conditions() -> None:
    assert filters.instants("created_at", "gt:2026-01-02T03:04:05,neq:2026-01-02T03:04:05+01:00") == [
        Condition("created_at", "2026-01-02T03:04:05.000000", "gt"),
        Condition("created_at", "2026-01-02T02:04:05.000000", "ne"),
    ]
    for wrong in ("2026-01-02", "gt:", "gt:soon", "near:2026-01-02", ""):
        with pytest.raises(Invalid, match="created_at"):
            filters.instants("created_at", wrong)


def test_distinct_values_are_gathered_by_key() -> None:
    assert filters.distinct([{"a": "1"}, {"a": "1", "b": "2"}, {"a": "3"}]) == {"a": ["1", "3"], "b": ["2"]}
