"""Security groups, quotas and what operators look at, through HTTP."""

from __future__ import annotations

import pytest


async def test_every_project_has_a_default_group_with_upstreams_rules(demo):
    (group,) = await demo.list("security_group")
    assert (group["name"], group["stateful"]) == ("default", True)
    rules = {(r["direction"], r["ethertype"], r["remote_group_id"]) for r in group["security_group_rules"]}
    assert rules == {
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
        ("ingress", "IPv4", group["id"]),
        ("ingress", "IPv6", group["id"]),
    }
    assert (await demo.drop("security_group", group["id"], 409))["type"] == "SecurityGroupCannotRemoveDefault"
    assert (await demo.change("security_group", group["id"], 409, name="x"))["type"] == "SecurityGroupCannotUpdateDefault"
    assert (await demo.make("security_group", 409, name="default"))["type"] == "SecurityGroupDefaultAlreadyExists"


async def test_a_group_is_made_with_egress_rules_changed_and_deleted(demo):
    group = await demo.make("security_group", name="web", description="d")
    assert {r["direction"] for r in group["security_group_rules"]} == {"egress"}
    changed = await demo.change("security_group", group["id"], name="www", stateful=False)
    assert (changed["name"], changed["stateful"], changed["revision_number"]) == ("www", False, 2)
    await demo.drop("security_group", group["id"])
    assert (await demo.show("security_group", group["id"], 404))["type"] == "SecurityGroupNotFound"
    left = await demo.list("security_group_rule")
    assert group["id"] not in {r["security_group_id"] for r in left}


async def test_a_group_in_use_stays(demo, wired):
    group = await demo.make("security_group", name="web")
    await demo.make("port", network_id=wired[0]["id"], security_groups=[group["id"]])
    assert (await demo.drop("security_group", group["id"], 409))["type"] == "SecurityGroupInUse"
    assert (await demo.change("security_group", group["id"], 409, stateful=False))["type"] == "SecurityGroupInUse"


async def test_rules_are_added_listed_and_removed(demo):
    group = await demo.make("security_group", name="web")
    ask = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    rule = await demo.make("security_group_rule", **ask, port_range_min=80, port_range_max="81", remote_ip_prefix="10.0.0.5/16")
    assert (rule["port_range_min"], rule["port_range_max"]) == (80, 81)
    assert (rule["remote_ip_prefix"], rule["normalized_cidr"]) == ("10.0.0.5/16", "10.0.0.0/16")
    assert await demo.show("security_group_rule", rule["id"]) == rule
    again = {**ask, "protocol": 6, "port_range_min": 80, "port_range_max": 81, "remote_ip_prefix": "10.0.0.0/16"}
    assert (await demo.make("security_group_rule", 409, **again))["type"] == "SecurityGroupRuleExists"
    found = await demo.list("security_group_rule", f"?security_group_id={group['id']}&direction=ingress")
    assert [r["id"] for r in found] == [rule["id"]]
    assert (await demo.show("security_group", group["id"]))["revision_number"] == 2
    await demo.drop("security_group_rule", rule["id"])
    assert (await demo.drop("security_group_rule", rule["id"], 404))["type"] == "SecurityGroupRuleNotFound"


@pytest.mark.parametrize("protocol", ["udp", 17, "17", "icmp", "vrrp", "any", None, 255])
async def test_protocols_are_names_or_numbers(demo, protocol):
    group = await demo.make("security_group", name="web")
    rule = await demo.make("security_group_rule", security_group_id=group["id"], direction="ingress", protocol=protocol)
    assert rule["protocol"] == (None if protocol in ("any", None) else str(protocol))
    assert rule["ethertype"] == "IPv4"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"ethertype": "IPv5"}, "ethertype"),
        ({"protocol": "carrier-pigeon"}, "protocol"),
        ({"protocol": 256}, "protocol"),
        ({"protocol": "tcp", "port_range_min": -16, "port_range_max": 80}, "Invalid value for port -16"),
        ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 79}, "port_range_min must be <= port_range_max"),
        ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 65536}, "Invalid value for port 65536"),
        ({"protocol": "tcp", "port_range_max": 6}, "port_range_min must be <= port_range_max"),
        ({"protocol": "icmp", "port_range_min": 1, "port_range_max": 256}, "Invalid value for ICMP code"),
        ({"protocol": "icmp", "port_range_min": 300, "port_range_max": 1}, "Invalid value for ICMP type"),
        ({"protocol": "icmp", "port_range_max": 6}, "ICMP type (port-range-min) is missing"),
        ({"port_range_min": 1, "port_range_max": 2}, "protocol"),
        ({"protocol": "gre", "port_range_min": 1, "port_range_max": 2}, "gre"),
        ({"protocol": "ipv6-icmp", "ethertype": "IPv4"}, "ipv6-icmp"),
        ({"remote_ip_prefix": "192.168.1./24"}, "192.168.1./24"),
        ({"remote_ip_prefix": "256"}, "256"),
        ({"remote_ip_prefix": "2001:db8::/64", "ethertype": "IPv4"}, "Conflicting value ethertype"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "x"}, "remote_group_id"),
    ],
)
async def test_rules_that_make_no_sense_are_refused(demo, fields, said):
    group = await demo.make("security_group", name="web")
    refused = await demo.make("security_group_rule", 400, **{"security_group_id": group["id"], "direction": "ingress", **fields})
    assert said in refused["message"]
    assert len((await demo.show("security_group", group["id"]))["security_group_rules"]) == 2


async def test_T8_groups_of_others_are_not_found(demo, other, wired):
    group = await demo.make("security_group", name="web")
    rule = group["security_group_rules"][0]
    await other.show("security_group", group["id"], 404)
    await other.change("security_group", group["id"], 404, name="x")
    await other.drop("security_group", group["id"], 404)
    await other.show("security_group_rule", rule["id"], 404)
    await other.drop("security_group_rule", rule["id"], 404)
    await other.make("security_group_rule", 404, security_group_id=group["id"], direction="ingress")
    own = await other.make("security_group", name="mine")
    ask = {"security_group_id": own["id"], "direction": "ingress", "remote_group_id": group["id"]}
    await other.make("security_group_rule", 404, **ask)
    network = await other.make("network")
    await other.make("port", 404, network_id=network["id"], security_groups=[group["id"]])
    assert {g["name"] for g in await other.list("security_group")} == {"default", "mine"}


async def test_quotas_are_shown_set_counted_and_forgotten(demo, admin, wired):
    path = f"/quotas/{demo.project_id}"
    shown = await admin.call("GET", path, 200, None, "quota")
    assert (shown["network"], shown["port"], shown["subnetpool"]) == (100, 500, -1)
    assert (await admin.put(path, {"quota": {"port": 7}}))["quota"]["port"] == 7
    details = await admin.call("GET", f"{path}/details", 200, None, "quota")
    assert details["port"] == {"limit": 7, "used": 1, "reserved": 0}
    assert (await admin.call("GET", f"{path}/default", 200, None, "quota"))["port"] == 500
    assert [q["project_id"] for q in await admin.list("quota")] == [demo.project_id]
    await admin.put(path, {"quota": {"port": -2}}, 400)
    await admin.put(path, {"quota": {"widget": 2}}, 400)
    await admin.put(path, {"quota": {"port": 0, "check_limit": True}}, 400)
    await demo.put(path, {"quota": {"port": 1000}}, 403)
    await admin.call("DELETE", path, 204, None, "")
    await admin.call("DELETE", path, 404, None, "")
    assert (await admin.call("GET", path, 200, None, "quota"))["port"] == 500


async def test_operators_see_agents_zones_and_addresses_left(demo, admin, wired):
    assert isinstance(await admin.list("agent"), list)
    zones = await demo.call("GET", "/availability_zones", 200, None, "availability_zones")
    assert {(z["name"], z["resource"]) for z in zones} == {("nova", "network"), ("nova", "router")}
    found = await admin.call("GET", f"/network-ip-availabilities/{wired[0]['id']}", 200, None, "network_ip_availability")
    assert (found["total_ips"], found["used_ips"]) == (253, 1)
    listed = await admin.call("GET", "/network-ip-availabilities?network_name=private", 200, None, "network_ip_availabilities")
    assert listed == [found]
    assert await demo.call("GET", "/network-ip-availabilities", 200, None, "network_ip_availabilities") == []
    assert await demo.list("agent") == []
    await demo.call("GET", f"/network-ip-availabilities/{wired[0]['id']}", 403, None, "")
