"""Filters and weighers: plain functions over values."""

from __future__ import annotations

import pytest

from cumulet.compute.rules.scheduling import filters, weighers
from cumulet.compute.rules.scheduling.filters import Ask, Place


def place(name: str = "h1", **about) -> Place:
    known = {"zone": "nova", "arch": "x86_64", "hypervisors": frozenset({"qemu", "kvm"}), "marks": {}}
    return Place(name, name, **{**known, **about})


def ask(project: str = "p1", zone: str | None = None, specs=None, image=None) -> Ask:
    return Ask(project, zone, specs or {}, image or {})


def passing(wanted: Ask, *places: Place) -> list[str]:
    found = filters.constraints(wanted, isolating=True)
    return [each.hostname for each in places if all(constraint.passes(each) for constraint in found)]


def test_a_zone_is_kept_to():
    assert passing(ask(zone="z2"), place("h1"), place("h2", zone="z2")) == ["h2"]


def test_hosts_that_are_kept_for_projects_take_no_others():
    kept = place("h1", marks={"filter_tenant_id": {"p1", "p2"}, "filter_tenant_id_more": {"p3"}})
    assert [passing(ask(project), kept) for project in ("p1", "p3", "p4")] == [["h1"], ["h1"], []]


def test_hosts_that_are_kept_for_images_take_no_image_that_says_otherwise():
    windows = place("h1", marks={"os_distro": {"windows"}})
    assert passing(ask(image={"os_distro": "windows"}), windows) == ["h1"]
    assert passing(ask(image={"os_distro": "debian"}), windows) == []
    assert passing(ask(), windows) == ["h1"]


def test_an_image_is_made_for_an_architecture_and_a_hypervisor():
    assert passing(ask(image={"hw_architecture": "aarch64"}), place("h1"), place("h2", arch="aarch64")) == ["h2"]
    assert passing(ask(image={"img_hv_type": "KVM"}), place("h1"), place("h2", hypervisors=frozenset({"qemu"}))) == ["h1"]


def test_a_flavor_asks_for_marks_of_aggregates():
    fast = place("h2", marks={"disk": {"ssd", "nvme"}})
    assert passing(ask(specs={"aggregate_instance_extra_specs:disk": "ssd"}), place("h1"), fast) == ["h2"]
    assert passing(ask(specs={"hw:cpu_policy": "shared", "own": "word"}), place("h1")) == ["h1"]


@pytest.mark.parametrize(
    ("value", "wanted", "fits"),
    [
        ("ssd", "ssd", True),
        ("ssd", "<or> hdd <or> ssd", True),
        ("ssd", "<or> hdd <or> tape", False),
        ("very fast", "<in> fast", True),
        ("10", ">= 9", True),
        ("10", "= 11", False),
        ("10", "== 10.0", True),
        ("10", "!= 10", False),
        ("b", "s> a", True),
        ("b", "s== a", False),
        ("x", ">= 9", False),
    ],
)
def test_a_mark_is_compared_as_extra_specs_say(value, wanted, fits):
    assert filters.matches(value, wanted) is fits


def test_traits_come_from_the_flavor_and_the_image():
    wanted = ask(
        specs={"trait:HW_CPU_X86_AVX2": "required", "trait:CUSTOM_SLOW": "forbidden"}, image={"trait:CUSTOM_GPU": "required"}
    )
    assert filters.traits(wanted) == (["CUSTOM_GPU", "HW_CPU_X86_AVX2"], ["CUSTOM_SLOW"])


def option(name: str, memory: int = 100, **more) -> weighers.Option:
    return weighers.Option(name, {"MEMORY_MB": memory, "VCPU": 4, "DISK_GB": 10}, **more)


def order(*options: weighers.Option) -> list[str]:
    return [weighed.host_id for weighed in weighers.weigh(options)]


def test_the_freest_host_is_the_best_and_of_equals_the_first():
    assert order(option("a", 100), option("b", 300), option("c", 200)) == ["b", "c", "a"]
    assert order(option("b"), option("a")) == ["a", "b"]


def test_a_busy_host_comes_after_an_idle_one_and_a_failing_one_last():
    assert order(option("a", busy=3), option("b")) == ["b", "a"]
    assert order(option("a", 9000, failed=1), option("b", 1))[-1] == "a"


def test_a_soft_group_outweighs_what_is_free():
    assert order(option("a", 9000, welcome=0), option("b", 1, welcome=2)) == ["b", "a"]
    assert order(option("a", 9000, welcome=-1), option("b", 1, welcome=0)) == ["b", "a"]
