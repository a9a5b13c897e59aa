"""Lists that are asked for in ways which make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from tests.support.bad_input.judging import Judge
from tests.support.bad_input.turns import Turns
from tests.support.bad_input.world import World

from cumulet.kernel.http import PUBLIC, Route
from cumulet.kernel.http.application import Service

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBERS = ("-1", "x", "1.5", "--5", "\u00b2", "\u0663", "9" * 5000, str(2**63), "", "0x10", "1e3", " 1")
TEXTS = (
    "x" * 5000,
    "%",
    "\u202e\U0001f600",
    "' OR 1=1--",
    ":",
    ",,,",
    "in:",
    "a:b:c",
    "=",
    "[",
    "null",
    "{}",
    "0001-99-99T99:99:99",
)
FILTERS: dict[str, tuple[str, ...]] = {
    "identity": (
        *("name", "name__contains", "enabled", "is_domain", "tags", "parent_id", "domain_id", "user_id", "password_expires_at"),
        *("role.id", "scope.project.id", "scope.system", "effective", "include_names", "include_subtree", "interface", "type"),
    ),
    "image": (
        *("name", "status", "id", "size_min", "size_max", "min_disk", "created_at", "updated_at", "visibility", "tag", "owner"),
        *("protected", "os_hidden", "member_status", "changes-since", "disk_format"),
    ),
    "placement": (
        *("name", "uuid", "resources", "resources1", "required", "required_x", "member_of", "in_tree", "same_subtree"),
        *("group_policy", "root_required", "project_id", "user_id", "consumer_type", "associated"),
    ),
    "network": (
        *("name", "status", "shared", "admin_state_up", "mtu", "provider:segmentation_id", "router:external", "ip_version"),
        *("fixed_ips", "fields", "tags", "tags-any", "not-tags", "port_range_min", "device_id", "page_reverse", "revision_number"),
    ),
    "volume": (
        *("name", "name~", "status", "size", "bootable", "metadata", "glance_metadata", "created_at", "updated_at", "offset"),
        *("all_tenants", "with_count", "is_public", "extra_specs", "volume_id", "consumes_quota", "host"),
    ),
    "compute": (
        *("name", "status", "ip", "ip6", "changes-since", "changes-before", "flavor", "tags", "not-tags-any", "all_tenants"),
        *("deleted", "locked", "minDisk", "minRam", "is_public", "detailed", "start", "power_state", "host", "metadata", "user_id"),
    ),
}
"""What lists of a service can be asked for; most lists know a few of them only."""

SORTS = (
    "sort=nothing",
    "sort=id:sideways",
    "sort_key=nothing",
    "sort_key=id&sort_dir=sideways",
    "sort=:",
    "sort=,",
    "sort=a:b:c:d",
)


def lists(world: World) -> Iterator[tuple[Service, Route]]:
    """Every GET that needs a token: a query may follow each."""
    return ((s, r) for s, r in world.routes() if r.method == "GET" and r.policy != PUBLIC and not r.path.endswith("/file"))


async def test_a_limit_that_is_no_number_is_taken_or_refused_properly(world: World, judge: Judge) -> None:
    numbers = Turns(4, NUMBERS)
    for service, route in lists(world):
        asked = world.asked(service, route)
        for number in next(numbers):
            asked.query = f"limit={quote(number)}"
            await judge.ask(service, asked)


async def test_a_marker_of_nothing_is_taken_or_refused_properly(world: World, judge: Judge) -> None:
    markers = Turns(3, ("", "x" * 300, "-1", str(2**70), "00000000-0000-4000-8000-0000000000ff", "a%00b", "%ff"))
    for service, route in lists(world):
        asked = world.asked(service, route)
        for marker in next(markers):
            asked.query = f"limit=1&marker={marker}"
            await judge.ask(service, asked)


async def test_a_sort_by_nothing_is_taken_or_refused_properly(world: World, judge: Judge) -> None:
    sorts = Turns(3, SORTS)
    for service, route in lists(world):
        asked = world.asked(service, route)
        for sort in next(sorts):
            asked.query = sort
            await judge.ask(service, asked)


async def test_a_filter_by_nonsense_is_taken_or_refused_properly(world: World, judge: Judge) -> None:
    texts = Turns(1, (*NUMBERS, *TEXTS))
    for service, route in lists(world):
        asked = world.asked(service, route)
        if "{" not in route.path:
            for name in (*FILTERS.get(service.name, ()), "no-such-parameter"):
                for text in next(texts):
                    asked.query = f"{name}={quote(text)}"
                    await judge.ask(service, asked)


async def test_a_query_of_octets_that_are_no_text_is_taken_or_refused_properly(world: World, judge: Judge) -> None:
    for service, route in lists(world):
        asked = world.asked(service, route)
        asked.query = b"name=\xff\xfe&limit=1".decode(errors="surrogateescape")
        await judge.ask(service, asked)


async def test_a_query_with_the_character_nul_is_refused(world: World, judge: Judge) -> None:
    for service, route in lists(world):
        asked = world.asked(service, route)
        asked.query = "name=a%00b&status=%00"
        await judge.ask(service, asked)
