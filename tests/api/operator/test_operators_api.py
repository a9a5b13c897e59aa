"""The operators' API: explanations, grants, the audit; and that it is for administrators only."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest
from rich.console import Console
from tests.support.clock import FakeClock
from tests.support.cloud import TestCloud, running_cloud
from tests.support.site import COMPUTE, Site, made
from tests.support.site import site as furnished

from cumulet.app.inspection import page, terminal
from cumulet.compute.model import Usage
from cumulet.compute.operations.explain.audit import Audit
from cumulet.compute.operations.explain.hosts import HostExplained
from cumulet.compute.operations.explain.servers import ServerExplained
from cumulet.compute.store import quotas
from cumulet.kernel.clock import stamp

OPERATOR = "/operator/v1"
PLACED = {"OpenStack-API-Version": "placement 1.36"}


@pytest.fixture
async def cloud(state: Path, clock: FakeClock):
    """A cloud with one host in memory."""
    async with running_cloud(state, clock) as made_cloud:
        await made_cloud.cloud.start()
        yield made_cloud


@pytest.fixture
async def site(cloud: TestCloud) -> Site:
    """The same with a flavor, an image and two callers."""
    return await furnished(cloud)


async def server(site: Site) -> str:
    """A server that is ACTIVE."""
    asked = (await made(site.server()))["server"]["id"]
    for _ in range(200):
        if (await made(site.demo.get(f"{COMPUTE}/servers/{asked}")))["server"]["status"] == "ACTIVE":
            return str(asked)
        await site.cloud.db.clock.advance(0.5)
    raise AssertionError("the server did not become ACTIVE")


async def host(site: Site, name: str = "fake1") -> HostExplained:
    """A host, explained."""
    return msgspec.convert(await made(site.admin.get(f"{OPERATOR}/hosts/{name}")), HostExplained)


async def test_a_host_is_explained_to_the_last_byte(site: Site) -> None:
    server_id = await server(site)
    explained = await host(site)
    memory = next(line for line in explained.lines if line.resource_class == "MEMORY_MB")
    assert memory.limit == memory.total - memory.reserved
    assert memory.used == sum(held.resources["MEMORY_MB"] for held in explained.claims)
    assert {source.figure: source.source for source in memory.sources} == {
        "total": "host",
        "reserved": "default",
        "ratio": "default",
    }
    assert all("the agent of host" in source.by for source in memory.sources)
    [held] = explained.claims
    assert (held.consumer_id, held.owner, held.guest_mb, held.overhead_mb) == (server_id, "server", 64, 104)
    assert (held.state, held.rss_mb) == ("running", 64)
    assert explained.physical.guests_mb == 64
    assert (explained.passings, explained.unmanaged, explained.alive) == ([], [], True)


async def test_a_host_is_explained_by_its_id_too_and_without_its_agent(site: Site) -> None:
    by_name = await host(site)
    for agent in site.cloud.cloud.agents:
        await agent.stop()
    by_id = await host(site, by_name.host_id)
    assert (by_id.hostname, by_id.physical) == ("fake1", None)


async def test_C9_guests_that_nobody_knows_are_in_the_explanation_and_the_audit(site: Site) -> None:
    world = site.cloud.cloud.underlay.worlds[0]
    world.add_stranger("somebody's", 4096)
    await site.cloud.db.clock.advance(15)
    explained = await host(site)
    assert [guest.name for guest in explained.unmanaged] == ["somebody's"]
    memory = next(line for line in explained.lines if line.resource_class == "MEMORY_MB")
    assert (memory.unmanaged, memory.limit) == (4096, memory.total - memory.reserved - 4096)
    [finding] = (await audit(site)).findings
    assert "somebody's" in finding.subject
    assert "virsh shutdown" in finding.mend


async def test_C7_when_and_by_whom_a_limit_was_passed_is_told(site: Site) -> None:
    await server(site)
    explained = await host(site)
    inventory = {"total": 1000, "reserved": 900, "resource_provider_generation": 0}
    path = f"/placement/resource_providers/{explained.host_id}"
    inventory["resource_provider_generation"] = (await made(site.admin.get(path, headers=PLACED)))["generation"]
    await made(site.admin.put(f"{path}/inventories/MEMORY_MB", json=inventory, headers=PLACED))
    [passing] = (await host(site)).passings
    assert (passing.resource_class, passing.used, passing.limit, passing.over_now) == ("MEMORY_MB", 168, 100, True)
    assert f"PUT {path}/inventories/MEMORY_MB by user {site.admin.user_id}" in passing.cause
    [finding] = (await audit(site)).findings
    assert finding.severity == "critical"
    assert "168 MEMORY_MB are claimed, 100 may be" in finding.what
    history = (await made(site.admin.get(f"{OPERATOR}/hosts/fake1/history?limit=2")))["history"]
    assert history[0]["kind"] == "inventory"
    assert history[0]["request_id"].startswith("req-")


async def test_a_server_is_explained_with_why_it_is_there_and_each_step(site: Site) -> None:
    server_id = await server(site)
    for name in (server_id, "web"):
        explained = msgspec.convert(await made(site.admin.get(f"{OPERATOR}/servers/{name}")), ServerExplained)
        assert (explained.server_id, explained.hostname, explained.epoch) == (server_id, "fake1", 1)
        assert explained.why["suitable"] == 1
        assert explained.why["hosts"][0]["host_id"] == explained.host_id
        assert explained.now.removed[0].reason == "where it is"
        [story] = explained.workflows
        assert [step.name for step in story.steps][:3] == ["1/place_server", "1/make root", "1/start_guest"]
        assert all(step.at >= story.created_at for step in story.steps)
        assert [each.kind for each in explained.history] == ["claim"]
        assert explained.history[0].cause == f"workflow create_server {story.id}"
    assert (await site.admin.get(f"{OPERATOR}/servers/nobody")).status_code == 404


async def test_a_refusal_counts_hosts_for_the_user_and_names_them_for_the_operator(site: Site) -> None:
    flavor = {"name": "picky", "vcpus": 1, "ram": 64, "disk": 1}
    flavor_id = (await made(site.admin.post(f"{COMPUTE}/flavors", json={"flavor": flavor})))["flavor"]["id"]
    specs = {"extra_specs": {"trait:HW_CPU_X86_AVX512F": "required"}}
    await made(site.admin.post(f"{COMPUTE}/flavors/{flavor_id}/os-extra_specs", json=specs))
    asked = (await made(site.server(flavorRef=flavor_id)))["server"]["id"]
    for _ in range(200):
        await site.cloud.db.clock.advance(0.5)
        shown = (await made(site.demo.get(f"{COMPUTE}/servers/{asked}")))["server"]
        if shown["status"] == "ERROR":
            break
    fault = shown["fault"]
    assert "Of 1 hosts: 1 without the required traits HW_CPU_X86_AVX512F" in fault["message"]
    assert "fake1" not in str(fault)
    explained = await made(site.admin.get(f"{OPERATOR}/servers/{asked}"))
    assert "fake1" in explained["fault"]["details"]
    assert explained["now"]["removed"] == [
        {"reason": "without the required traits HW_CPU_X86_AVX512F", "count": 1, "hosts": ["fake1"]}
    ]


async def audit(site: Site, query: str = "") -> Audit:
    """The audit."""
    return msgspec.convert(await made(site.admin.get(f"{OPERATOR}/audit{query}")), Audit)


async def test_the_audit_of_a_cloud_that_adds_up_is_empty(site: Site) -> None:
    await server(site)
    counted = await audit(site)
    assert (counted.hosts, counted.servers, counted.claims, counted.findings) == (1, 1, 1, [])


async def test_C7_what_if_shows_findings_before_a_change_and_changes_nothing(site: Site) -> None:
    await server(site)
    [finding] = (await audit(site, "?memory_reserved=262000")).findings
    assert finding.what == "with memory_reserved = 262000 there would be 168 MEMORY_MB claimed of 144: 24 too many"
    assert (await audit(site, "?memory_ratio=1&disk_reserved=10")).findings == []
    assert (await audit(site)).findings == []
    for query in ("?memory=1", "?memory_reserved=lots", "?memory_ratio=nan"):
        assert (await site.admin.get(f"{OPERATOR}/audit{query}")).status_code == 400


async def test_L3_claims_of_nobody_are_found_with_the_command_that_mends(site: Site) -> None:
    explained, nobody = await host(site), "0f2c7f4e-1111-4222-8333-444455556666"
    claim = {explained.host_id: {"resources": {"MEMORY_MB": 10}}}
    body = {"allocations": claim, "project_id": "p", "user_id": "u", "consumer_generation": None}
    await made(site.admin.put(f"/placement/allocations/{nobody}", json=body, headers={"OpenStack-API-Version": "placement 1.28"}))
    [finding] = (await audit(site)).findings
    assert finding.mend == f"openstack resource provider allocation delete {nobody}"
    assert [held.owner for held in (await host(site)).claims] == ["unknown"]


async def test_C12_a_quota_that_drifted_is_found_and_recounted(site: Site) -> None:
    await server(site)
    async with site.cloud.db.tx() as tx:
        await quotas.grow(tx, site.project_id, Usage(2, 5, 100))
    [finding] = (await audit(site)).findings
    assert finding.mend == f"cumulet audit --recount {site.project_id}"
    assert (await made(site.admin.post(f"{OPERATOR}/projects/{site.project_id}/recount")))["usage"]["cores"] == 1
    assert (await audit(site)).findings == []


async def test_C3_overcommit_is_granted_listed_and_revoked(site: Site) -> None:
    grant = {"ratio": 1.5, "until": "2099-01-01T00:00:00Z", "reason": "moving house"}
    assert (await site.admin.post(f"{OPERATOR}/hosts/fake1/grants", json=grant)).status_code == 400
    now = site.cloud.db.clock.now()
    given = await made(site.admin.post(f"{OPERATOR}/hosts/fake1/grants", json={**grant, "until": stamp(now + 3600)}))
    assert (given["granted_by"], given["in_force"]) == (site.admin.user_id, True)
    explained = await host(site)
    memory = next(line for line in explained.lines if line.resource_class == "MEMORY_MB")
    assert (memory.ratio, [each.reason for each in explained.grants]) == (1.5, ["moving house"])
    ended = await made(site.admin.delete(f"{OPERATOR}/grants/{given['id']}"))
    assert (ended["revoked_by"], ended["in_force"]) == (site.admin.user_id, False)
    assert [each["id"] for each in (await made(site.admin.get(f"{OPERATOR}/grants")))["grants"]] == [given["id"]]
    bad = await site.admin.post(f"{OPERATOR}/hosts/fake1/grants", json={**grant, "until": "tomorrow"})
    assert (bad.status_code, "until must be a time" in bad.text) == (400, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "hosts/fake1"),
        ("GET", "hosts/fake1/history"),
        ("POST", "hosts/fake1/grants"),
        ("GET", "servers/web"),
        ("GET", "grants"),
        ("DELETE", "grants/x"),
        ("GET", "audit"),
        ("POST", "projects/x/recount"),
    ],
)
async def test_nobody_else_may_ask(site: Site, method: str, path: str) -> None:
    async def status(client: httpx.AsyncClient) -> int:
        return (await client.request(method, f"{OPERATOR}/{path}", json={} if method == "POST" else None)).status_code

    assert await status(site.demo) == 403
    assert await status(site.cloud.anonymous()) == 401


async def test_what_is_explained_can_be_shown_as_text_and_as_one_page(site: Site) -> None:
    await server(site)
    site.cloud.cloud.underlay.worlds[0].add_stranger("<script>alert(1)</script>", 64)
    await site.cloud.db.clock.advance(15)
    explained = await host(site)
    drawn = page.page(explained)
    assert drawn.count("<svg") == 4
    assert "<script>" not in drawn
    assert "http" not in drawn.replace("http://www.w3.org", "")
    console = Console(record=True, width=160)
    terminal.show_host(console, explained)
    terminal.show_server(console, msgspec.convert(await made(site.admin.get(f"{OPERATOR}/servers/web")), ServerExplained))
    terminal.show_audit(console, await audit(site))
    text = console.export_text()
    assert all(word in text for word in ("▲ limit", "QEMU's overhead", "No figure has passed its limit", "1/place_server", "mend:"))


async def test_M19_M22_what_the_host_itself_uses_beyond_its_reserve_is_kept_whatever_guests_are_promised(site: Site) -> None:
    await server(site)
    world = site.cloud.cloud.underlay.worlds[0]
    assert (await audit(site)).findings == []
    world.own_memory_mb = 2000
    for _ in range(30):
        await site.cloud.db.clock.advance(5)
    [finding] = (await audit(site)).findings
    assert "2048 MiB of memory are the host's own use, 512 are reserved" in finding.what
    assert "reserved_memory_mb = 2048 in the configuration" in finding.mend
    explained = await host(site)
    assert explained.physical.own_mb == 2000
    memory = next(line for line in explained.lines if line.resource_class == "MEMORY_MB")
    assert memory.used == 168, "what is claimed does not follow what is measured"
    assert (memory.own_use, memory.limit) == (2048, memory.total - 2048)
    [measured] = [source for source in memory.sources if source.figure == "own_use"]
    assert (measured.source, "measured to use 2000 MiB" in measured.by) == ("measured", True)
    tried = (await audit(site, f"?memory_reserved={memory.total - 200}")).findings
    assert "there would be 168 MEMORY_MB claimed of 200" not in str(tried)
    assert "claimed of 100: 68 too many" in str((await audit(site, f"?memory_reserved={memory.total - 100}")).findings)


async def test_M23_what_is_reserved_is_never_shown_as_claimed(site: Site) -> None:
    await server(site)
    memory = next(line for line in (await host(site)).lines if line.resource_class == "MEMORY_MB")
    assert (memory.used, memory.reserved, memory.free) == (168, 512, memory.limit - 168)


async def test_M3_M6_metadata_of_aggregates_neither_changes_a_ratio_nor_lifts_a_limit(site: Site) -> None:
    made_it = (await made(site.admin.post(f"{COMPUTE}/os-aggregates", json={"aggregate": {"name": "generous"}})))["aggregate"]
    action = f"{COMPUTE}/os-aggregates/{made_it['id']}/action"
    await made(site.admin.post(action, json={"add_host": {"host": "fake1"}}))
    marks = {"ram_allocation_ratio": "16.0", "cpu_allocation_ratio": "16.0"}
    await made(site.admin.post(action, json={"set_metadata": {"metadata": marks}}))
    memory = next(line for line in (await host(site)).lines if line.resource_class == "MEMORY_MB")
    assert (memory.ratio, memory.limit) == (1.0, memory.total - memory.reserved)
