"""Hostnames, devices, patterns, limits, sizes."""

from __future__ import annotations

import msgspec
import pytest

from cumulet.compute.model import Flavor, Usage
from cumulet.compute.rules import limits, names, sizes
from cumulet.kernel.errors import Conflict, Invalid


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("web", "web"),
        ("My Server_1", "my-server-1"),
        ("a.b.c", "a-b-c"),
        ("--x--", "x"),
        ("日本", "Server-some-id"),
        ("x" * 80, "x" * 63),
    ],
)
def test_a_hostname_is_what_can_be_kept_of_a_name(name: str, hostname: str) -> None:
    assert names.hostname(name, "some-id") == hostname


def test_several_servers_of_one_request_are_numbered() -> None:
    assert [names.numbered("web", at, 2) for at in range(2)] == ["web-1", "web-2"]
    assert names.numbered("web", 0, 1) == "web"


def test_a_host_looks_different_to_each_project_and_the_same_to_one() -> None:
    assert names.host_hash("p", "h") == names.host_hash("p", "h") != names.host_hash("q", "h")
    assert names.host_hash("p", None) == ""


def test_a_27th_disk_is_refused() -> None:
    taken: list[str] = []
    for _ in range(26):
        taken.append(names.next_device(taken))
    with pytest.raises(Conflict):
        names.next_device(taken)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="regular expression"):
        names.search_pattern("[")


def test_C10_the_overhead_of_qemu_is_part_of_what_is_claimed() -> None:
    flavor = Flavor("f", "small", 2, 2048, 10, 0, 0, 1.0, True, False, None, {}, "2026-01-01", None)
    claimed = sizes.resources(flavor, 10 * 1024 + 1)
    assert claimed == {"VCPU": 2, "MEMORY_MB": 2048 + sizes.overhead_mb(2, 2048), "DISK_GB": 11}
    assert sizes.overhead_mb(2, 2048) == 96 + 16 + 8


def test_a_server_without_local_disks_claims_none() -> None:
    flavor = Flavor("f", "small", 1, 512, 0, 0, 0, 1.0, True, False, None, {}, "2026-01-01", None)
    assert "DISK_GB" not in sizes.resources(flavor, 0)


def test_a_users_limit_is_nearer_than_its_projects_and_that_than_the_clouds() -> None:
    rows = [("p", "u", "cores", 3), ("p", "", "cores", 2), ("", "", "cores", 1), ("", "", "ram", 9)]
    assert limits.in_force(rows, "u")["cores"] == 3
    assert limits.in_force(rows, "other")["cores"] == 2
    assert limits.in_force(rows[2:], "u")["ram"] == 9
    assert limits.in_force([])["instances"] == 10


def test_as_many_servers_are_made_as_every_limit_allows() -> None:
    allowed = {"instances": 10, "cores": 20, "ram": -1}
    assert limits.affordable(allowed, Usage(2, 15, 0), Usage(1, 2, 512), 8) == 2


def test_a_refusal_names_each_limit_with_its_figures() -> None:
    allowed = {"instances": 10, "cores": 20, "ram": 1024}
    problem = limits.refusal(allowed, Usage(9, 20, 512), Usage(1, 1, 1024))
    assert "cores, ram" in problem.message
    assert "cores: 1 wanted, 20 of 20 used" in problem.message
    assert "instances:" not in problem.message


def test_the_copy_of_a_flavor_can_be_read_back() -> None:
    flavor = Flavor("f", "small", 1, 512, 0, 0, 0, 1.0, True, False, None, {"hw:x": "y"}, "2026-01-01", None)
    assert msgspec.convert(msgspec.to_builtins(flavor), Flavor) == flavor
