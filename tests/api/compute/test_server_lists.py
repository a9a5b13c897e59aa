"""Searching, sorting and paging servers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud, actor

from cumulet.compute.operations.servers import change, delete, power


@pytest.fixture
async def three(cloud: ComputeCloud) -> list[str]:
    """web-a (tags red, blue; locked), web-b (stopped, tag red), db (of another flavor)."""
    found = []
    for name in ("web-a", "web-b", "db"):
        await cloud.clock.advance(1)
        found.append((await cloud.server(name=name, description=f"the {name}")).id)
    async with cloud.db.tx() as tx:
        await change.set_tags(tx, actor(), found[0], ["red", "blue"])
        await change.set_tags(tx, actor(), found[1], ["red"])
        await change.lock(tx, actor(), found[0], "busy")
        await power.stop(tx, actor(), found[1])
    await cloud.settle()
    return found


async def names(cloud: ComputeCloud, query: str, role: str = "member", **headers: str) -> list[str]:
    answer = await cloud.client(DEMO, role, **{**LATEST, **headers}).get(f"/servers?{query}")
    assert answer.status_code == 200, answer.text
    return [server["name"] for server in answer.json()["servers"]]


FOUND = {
    "name=web": ["web-b", "web-a"],
    "name=^web-a$": ["web-a"],
    "status=SHUTOFF": ["web-b"],
    "status=active": ["db", "web-a"],
    "status=ACTIVE&status=SHUTOFF": ["db", "web-b", "web-a"],
    "flavor=small": ["db", "web-b", "web-a"],
    "flavor=other": [],
    "ip=10.0.0": ["db", "web-b", "web-a"],
    "ip=10.99": [],
    "tags=red": ["web-b", "web-a"],
    "tags=red,blue": ["web-a"],
    "tags-any=blue,green": ["web-a"],
    "not-tags=red,blue": ["db", "web-b"],
    "not-tags-any=red,blue": ["db"],
    "locked=true": ["web-a"],
    "locked=False": ["db", "web-b"],
    "power_state=4": ["web-b"],
    "vm_state=stopped": ["web-b"],
    "hostname=web": ["web-b", "web-a"],
    "availability_zone=nova": ["db", "web-b", "web-a"],
    "key_name=x": [],
    "config_drive=true": [],
    "reservation_id=r-nothing": [],
    "sort_key=display_name&sort_dir=asc": ["db", "web-a", "web-b"],
    "sort_key=display_name&sort_dir=desc": ["web-b", "web-a", "db"],
    "sort_key=power_state&sort_dir=desc&sort_key=display_name&sort_dir=asc": ["web-b", "db", "web-a"],
    "limit=1": ["db"],
}


@pytest.mark.parametrize("query", FOUND)
async def test_a_filter_finds_what_it_says(cloud: ComputeCloud, three: list[str], query: str) -> None:
    assert await names(cloud, query) == FOUND[query]


ADMINS = {"host=nowhere": [], "node=nowhere": [], "description=web-a": ["web-a"], "launch_index=1": []}


@pytest.mark.parametrize("query", ADMINS)
async def test_filters_for_administrators_are_ignored_for_others(cloud: ComputeCloud, three: list[str], query: str) -> None:
    assert await names(cloud, query, "admin") == ADMINS[query]
    assert await names(cloud, query) == ["db", "web-b", "web-a"]


REFUSED = {
    "status=nonsense": 400,
    "nonsense=1": 400,
    "name=[": 400,
    "limit=-1": 400,
    "limit=x": 400,
    "marker=nobody": 400,
    "sort_key=nonsense": 400,
    "sort_key=vcpus": 400,
    "sort_key=host": 403,
    "changes-since=yesterday": 400,
    "changes-since=2026-02-01T00:00:00Z&changes-before=2026-01-01T00:00:00Z": 400,
    "all_tenants=1": 403,
    "all_tenants=maybe": 400,
    "metadata=x": 400,
    "_internal=x": 400,
    "status=deleted": 403,
    "locked=maybe": 400,
    "power_state=x": 400,
}


@pytest.mark.parametrize("query", REFUSED)
async def test_a_wrong_question_is_refused(cloud: ComputeCloud, query: str) -> None:
    answer = await cloud.client(**LATEST).get(f"/servers/detail?{query}")
    assert answer.status_code == REFUSED[query], answer.text


async def test_older_versions_ignore_what_they_do_not_know(cloud: ComputeCloud, three: list[str]) -> None:
    old = {"OpenStack-API-Version": "compute 2.1"}
    everything = ["db", "web-b", "web-a"]
    assert await names(cloud, "nonsense=1&locked=true&tags=red&sort_key=vcpus", **old) == everything
    assert await names(cloud, "status=nonsense", **old) == []


async def test_servers_of_all_projects_are_for_administrators(cloud: ComputeCloud, three: list[str]) -> None:
    await cloud.server(who=actor(OTHER), networks="none", name="theirs")
    admin = cloud.admin(**LATEST)

    async def found(query: str) -> set[str]:
        return {server["name"] for server in (await admin.get(f"/servers?{query}")).json()["servers"]}

    assert await found("") == set()
    assert await found("all_tenants=1") == {"web-a", "web-b", "db", "theirs"}
    assert await found(f"all_tenants=1&project_id={OTHER}") == {"theirs"}
    assert await found(f"all_tenants=&tenant_id={OTHER}") == {"theirs"}
    assert await found(f"project_id={OTHER}") == set()


async def test_deleted_servers_are_seen_by_who_asks_for_them(cloud: ComputeCloud, three: list[str]) -> None:
    before = await cloud.look(three[0])
    await cloud.clock.advance(60)
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(role="admin"), three[0])
    await cloud.settle()
    assert await names(cloud, "") == ["db", "web-b"]
    since = before.updated_at[:19] + "Z"
    assert "web-a" in await names(cloud, f"changes-since={since}")
    assert await names(cloud, "deleted=true") == ["db", "web-b"]
    assert await names(cloud, "deleted=true", "admin") == ["web-a"]
    assert await names(cloud, "status=deleted", "admin") == ["web-a"]
    shown = (await cloud.client(DEMO, "admin", **LATEST).get("/servers/detail?deleted=true")).json()["servers"][0]
    assert (shown["status"], shown["addresses"]) == ("DELETED", {})
    assert shown["OS-SRV-USG:terminated_at"] is not None


async def test_a_list_is_never_older_than_what_is_shown_alone(cloud: ComputeCloud, three: list[str]) -> None:
    """Whatever changes, the texts that were kept do not outlive it."""
    from cumulet.network.operations import networks, ports
    from cumulet.network.operations.networks import NetworkChanges

    client = cloud.client(**LATEST)

    async def same() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await client.get("/servers/detail")).json()["servers"]
        for server in listed:
            alone = (await client.get(f"/servers/{server['id']}")).json()["server"]
            assert server == {name: value for name, value in alone.items() if name != "server_groups"}
        return listed

    first = await same()
    assert await same() == first
    async with cloud.db.tx() as tx:
        network = await networks.get(tx, actor(), cloud.network.id)
        await networks.update(tx, actor(), network, NetworkChanges(name="renamed"))
    assert set((await same())[0]["addresses"]) == {"renamed"}
    async with cloud.db.tx() as tx:
        [interface] = (await ports.interfaces(tx, [three[2]]))[three[2]]
        port = await ports.get(tx, actor(), interface.port_id)
        await ports.update(tx, actor(), port, ports.PortChanges(fixed_ips=[ports.WantedIp(ip_address="10.0.5.5")]))
    assert (await same())[0]["addresses"]["renamed"][0]["addr"] == "10.0.5.5"
    await client.put(f"/servers/{three[2]}", json={"server": {"name": "changed"}})
    assert (await same())[0]["name"] == "changed"
    await client.delete(f"/servers/{three[2]}/os-interface/{interface.port_id}")
    await cloud.settle()
    assert (await same())[0]["addresses"] == {}


async def test_what_one_caller_may_not_see_is_not_kept_for_it(cloud: ComputeCloud, three: list[str]) -> None:
    key = "OS-EXT-SRV-ATTR:host"
    for role, there in (("admin", True), ("member", False), ("admin", True)):
        shown = (await cloud.client(DEMO, role, **LATEST).get("/servers/detail")).json()["servers"]
        assert all((key in server) is there for server in shown)
