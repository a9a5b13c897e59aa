"""How operators write sizes and times."""

from __future__ import annotations

import pytest
import typer

from cumulet.app.inspection.commands import _tried, _until
from cumulet.kernel.clock import SystemClock, seconds


@pytest.mark.parametrize(
    ("option", "asked"),
    [
        ("memory_reserved=40G", ("memory_reserved", "40960")),
        ("memory_reserved=512", ("memory_reserved", "512")),
        ("memory_reserved=2T", ("memory_reserved", "2097152")),
        ("memory_reserved=512MiB", ("memory_reserved", "512")),
        ("disk_reserved=40G", ("disk_reserved", "40")),
        ("disk_reserved=1T", ("disk_reserved", "1024")),
        ("vcpu_ratio=2.5", ("vcpu_ratio", "2.5")),
    ],
)
def test_sizes_are_taken_in_the_units_of_their_class(option, asked):
    assert _tried(option) == asked


@pytest.mark.parametrize("option", ["memory_reserved", "memory_reserved=lots", "memory_reserved=-1"])
def test_what_is_no_size_is_refused(option):
    with pytest.raises(typer.Exit):
        _tried(option)


def test_an_end_is_an_instant_or_a_span_from_now():
    now = SystemClock().now()
    assert 7190 < seconds(_until("2h")) - now < 7210
    assert seconds(_until("2030-01-31T12:00")) == seconds("2030-01-31T12:00:00")
    with pytest.raises(typer.Exit):
        _until("tomorrow")
