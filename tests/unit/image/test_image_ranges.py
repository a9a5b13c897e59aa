"""Range headers of downloads, RFC 9110 section 14."""

from __future__ import annotations

import pytest

from cumulet.image.operations.downloads import Part, part
from cumulet.kernel.errors import Invalid, RangeUnsatisfiable


def test_without_a_range_everything_is_sent():
    assert part(10, None) == Part(0, 10, 10, True)


@pytest.mark.parametrize(
    ("wanted", "first", "count"),
    [
        ("bytes=0-4", 0, 5),
        ("bytes=4-", 4, 6),
        ("bytes=-3", 7, 3),
        ("bytes=-30", 0, 10),
        ("bytes=9-99", 9, 1),
        ("bytes = 1 - 1", 1, 1),
    ],
)
def test_a_range_selects_bytes(wanted, first, count):
    assert part(10, wanted) == Part(first, count, 10, False)


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=4-2", "bytes=-", "bytes=-0", "lines=0-4", "nonsense", "bytes=a-b"])
def test_a_range_outside_the_image_is_refused_with_its_size(wanted):
    with pytest.raises(RangeUnsatisfiable) as refused:
        part(10, wanted)
    assert refused.value.code == "bytes */10"


def test_nothing_of_an_empty_image_can_be_asked_for():
    with pytest.raises(RangeUnsatisfiable):
        part(0, "bytes=0-")


def test_several_ranges_at_once_are_refused():
    with pytest.raises(Invalid):
        part(10, "bytes=0-1,3-4")
