"""A few thousand mutated images; `python -m tests.fuzz.formats` inspects a hundred thousand."""

from __future__ import annotations

import pytest
from tests.fuzz.formats import Finding, check, fuzz, samples

SEED = 20270115


def test_no_mutant_crashes_an_inspection_or_makes_it_read_much():
    kinds = fuzz(SEED, 3000)
    assert sum(kinds.values()) == 3000
    assert {"raw", "qcow2", "qcow2, refused", "vmdk, refused", "vhd", "gpt", "luks", "iso"} <= set(kinds)


def test_nor_if_they_are_read_from_a_file():
    assert sum(fuzz(SEED + 1, 500, through_files=True).values()) == 500


def test_the_samples_are_good_ones():
    assert {check(image).format for image in samples() if check(image).danger is None} == {
        *("qcow2", "vmdk", "vhdx", "vdi", "vhd", "iso", "luks", "gpt", "raw"),
    }


def test_an_inspection_that_reads_too_much_would_be_found(monkeypatch):
    monkeypatch.setattr("tests.fuzz.formats.MOST_READS", 3)
    with pytest.raises(Finding, match="mutant 0 of seed"):
        fuzz(SEED, 1)
