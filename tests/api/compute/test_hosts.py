"""Hosts over HTTP: hypervisors and services."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.servers import LATEST, ComputeCloud

from cumulet.kernel.ids import is_uuid

BINARY = "nova-compute"


def at(version: str) -> dict[str, str]:
    return {"OpenStack-API-Version": f"compute {version}"}


async def hypervisors(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/os-hypervisors{query}")).json()["hypervisors"]
    return found


async def services(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/os-services{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["services"]
    return found


async def test_hypervisors_are_listed_with_their_uuids_or_numbers(cloud: ComputeCloud) -> None:
    new = await hypervisors(cloud.admin(**LATEST))
    assert [h["id"] for h in new] == [world.host_id for world in cloud.worlds]
    assert new[0] == {"id": cloud.worlds[0].host_id, "hypervisor_hostname": "fake1", "state": "up", "status": "enabled"}
    assert [h["id"] for h in await hypervisors(cloud.admin(**at("2.52")))] == [1, 2]


async def test_a_hypervisor_in_detail_shows_what_is_used(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    admin = cloud.admin(**at("2.87"))
    shown = (await admin.get(f"/os-hypervisors/{server.host_id}")).json()["hypervisor"]
    assert shown["hypervisor_hostname"] == server.host_name
    assert (shown["vcpus_used"], shown["running_vms"], shown["current_workload"]) == (1, 1, 0)
    assert shown["free_ram_mb"] == shown["memory_mb"] - shown["memory_mb_used"]
    assert shown["memory_mb_used"] >= 512
    assert shown["local_gb_used"] >= 1
    assert shown["cpu_info"]["arch"] == "x86_64"
    assert is_uuid(shown["service"]["id"])
    listed = (await admin.get("/os-hypervisors/detail")).json()["hypervisors"]
    assert shown in listed


async def test_hypervisors_in_detail_change_with_versions(cloud: ComputeCloud) -> None:
    host_id = cloud.worlds[0].host_id
    oldest = (await cloud.admin().get("/os-hypervisors/1")).json()["hypervisor"]
    assert isinstance(oldest["cpu_info"], str)
    assert oldest["service"] == {"id": 1, "host": "fake1", "disabled_reason": None}
    newest = (await cloud.admin(**LATEST).get(f"/os-hypervisors/{host_id}")).json()["hypervisor"]
    gone = {
        *("cpu_info", "current_workload", "disk_available_least", "free_disk_gb", "free_ram_mb", "local_gb", "local_gb_used"),
        *("memory_mb", "memory_mb_used", "running_vms", "vcpus", "vcpus_used"),
    }
    assert set(oldest) - set(newest) == gone
    assert set(newest) - set(oldest) == {"uptime"}


async def test_uptime_grows_with_time_and_nobody_knows_that_of_a_dead_host(cloud: ComputeCloud) -> None:
    admin, path = cloud.admin(**LATEST), f"/os-hypervisors/{cloud.worlds[0].host_id}"
    assert (await admin.get(path)).json()["hypervisor"]["uptime"].endswith(" up  0:00")
    old = await cloud.admin(**at("2.87")).get(f"{path}/uptime")
    assert old.json()["hypervisor"]["uptime"].endswith(" up  0:00")
    await cloud.clock.advance(3600)
    [service] = await services(admin, "?host=fake1")
    await admin.put(f"/os-services/{service['id']}", json={"forced_down": True})
    assert (await admin.get(path)).json()["hypervisor"]["uptime"] is None
    assert (await cloud.admin(**at("2.87")).get(f"{path}/uptime")).status_code == 400
    assert (await admin.get(f"{path}/uptime")).status_code == 404


async def test_hypervisors_are_paged(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    first = (await admin.get("/os-hypervisors?limit=1")).json()
    assert [h["hypervisor_hostname"] for h in first["hypervisors"]] == ["fake1"]
    second = (await admin.get(first["hypervisors_links"][0]["href"])).json()
    assert [h["hypervisor_hostname"] for h in second["hypervisors"]] == ["fake2"]
    assert (await admin.get("/os-hypervisors?marker=nobody")).status_code == 400
    assert len(await hypervisors(cloud.admin(**at("2.32")), "?limit=1")) == 2


async def test_hypervisors_are_found_by_a_part_of_their_names(cloud: ComputeCloud) -> None:
    admin, old = cloud.admin(**LATEST), cloud.admin(**at("2.52"))
    assert [h["hypervisor_hostname"] for h in await hypervisors(admin, "?hypervisor_hostname_pattern=KE2")] == ["fake2"]
    assert (await admin.get("/os-hypervisors?hypervisor_hostname_pattern=none")).status_code == 404
    assert (await admin.get("/os-hypervisors?hypervisor_hostname_pattern=fake&limit=1")).status_code == 400
    assert [h["hypervisor_hostname"] for h in (await old.get("/os-hypervisors/fake/search")).json()["hypervisors"]] == [
        "fake1",
        "fake2",
    ]
    assert (await old.get("/os-hypervisors/none/search")).status_code == 404
    assert (await admin.get("/os-hypervisors/fake/search")).status_code == 404


async def test_hypervisors_tell_of_their_servers_if_asked(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    expected = [{"name": server.name, "uuid": server.id}]
    new = {h["hypervisor_hostname"]: h.get("servers") for h in await hypervisors(cloud.admin(**LATEST), "?with_servers=true")}
    assert sorted(new.values(), key=str) == [[], expected] or sorted(new.values(), key=str) == [expected, []]
    assert new[server.host_name or ""] == expected
    shown = await cloud.admin(**LATEST).get(f"/os-hypervisors/{server.host_id}?with_servers=1")
    assert shown.json()["hypervisor"]["servers"] == expected
    before = await hypervisors(cloud.admin(**at("2.74")), "?with_servers=true")
    assert [h.get("servers") for h in before if h["hypervisor_hostname"] != server.host_name] == [None]
    old = (await cloud.admin(**at("2.52")).get(f"/os-hypervisors/{server.host_name}/servers")).json()["hypervisors"]
    assert old[0]["servers"] == expected
    assert all("servers" not in h for h in await hypervisors(cloud.admin(**LATEST)))


async def test_statistics_add_up_enabled_hypervisors(cloud: ComputeCloud) -> None:
    await cloud.server()
    admin = cloud.admin()
    both = (await admin.get("/os-hypervisors/statistics")).json()["hypervisor_statistics"]
    assert (both["count"], both["running_vms"], both["vcpus"]) == (2, 1, 128)
    await admin.put("/os-services/disable", json={"host": "fake1", "binary": BINARY})
    one = (await admin.get("/os-hypervisors/statistics")).json()["hypervisor_statistics"]
    assert (one["count"], one["vcpus"]) == (1, 64)
    assert (await cloud.admin(**LATEST).get("/os-hypervisors/statistics")).status_code == 404


async def test_hypervisors_that_are_not_there(cloud: ComputeCloud) -> None:
    missing = "6a2ce8ab-5a1d-4f05-95b1-d9d9a2a0d0c5"
    assert (await cloud.admin(**LATEST).get(f"/os-hypervisors/{missing}")).status_code == 404
    assert (await cloud.admin(**LATEST).get("/os-hypervisors/1")).status_code == 400
    assert (await cloud.admin().get(f"/os-hypervisors/{missing}")).status_code == 404
    assert (await cloud.admin().get("/os-hypervisors/9")).status_code == 404
    assert (await cloud.admin(**LATEST).get("/os-hypervisors?color=red")).status_code == 400


@pytest.mark.parametrize("path", ["/os-hypervisors", "/os-hypervisors/detail", "/os-hypervisors/1", "/os-services"])
async def test_only_administrators_see_hosts(cloud: ComputeCloud, path: str) -> None:
    assert (await cloud.client().get(path)).status_code == 403


async def test_services_are_listed_and_filtered(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    first, _ = await services(admin)
    assert first == {
        "id": first["id"],
        "binary": BINARY,
        "host": "fake1",
        "zone": "nova",
        "status": "enabled",
        "state": "up",
        "updated_at": first["updated_at"],
        "disabled_reason": None,
        "forced_down": False,
    }
    assert is_uuid(first["id"])
    assert [s["host"] for s in await services(admin, "?host=fake2")] == ["fake2"]
    assert await services(admin, "?binary=nova-scheduler") == []
    assert await services(admin, "?host=nobody&binary=nova-compute") == []
    assert (await admin.get("/os-services?color=red")).status_code == 400
    old = (await services(cloud.admin(), "?color=red"))[0]
    assert (old["id"], "forced_down" in old) == (1, False)


async def test_a_service_whose_agent_is_silent_is_down(cloud: ComputeCloud) -> None:
    before = (await services(cloud.admin()))[0]["updated_at"]
    for agent in cloud._agents:
        await agent.stop()
    await cloud.clock.advance(60)
    found = (await services(cloud.admin()))[0]
    assert (found["state"], found["status"]) == ("down", "enabled")
    assert before <= found["updated_at"]
    assert (await hypervisors(cloud.admin()))[0]["state"] == "down"


async def test_nothing_is_placed_on_a_disabled_host(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    for service in await services(admin):
        changed = await admin.put(f"/os-services/{service['id']}", json={"status": "disabled", "disabled_reason": "repair"})
        assert changed.json()["service"] == {**service, "status": "disabled", "disabled_reason": "repair"}
    server = await cloud.server()
    assert server.state == "error"
    service = (await services(admin, "?host=fake2"))[0]
    enabled = await admin.put(f"/os-services/{service['id']}", json={"status": "enabled"})
    assert enabled.json()["service"]["disabled_reason"] is None
    assert (await cloud.server(name="again")).host_name == "fake2"


async def test_nothing_is_placed_on_a_host_that_was_forced_down(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    service = (await services(admin, "?host=fake1"))[0]
    forced = await admin.put(f"/os-services/{service['id']}", json={"forced_down": True})
    assert (forced.json()["service"]["state"], forced.json()["service"]["forced_down"]) == ("down", True)
    assert {(await cloud.server(name=f"s{number}")).host_name for number in range(3)} == {"fake2"}
    back = await admin.put(f"/os-services/{service['id']}", json={"forced_down": "false"})
    assert back.json()["service"]["state"] == "up"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"disabled_reason": "why"},
        {"status": "enabled", "disabled_reason": "why"},
        {"status": "broken"},
        {"forced_down": "perhaps"},
        {"host": "fake1"},
    ],
)
async def test_a_wrong_change_of_a_service_is_refused(cloud: ComputeCloud, wrong: dict[str, Any]) -> None:
    admin = cloud.admin(**LATEST)
    before = await services(admin)
    assert (await admin.put(f"/os-services/{before[0]['id']}", json=wrong)).status_code == 400
    assert await services(admin) == before


async def test_services_that_are_not_there_are_not_changed(cloud: ComputeCloud) -> None:
    missing = "6a2ce8ab-5a1d-4f05-95b1-d9d9a2a0d0c5"
    admin = cloud.admin(**LATEST)
    assert (await admin.put(f"/os-services/{missing}", json={"status": "enabled"})).status_code == 404
    assert (await admin.put("/os-services/1", json={"status": "enabled"})).status_code == 400
    assert (await admin.delete(f"/os-services/{missing}")).status_code == 404
    assert (await admin.delete("/os-services/enable")).status_code == 400


async def test_old_versions_name_the_action_in_the_path(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**at("2.11"))
    wanted = {"host": "fake1", "binary": BINARY}
    disabled = await admin.put("/os-services/disable-log-reason", json={**wanted, "disabled_reason": "repair"})
    assert disabled.json() == {"service": {**wanted, "status": "disabled", "disabled_reason": "repair"}}
    assert (await admin.put("/os-services/disable-log-reason", json=wanted)).status_code == 400
    assert (await admin.put("/os-services/enable", json=wanted)).json() == {"service": {**wanted, "status": "enabled"}}
    assert (await admin.put("/os-services/disable", json=wanted)).json() == {"service": {**wanted, "status": "disabled"}}
    forced = await admin.put("/os-services/force-down", json={**wanted, "forced_down": True})
    assert forced.json() == {"service": {**wanted, "forced_down": True}}
    assert (await admin.put("/os-services/force-down", json=wanted)).status_code == 400
    assert (await admin.put("/os-services/explode", json=wanted)).status_code == 404
    assert (await admin.put("/os-services/enable", json={**wanted, "host": "nobody"})).status_code == 404
    assert (await admin.put("/os-services/enable", json={**wanted, "binary": "nova-scheduler"})).status_code == 400
    assert (await cloud.admin().put("/os-services/force-down", json=wanted)).status_code == 404


async def test_very_old_versions_show_what_each_project_uses_of_a_host(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    admin = cloud.admin()
    listed = (await admin.get("/os-hosts?zone=nova")).json()["hosts"]
    assert listed == [{"host_name": name, "service": "compute", "zone": "nova"} for name in ("fake1", "fake2")]
    assert (await admin.get("/os-hosts?zone=other")).json() == {"hosts": []}
    rows = [row["resource"] for row in (await admin.get(f"/os-hosts/{server.host_name}")).json()["host"]]
    assert [row["project"] for row in rows] == ["(total)", "(used_now)", "(used_max)", server.project_id]
    assert [(row["cpu"], row["memory_mb"], row["disk_gb"]) for row in rows[2:]] == [(1, 512, 1)] * 2
    assert (await admin.get("/os-hosts/nobody")).status_code == 404
    assert (await cloud.admin(**at("2.43")).get("/os-hosts")).status_code == 404
    assert (await cloud.client().get("/os-hosts")).status_code == 403


async def test_very_old_versions_enable_hosts_and_switch_none_off(cloud: ComputeCloud) -> None:
    admin = cloud.admin()
    assert (await admin.put("/os-hosts/fake1", json={"status": "disable"})).json() == {"host": "fake1", "status": "disabled"}
    assert [host["host_name"] for host in (await admin.get("/os-hosts")).json()["hosts"]] == ["fake2"]
    assert (await admin.put("/os-hosts/fake1", json={"status": "ENABLE"})).status_code == 200
    for wrong in ({}, {"status": "off"}, {"maintenance_mode": "yes"}):
        assert (await admin.put("/os-hosts/fake1", json=wrong)).status_code == 400
    refused = await admin.put("/os-hosts/fake1", json={"status": "disable", "maintenance_mode": "enable"})
    assert (refused.status_code, set(refused.json())) == (501, {"notImplemented"})
    for action in ("startup", "shutdown", "reboot"):
        assert (await admin.get(f"/os-hosts/fake1/{action}")).status_code == 501
        assert (await admin.get(f"/os-hosts/nobody/{action}")).status_code == 404
        assert (await cloud.client().get(f"/os-hosts/fake1/{action}")).status_code == 403
    assert len((await admin.get("/os-hosts")).json()["hosts"]) == 2


async def test_a_host_is_removed_only_when_nothing_is_on_it(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**LATEST)
    made = (await admin.post("/os-aggregates", json={"aggregate": {"name": "rack"}})).json()["aggregate"]
    server = await cloud.server()
    await admin.post(f"/os-aggregates/{made['id']}/action", json={"add_host": {"host": server.host_name}})
    service = (await services(admin, f"?host={server.host_name}"))[0]
    assert (await admin.delete(f"/os-services/{service['id']}")).status_code == 409
    await cloud.client().delete(f"/servers/{server.id}")
    await cloud.settle()
    assert (await admin.delete(f"/os-services/{service['id']}")).status_code == 204
    assert len(await services(admin)) == len(await hypervisors(admin)) == 1
    assert (await admin.get(f"/os-aggregates/{made['id']}")).json()["aggregate"]["hosts"] == []


async def test_the_cost_of_a_list_does_not_depend_on_how_many_servers_there_are(cloud: ComputeCloud) -> None:
    admin = cloud.admin(**at("2.87"))

    async def statements() -> int:
        before = cloud.db.statements
        assert (await admin.get("/os-hypervisors/detail?with_servers=true")).status_code == 200
        return cloud.db.statements - before

    first = await statements()
    for number in range(3):
        await cloud.server(name=f"s{number}")
    assert await statements() == first
