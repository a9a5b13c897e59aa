"""Filters and weighers: plain functions over values."""

from __future__ import annotations

import pytest

from cumulet.compute.rules.scheduling import capabilities, filters, matching, nearness, weighers
from cumulet.compute.rules.scheduling.filters import Ask, Place
from cumulet.kernel.errors import Invalid


def place(name: str = "h1", **about) -> Place:
    known = {"zone": "nova", "arch": "x86_64", "hypervisors": frozenset({"qemu", "kvm"}), "marks": {}}
    return Place(name, name, **{**known, **about})


def ask(project: str = "p1", zone: str | None = None, specs=None, image=None) -> Ask:
    return Ask(project, zone, specs or {}, image or {})


def passing(wanted: Ask, *places: Place) -> list[str]:
    found = filters.constraints(wanted, {key for each in places for key in each.marks})
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
    assert matching.matches(value, wanted) is fits


def attributes(**changes):
    plain = {
        "free_ram_mb": 4096,
        "vcpus_total": 8,
        "num_instances": 2,
        "num_io_ops": 1,
        "host": "compute-1",
        "hypervisor_type": "QEMU",
    }
    return {**plain, "cpu_info": {"arch": "x86_64", "features": ["aes", "avx2", "mmx"]}, **changes}


@pytest.mark.parametrize(
    ("spec", "wanted", "fits"),
    [
        ("capabilities:free_ram_mb", ">= 4096", True),
        ("capabilities:free_ram_mb", ">= 4097", False),
        ("capabilities:vcpus_total", "= 8", True),
        ("capabilities:num_instances", "<= 10", True),
        ("capabilities:host", "<in> compute", True),
        ("capabilities:hypervisor_type", "s== QEMU", True),
        ("capabilities:hypervisor_type", "<or> ironic <or> QEMU", True),
        ("capabilities:cpu_info:features", "<in> avx2", True),
        ("capabilities:cpu_info:features", "<all-in> aes mmx", True),
        ("capabilities:cpu_info:features", "<all-in> aes sve", False),
        ("capabilities:cpu_info:arch", "aarch64", False),
        ("capabilities:no_such_thing", "1", False),
        ("capabilities:host:too:deep", "x", False),
        ("free_ram_mb", ">= 5000", False),
        ("a_word_of_the_operators", "1", True),
        ("hw:cpu_policy", "shared", True),
    ],
)
def test_a_flavor_asks_for_what_is_known_of_a_host_by_scoped_or_plain_names(spec, wanted, fits):
    known = place(attributes=attributes())
    assert (passing(ask(specs={spec: wanted}), known) == ["h1"]) is fits


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ('[">=", "$free_ram_mb", 1024]', True),
        ('[">", "$free_ram_mb", 4096]', False),
        ('["and", ["<", "$num_instances", 3], ["=", "$hypervisor_type", "QEMU"]]', True),
        ('["or", [">", "$num_instances", 3], ["in", "$host", "compute-1", "compute-2"]]', True),
        ('["not", ["=", "$host", "compute-1"]]', False),
        ('["=", "$cpu_info.arch", "x86_64"]', True),
        ('["=", "$nothing_of_that_name", 1]', False),
        ('["<", "$host", 1]', False),
        ('["="]', False),
        ("[]", True),
    ],
)
def test_a_json_query_is_asked_of_each_host(query, fits):
    wanted = Ask("p1", None, {}, {}, hints={"query": query})
    assert (passing(wanted, place(attributes=attributes())) == ["h1"]) is fits


@pytest.mark.parametrize(
    "query", ["{}", "not json", '["like", "$host", "x"]', '["and", ["?"]]', "[1]", ["="], "[" * 101 + "]" * 101]
)
def test_what_is_no_query_is_refused(query):
    with pytest.raises(Invalid, match="hint query"):
        capabilities.query(query)


def test_a_host_near_an_address_is_in_its_network():
    near, far = place("h1", address="192.168.1.7"), place("h2", address="192.168.2.7")

    def found(**hints):
        return passing(Ask("p1", None, {}, {}, hints=hints), near, far)

    assert found(build_near_host_ip="192.168.1.1") == ["h1"]
    assert found(build_near_host_ip="192.168.1.1", cidr="/16") == found(build_near_host_ip="192.168.1.1", cidr="16") == ["h1", "h2"]
    assert found(cidr="/16") == ["h1", "h2"]
    assert found(build_near_host_ip="2001:db8::1", cidr="/64") == []


@pytest.mark.parametrize("hints", [{"build_near_host_ip": "nowhere"}, {"build_near_host_ip": "10.0.0.1", "cidr": "/99"}])
def test_what_is_no_network_is_refused(hints):
    with pytest.raises(Invalid, match="build_near_host_ip"):
        nearness.wanted(hints)


def test_aggregates_limit_the_servers_and_the_work_of_their_hosts_and_the_smallest_limit_counts():
    known = attributes(num_instances=5, num_io_ops=2)
    full = place("h1", marks={"max_instances_per_host": {"9", "5"}}, attributes=known)
    busy = place("h2", marks={"max_io_ops_per_host": {"2"}}, attributes=known)
    fine = place("h3", marks={"max_instances_per_host": {"6", "lots"}, "max_io_ops_per_host": {"3"}}, attributes=known)
    assert passing(ask(), full, busy, fine) == ["h3"]


def test_aggregates_keep_their_hosts_for_flavors_and_for_servers_that_require_traits():
    named = place("h1", marks={"instance_type": {"small", "large"}})
    fast = place("h2", marks={"trait:CUSTOM_FAST": {"required"}})
    assert passing(Ask("p1", None, {}, {}, flavor="large"), named, fast) == ["h1"]
    assert passing(Ask("p1", None, {"trait:CUSTOM_FAST": "required"}, {}, flavor="huge"), named, fast) == ["h2"]


def test_an_image_for_another_mode_than_ours_fits_nowhere():
    assert passing(ask(image={"hw_vm_mode": "hvm"}), place()) == ["h1"]
    assert passing(ask(image={"hw_vm_mode": "xen"}), place()) == []


def test_hosts_are_looked_at_closer_only_if_somebody_asks():
    assert not filters.looks_closer(ask(specs={"hw:cpu_policy": "shared"}), {"ssd"})
    assert filters.looks_closer(ask(specs={"free_ram_mb": ">= 1"}), set())
    assert filters.looks_closer(ask(), {"max_io_ops_per_host"})


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
