"""What a server claims of a host (C2, C10, C11)."""

from __future__ import annotations

import pytest

from cumulet.compute.model import Flavor
from cumulet.compute.rules.inside import groups
from cumulet.compute.rules.sizes import overhead_mb, resources
from cumulet.contract.guests import page_size_kb
from cumulet.placement.operations.claims import Choice, Part


def flavor(**specs: str) -> Flavor:
    """2 processors and 4 GiB."""
    known = dict.fromkeys(Flavor.__struct_fields__)
    return Flavor(**{**known, "id": "1", "name": "f", "vcpus": 2, "ram": 4096, "extra_specs": specs})


def test_C10_M18_the_memory_that_qemu_takes_is_claimed_by_the_stated_formula():
    assert overhead_mb(2, 4096) == 96 + 2 * 8 + 4096 // 256
    assert resources(flavor(), 10 * 1024) == {"VCPU": 2, "MEMORY_MB": 4096 + 128, "DISK_GB": 10}


def test_C11_a_guest_in_huge_pages_claims_pages_and_only_the_overhead_as_ordinary_memory():
    assert resources(flavor(**{"hw:mem_page_size": "large"}), 0) == {
        "VCPU": 2,
        "MEMORY_MB": 128,
        "CUSTOM_HUGE_PAGES_2048KB": 2048,
    }


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("large", 2048),
        ("small", None),
        ("any", None),
        ("4", None),
        ("2048", 2048),
        ("2MB", 2048),
        ("1GB", 1048576),
        ("1gb", 1048576),
    ],
)
def test_the_size_of_pages_is_read_as_flavors_write_it(value, size):
    assert page_size_kb({"hw:mem_page_size": value}) == size


def test_C2_a_flavor_asks_for_more_than_its_guest_takes_but_never_for_less():
    specs = {"resources:CUSTOM_LICENSE": "1", "resources:VCPU": "8"}
    assert resources(flavor(**specs), 0)["VCPU"] == 8
    assert groups.parts(specs) == [Part([Choice({"CUSTOM_LICENSE": 1})], host_too=True, divisible=True)]
    less = resources(flavor(**{"resources:MEMORY_MB": "0", "resources:VCPU": "1"}), 0)
    assert (less["MEMORY_MB"], less["VCPU"]) == (4224, 2)
