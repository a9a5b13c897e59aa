"""Networks through HTTP."""

from __future__ import annotations

import pytest


async def test_version_documents_say_where_the_api_is(cloud):
    client = cloud.anonymous()
    versions = (await client.get("/network")).json()["versions"]
    assert [(v["id"], v["status"], v["links"][0]["href"]) for v in versions] == [
        ("v2.0", "CURRENT", "http://cloud.test/network/v2.0/")
    ]
    resources = {r["name"] for r in (await client.get("/network/v2.0/")).json()["resources"]}
    assert {"network", "subnet", "port", "router"} <= resources


async def test_a_network_is_made_shown_changed_and_deleted(demo):
    made = await demo.make("network", name="blue", description="d", tenant_id=demo.project_id, mtu=1300)
    assert (made["name"], made["status"], made["mtu"], made["subnets"], made["tags"]) == ("blue", "ACTIVE", 1300, [], [])
    assert made["tenant_id"] == made["project_id"] == demo.project_id
    assert made["created_at"] == "2027-01-15T08:00:00Z"
    changed = await demo.change("network", made["id"], name="green", admin_state_up="False")
    assert (changed["name"], changed["admin_state_up"], changed["revision_number"]) == ("green", False, 2)
    assert await demo.show("network", made["id"]) == changed
    await demo.drop("network", made["id"])
    assert (await demo.show("network", made["id"], 404))["type"] == "NetworkNotFound"


async def test_provider_attributes_are_for_administrators(demo, admin, wired):
    assert not any(name.startswith("provider:") for name in wired[0])
    seen = await admin.show("network", wired[0]["id"])
    assert (seen["provider:network_type"], seen["provider:physical_network"]) == ("geneve", None)
    assert seen["provider:segmentation_id"] >= 1
    refused = await demo.make("network", 403, **{"provider:network_type": "vlan"})
    assert refused["type"] == "PolicyNotAuthorized"
    vlan = {"provider:network_type": "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id": 7}
    assert (await admin.make("network", **vlan))["mtu"] == 1500
    assert (await admin.make("network", 409, **vlan))["type"] == "VlanIdInUse"


@pytest.mark.parametrize(
    "fields",
    [
        {"provider:network_type": "carrier-pigeon"},
        {"provider:network_type": "vlan"},
        {"provider:network_type": "vlan", "provider:physical_network": "nowhere"},
        {"provider:network_type": "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id": 4095},
        {"provider:network_type": "flat", "provider:physical_network": "physnet1", "provider:segmentation_id": 1},
        {"provider:segmentation_id": 3},
        {"mtu": 9000},
        {"is_default": True},
        {"admin_state_up": "perhaps"},
        {"name": "x" * 256},
        {"name": None},
        {"colour": "blue"},
    ],
)
async def test_networks_that_cannot_be_are_refused_and_change_nothing(admin, fields):
    before = await admin.list("network")
    refused = await admin.make("network", 400, **fields)
    assert refused["type"] in ("InvalidInput", "HTTPBadRequest")
    assert await admin.list("network") == before


async def test_T8_a_network_is_seen_by_its_project_unless_it_is_shared_or_external(demo, other, admin, outside):
    hidden = await demo.make("network", name="hidden")
    shared = await admin.make("network", name="shared", shared=True)
    assert {n["name"] for n in await other.list("network")} == {"shared", "public"}
    await other.show("network", hidden["id"], 404)
    await other.change("network", hidden["id"], 404, name="mine")
    await other.drop("network", hidden["id"], 404)
    for visible in (shared, outside):
        assert (await other.show("network", visible["id"]))["id"] == visible["id"]
        assert (await other.change("network", visible["id"], 403, name="mine"))["type"] == "PolicyNotAuthorized"
        await other.drop("network", visible["id"], 403)


async def test_only_administrators_make_networks_for_others(demo, other, admin):
    await demo.make("network", 400, project_id=other.project_id)
    assert (await admin.make("network", project_id=other.project_id))["project_id"] == other.project_id


async def test_several_networks_are_made_at_once_or_none(demo):
    both = await demo.call("POST", "/networks", 201, {"networks": [{"name": "a"}, {"name": "b"}]}, "networks")
    assert [n["name"] for n in both] == ["a", "b"]
    await demo.call("POST", "/networks", 403, {"networks": [{"name": "c"}, {"name": "d", "shared": True}]}, "")
    assert {n["name"] for n in await demo.list("network")} == {"a", "b"}


async def test_lists_are_filtered_sorted_and_cut(demo, cloud):
    for name in ("c", "a", "b"):
        await demo.make("network", name=name)
    assert [n["name"] for n in await demo.list("network", "?name=a&name=b&sort_key=name&sort_dir=desc")] == ["b", "a"]
    assert await demo.list("network", "?status=DOWN") == []
    assert [set(n) for n in await demo.list("network", "?fields=id&fields=name&name=a")] == [{"id", "name"}]
    names, path = [], "/network/v2.0/networks?limit=2&sort_key=name"
    while path:
        answer = (await demo.client.get(path)).json()
        names += [n["name"] for n in answer["networks"]]
        links = {link["rel"]: link["href"] for link in answer.get("networks_links", [])}
        path = links.get("next")
    assert names == ["a", "b", "c"]
    back = await demo.client.get(
        f"/network/v2.0/networks?limit=1&sort_key=name&page_reverse=True&marker={answer['networks'][0]['id']}"
    )
    assert [n["name"] for n in back.json()["networks"]] == ["b"]


async def test_a_network_with_ports_stays_and_one_without_goes_with_its_subnets(demo, wired):
    network, subnet = wired
    port = await demo.make("port", network_id=network["id"])
    refused = await demo.drop("network", network["id"], 409)
    assert refused["type"] == "NetworkInUse"
    assert port["id"] in refused["message"]
    await demo.drop("port", port["id"])
    await demo.drop("network", network["id"])
    await demo.show("subnet", subnet["id"], 404)
    assert await demo.list("port") == []


async def test_an_external_network_goes_with_floating_ips_that_lead_nowhere(admin, outside):
    floating = await admin.make("floatingip", floating_network_id=outside["id"])
    await admin.drop("network", outside["id"])
    await admin.show("floatingip", floating["id"], 404)


async def test_the_quota_is_enforced_and_a_refusal_names_it(demo, admin):
    await admin.put(f"/quotas/{demo.project_id}", {"quota": {"network": 1}})
    await demo.make("network")
    refused = await demo.make("network", 409)
    assert refused["type"] == "OverQuota"
    assert "'network'" in refused["message"]


async def test_a_shared_network_others_use_stays_shared(admin, other):
    network = await admin.make("network", shared=True)
    await other.make("port", network_id=network["id"])
    assert (await admin.change("network", network["id"], 409, shared=False))["type"] == "InvalidSharedSetting"


async def test_tags_are_put_on_filtered_by_and_taken_off(demo):
    made = {
        name: await demo.make("network", name=name, tags=tags) for name, tags in (("a", ["red", "blue"]), ("b", ["red"]), ("c", []))
    }
    path = f"/networks/{made['a']['id']}/tags"

    async def names(query: str) -> list[str]:
        return sorted(n["name"] for n in await demo.list("network", query))

    assert await names("?tags=red,blue") == ["a"]
    assert await names("?tags-any=blue,green") == ["a"]
    assert await names("?not-tags=red,blue") == ["b", "c"]
    assert await names("?not-tags-any=red,blue") == ["c"]
    await demo.put(f"{path}/green", None, 201)
    assert (await demo.call("GET", path, 200, None, "tags")) == ["blue", "green", "red"]
    await demo.call("DELETE", f"{path}/green", 204, None, "")
    assert (await demo.call("GET", f"{path}/green", 404, None, ""))["type"] == "TagNotFound"
    assert (await demo.put(path, {"tags": ["x", "x"]})) == {"tags": ["x"]}
    await demo.call("DELETE", path, 204, None, "")
    assert (await demo.show("network", made["a"]["id"]))["tags"] == []


async def test_extensions_are_listed_and_shown(demo):
    aliases = {e["alias"] for e in await demo.list("extension")}
    assert {"router", "external-net", "security-group", "port-security", "binding", "quotas"} <= aliases
    assert (await demo.show("extension", "router"))["alias"] == "router"
    await demo.show("extension", "teleport", 404)
