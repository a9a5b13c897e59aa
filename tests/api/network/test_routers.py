"""Routers and floating IPs through HTTP."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
async def routed(demo, wired, outside) -> tuple[dict[str, Any], dict[str, Any]]:
    """A router between the private and the external network, and a port behind it."""
    router = await demo.make("router", name="r", external_gateway_info={"network_id": outside["id"]})
    await demo.put(f"/routers/{router['id']}/add_router_interface", {"subnet_id": wired[1]["id"]})
    return router, await demo.make("port", network_id=wired[0]["id"])


async def test_a_router_is_made_shown_changed_and_deleted(demo, outside):
    router = await demo.make("router", name="r", admin_state_up=False)
    assert (router["name"], router["status"], router["admin_state_up"], router["routes"]) == ("r", "ACTIVE", False, [])
    assert router["external_gateway_info"] is None
    assert "distributed" not in router
    changed = await demo.change("router", router["id"], name="s", external_gateway_info={"network_id": outside["id"]})
    gateway = changed["external_gateway_info"]
    assert (gateway["network_id"], gateway["enable_snat"]) == (outside["id"], True)
    assert gateway["external_fixed_ips"][0]["ip_address"].startswith("172.24.4.")
    assert (await demo.change("router", router["id"], external_gateway_info={}))["external_gateway_info"] is None
    await demo.drop("router", router["id"])
    assert (await demo.show("router", router["id"], 404))["type"] == "RouterNotFound"


async def test_snat_and_the_gateways_addresses_are_for_administrators(demo, admin, outside):
    way_out = {"network_id": outside["id"], "enable_snat": False, "external_fixed_ips": [{"ip_address": "172.24.4.50"}]}
    await demo.make("router", 403, external_gateway_info=way_out)
    await demo.make("router", 403, distributed=True)
    router = await admin.make("router", external_gateway_info=way_out, distributed=True)
    assert router["external_gateway_info"]["enable_snat"] is False
    assert router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"] == "172.24.4.50"
    assert router["distributed"] is True
    again = await admin.make("router", 409, external_gateway_info=way_out)
    assert again["type"] == "IpAddressInUse"
    moved = {"network_id": outside["id"], "external_fixed_ips": [{"ip_address": "172.24.4.51"}]}
    changed = await admin.change("router", router["id"], external_gateway_info=moved)
    assert changed["external_gateway_info"]["external_fixed_ips"][0]["ip_address"] == "172.24.4.51"
    assert changed["external_gateway_info"]["enable_snat"] is False


async def test_interfaces_are_added_by_subnet_or_port_and_removed(demo, wired):
    router = await demo.make("router")
    path = f"/routers/{router['id']}"
    added = await demo.put(f"{path}/add_router_interface", {"subnet_id": wired[1]["id"]})
    assert (added["subnet_id"], added["network_id"], added["id"]) == (wired[1]["id"], wired[0]["id"], router["id"])
    port = await demo.show("port", added["port_id"])
    assert (port["device_id"], port["device_owner"]) == (router["id"], "network:router_interface")
    assert port["fixed_ips"][0]["ip_address"] == "10.0.0.1"
    assert (await demo.drop("router", router["id"], 409))["type"] == "RouterInUse"
    assert (await demo.drop("port", added["port_id"], 409))["type"] == "ServicePortInUse"
    await demo.put(f"{path}/remove_router_interface", {"subnet_id": wired[1]["id"]})
    await demo.show("port", added["port_id"], 404)
    own = await demo.make("port", network_id=wired[0]["id"])
    await demo.put(f"{path}/add_router_interface", {"port_id": own["id"]})
    assert (await demo.put(f"{path}/add_router_interface", {"port_id": own["id"]}, 409))["type"] == "PortInUse"
    removed = await demo.put(f"{path}/remove_router_interface", {"port_id": own["id"]})
    assert removed["subnet_ids"] == [wired[1]["id"]]
    gone = await demo.put(f"{path}/remove_router_interface", {"subnet_id": wired[1]["id"]}, 404)
    assert gone["type"] == "RouterInterfaceNotFoundForSubnet"


async def test_one_port_carries_all_ipv6_subnets_of_a_network(demo, wired):
    router = await demo.make("router")
    path, ports = f"/routers/{router['id']}", []
    subnets = [
        await demo.make("subnet", network_id=wired[0]["id"], cidr=f"2001:db8:{n}::/64", ip_version=6, ipv6_address_mode="slaac")
        for n in (1, 2)
    ]
    for subnet in subnets:
        ports.append((await demo.put(f"{path}/add_router_interface", {"subnet_id": subnet["id"]}))["port_id"])
    assert ports[0] == ports[1]
    assert len((await demo.show("port", ports[0]))["fixed_ips"]) == 2
    await demo.put(f"{path}/remove_router_interface", {"subnet_id": subnets[0]["id"]})
    assert [f["subnet_id"] for f in (await demo.show("port", ports[0]))["fixed_ips"]] == [subnets[1]["id"]]


async def test_a_router_has_no_two_subnets_with_the_same_addresses(demo, wired):
    router = await demo.make("router")
    path = f"/routers/{router['id']}/add_router_interface"
    await demo.put(path, {"subnet_id": wired[1]["id"]})
    twin = await demo.make("network")
    overlapping = await demo.make("subnet", network_id=twin["id"], cidr="10.0.0.0/16", ip_version=4)
    refused = await demo.put(path, {"subnet_id": overlapping["id"]}, 400)
    assert "overlaps" in refused["message"]
    await demo.put(path, {"subnet_id": wired[1]["id"]}, 400)
    await demo.put(path, {}, 400)


async def test_the_way_out_is_an_external_network(demo, wired):
    router = await demo.make("router")
    await demo.change("router", router["id"], 400, external_gateway_info={"network_id": wired[0]["id"]})
    await demo.change("router", router["id"], 404, external_gateway_info={"network_id": router["id"]})


async def test_routes_lead_through_connected_subnets(demo, wired):
    router = await demo.make("router")
    await demo.put(f"/routers/{router['id']}/add_router_interface", {"subnet_id": wired[1]["id"]})
    routes = [{"destination": "192.168.0.0/24", "nexthop": "10.0.0.9"}]
    assert (await demo.change("router", router["id"], routes=routes))["routes"] == routes
    for nexthop in ("10.7.0.9", "10.0.0.1"):
        wrong = [{"destination": "192.168.1.0/24", "nexthop": nexthop}]
        assert (await demo.change("router", router["id"], 400, routes=wrong))["type"] == "InvalidRoutes"
    used = await demo.put(f"/routers/{router['id']}/remove_router_interface", {"subnet_id": wired[1]["id"]}, 409)
    assert used["type"] == "RouterInterfaceInUseByRoute"
    more = {"router": {"routes": [{"destination": "192.168.2.0/24", "nexthop": "10.0.0.9"}]}}
    assert len((await demo.put(f"/routers/{router['id']}/add_extraroutes", more))["router"]["routes"]) == 2
    assert (await demo.put(f"/routers/{router['id']}/remove_extraroutes", more))["router"]["routes"] == routes
    assert (await demo.change("router", router["id"], routes=None))["routes"] == []


async def test_a_floating_ip_leads_to_a_port_elsewhere_and_nowhere(demo, outside, routed, wired):
    router, port = routed
    floating = await demo.make("floatingip", floating_network_id=outside["id"], port_id=port["id"], description="d")
    assert (floating["status"], floating["router_id"], floating["fixed_ip_address"]) == ("ACTIVE", router["id"], "10.0.0.3")
    assert floating["port_details"]["mac_address"] == port["mac_address"]
    second = await demo.make("port", network_id=wired[0]["id"])
    moved = await demo.change("floatingip", floating["id"], port_id=second["id"])
    assert (moved["port_id"], moved["fixed_ip_address"], moved["description"]) == (second["id"], "10.0.0.4", "d")
    again = await demo.make("floatingip", 409, floating_network_id=outside["id"], port_id=second["id"])
    assert again["type"] == "FloatingIPPortAlreadyAssociated"
    free = await demo.change("floatingip", floating["id"], port_id=None)
    assert (free["port_id"], free["fixed_ip_address"], free["router_id"], free["status"]) == (None, None, None, "DOWN")
    assert free["port_details"] is None
    await demo.drop("floatingip", floating["id"])
    await demo.show("floatingip", floating["id"], 404)


async def test_deleting_its_port_frees_a_floating_ip(demo, outside, routed):
    _, port = routed
    floating = await demo.make("floatingip", floating_network_id=outside["id"], port_id=port["id"])
    await demo.drop("port", port["id"])
    assert (await demo.show("floatingip", floating["id"]))["port_id"] is None


async def test_what_a_floating_ip_needs_stays(demo, outside, routed, wired):
    router, port = routed
    await demo.make("floatingip", floating_network_id=outside["id"], port_id=port["id"])
    used = await demo.change("router", router["id"], 409, external_gateway_info=None)
    assert used["type"] == "RouterExternalGatewayInUseByFloatingIp"
    used = await demo.put(f"/routers/{router['id']}/remove_router_interface", {"subnet_id": wired[1]["id"]}, 409)
    assert used["type"] == "RouterInterfaceInUseByFloatingIP"


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"port_id": "5e7e5e7e-0000-0000-0000-000000000001"}, 404, "PortNotFound"),
        ({"fixed_ip_address": "10.0.0.77"}, 400, "BadRequest"),
        ({"floating_ip_address": "172.24.4.9"}, 403, "PolicyNotAuthorized"),
        ({"subnet_id": "5e7e5e7e-0000-0000-0000-000000000001"}, 400, "InvalidInput"),
    ],
)
async def test_floating_ips_that_cannot_be_are_refused(demo, outside, routed, fields, status, kind):
    ask = {"floating_network_id": outside["id"], "port_id": routed[1]["id"], **fields}
    assert (await demo.make("floatingip", status, **ask))["type"] == kind
    assert await demo.list("floatingip") == []


async def test_a_floating_ip_needs_a_router_and_an_external_network(demo, outside, wired):
    port = await demo.make("port", network_id=wired[0]["id"])
    refused = await demo.make("floatingip", 404, floating_network_id=outside["id"], port_id=port["id"])
    assert refused["type"] == "ExternalGatewayForFloatingIPNotFound"
    await demo.make("floatingip", 400, floating_network_id=wired[0]["id"])
    assert await demo.list("floatingip") == []


async def test_floating_ips_get_different_addresses_and_a_full_network_says_so(demo, admin):
    small = await admin.make("network", **{"router:external": True})
    await admin.make("subnet", network_id=small["id"], cidr="172.30.0.0/29", ip_version=4, enable_dhcp=False)
    made = [await demo.make("floatingip", floating_network_id=small["id"]) for _ in range(5)]
    assert len({f["floating_ip_address"] for f in made}) == 5
    assert (await demo.make("floatingip", 409, floating_network_id=small["id"]))["type"] == "IpAddressGenerationFailure"


async def test_T8_routers_and_floating_ips_of_others_are_not_found(demo, other, outside, routed, wired):
    router, port = routed
    floating = await demo.make("floatingip", floating_network_id=outside["id"], port_id=port["id"])
    for noun, found in (("router", router), ("floatingip", floating)):
        await other.show(noun, found["id"], 404)
        await other.change(noun, found["id"], 404, description="x")
        await other.drop(noun, found["id"], 404)
        assert await other.list(noun) == []
    await other.put(f"/routers/{router['id']}/add_router_interface", {"subnet_id": wired[1]["id"]}, 404)
    mine = await other.make("router")
    await other.put(f"/routers/{mine['id']}/add_router_interface", {"subnet_id": wired[1]["id"]}, 404)
    await other.put(f"/routers/{mine['id']}/add_router_interface", {"port_id": port["id"]}, 404)
    await other.make("floatingip", 404, floating_network_id=outside["id"], port_id=port["id"])
