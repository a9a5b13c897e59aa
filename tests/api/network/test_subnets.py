"""Subnets and subnet pools through HTTP."""

from __future__ import annotations

import pytest


async def test_a_subnet_has_its_gateway_and_pool_chosen(wired):
    _, subnet = wired
    assert subnet["gateway_ip"] == "10.0.0.1"
    assert subnet["allocation_pools"] == [{"start": "10.0.0.2", "end": "10.0.0.254"}]
    assert (subnet["enable_dhcp"], subnet["ip_version"], subnet["dns_nameservers"]) == (True, 4, [])


async def test_what_is_given_is_kept(demo, wired):
    made = await demo.make(
        "subnet",
        network_id=wired[0]["id"],
        cidr="2001:db8::/64",
        ip_version=6,
        gateway_ip=None,
        allocation_pools=[{"start": "2001:db8::10", "end": "2001:db8::20"}],
        dns_nameservers=["2001:4860:4860::8888", "2001:4860:4860::8844"],
        host_routes=[{"destination": "2001:db8:9::/64", "nexthop": "2001:db8::5"}],
        ipv6_ra_mode="dhcpv6-stateful",
        ipv6_address_mode="dhcpv6-stateful",
    )
    assert made["gateway_ip"] is None
    assert made["dns_nameservers"] == ["2001:4860:4860::8888", "2001:4860:4860::8844"]
    assert made["host_routes"] == [{"destination": "2001:db8:9::/64", "nexthop": "2001:db8::5"}]
    assert set((await demo.show("network", wired[0]["id"]))["subnets"]) == {wired[1]["id"], made["id"]}


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"cidr": "10.0.0.0/25"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/33"}, 400, "InvalidInput"),
        ({"cidr": "224.0.0.0/24"}, 400, "InvalidInput"),
        ({"cidr": "2001:db8::/64"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/32"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/24", "gateway_ip": "10.9.0.0"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/24", "ipv6_ra_mode": "slaac"}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/24", "dns_nameservers": ["nine.nine"]}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/24", "dns_nameservers": [f"9.9.9.{n}" for n in range(6)]}, 400, "DNSNameServersExhausted"),
        ({"cidr": "10.9.0.0/24", "host_routes": [{"destination": "::/0", "nexthop": "10.9.0.1"}]}, 400, "InvalidInput"),
        ({"cidr": "10.9.0.0/24", "allocation_pools": [{"start": "10.8.0.1", "end": "10.9.0.9"}]}, 400, "OutOfBoundsAllocationPool"),
        ({"cidr": "10.9.0.0/24", "allocation_pools": [{"start": "10.9.0.9", "end": "10.9.0.2"}]}, 400, "InvalidAllocationPool"),
        (
            {"cidr": "10.9.0.0/24", "allocation_pools": [{"start": "10.9.0.1", "end": "10.9.0.9"}]},
            409,
            "GatewayConflictWithAllocationPools",
        ),
        (
            {"cidr": "10.9.0.0/24", "allocation_pools": [{"start": f"10.9.0.{n}", "end": "10.9.0.9"} for n in (2, 3)]},
            409,
            "OverlappingAllocationPools",
        ),
        ({}, 400, "BadRequest"),
    ],
)
async def test_subnets_that_cannot_be_are_refused(demo, wired, fields, status, kind):
    refused = await demo.make("subnet", status, network_id=wired[0]["id"], ip_version=4, **fields)
    assert refused["type"] == kind
    assert len(await demo.list("subnet")) == 1


async def test_T8_only_the_networks_owner_adds_subnets(other, wired, outside):
    await other.make("subnet", 404, network_id=wired[0]["id"], cidr="10.1.0.0/24", ip_version=4)
    await other.make("subnet", 403, network_id=outside["id"], cidr="10.1.0.0/24", ip_version=4)
    await other.show("subnet", wired[1]["id"], 404)
    assert [s["network_id"] for s in await other.list("subnet")] == [outside["id"]]


async def test_a_subnet_is_changed_and_read_only_attributes_stay(demo, wired):
    _, subnet = wired
    changed = await demo.change(
        "subnet",
        subnet["id"],
        name="s",
        gateway_ip="10.0.0.254",
        allocation_pools=[{"start": "10.0.0.10", "end": "10.0.0.20"}],
        dns_nameservers=["9.9.9.9"],
        enable_dhcp=False,
    )
    assert (changed["name"], changed["gateway_ip"], changed["enable_dhcp"]) == ("s", "10.0.0.254", False)
    assert changed["allocation_pools"] == [{"start": "10.0.0.10", "end": "10.0.0.20"}]
    assert await demo.list("port") == []  # without DHCP there is no service port
    refused = await demo.change("subnet", subnet["id"], 400, cidr="10.5.0.0/24")
    assert "cidr" in refused["message"]


async def test_the_gateway_of_a_router_cannot_be_changed_below_it(demo, wired):
    router = await demo.make("router")
    await demo.put(f"/routers/{router['id']}/add_router_interface", {"subnet_id": wired[1]["id"]})
    refused = await demo.change("subnet", wired[1]["id"], 409, gateway_ip="10.0.0.254", allocation_pools=[])
    assert refused["type"] == "GatewayIpInUse"


async def test_subnets_are_cut_out_of_a_pool(demo):
    pool = await demo.make("subnetpool", name="p", prefixes=["10.10.0.0/16"], default_prefixlen=26, min_prefixlen=24)
    assert (pool["ip_version"], pool["max_prefixlen"]) == (4, 32)
    network = await demo.make("network")
    ask = {"network_id": network["id"], "ip_version": 4, "subnetpool_id": pool["id"]}
    assert (await demo.make("subnet", **ask))["cidr"] == "10.10.0.0/26"
    assert (await demo.make("subnet", **ask, prefixlen=24))["cidr"] == "10.10.1.0/24"
    assert (await demo.make("subnet", **ask))["cidr"] == "10.10.0.64/26"
    assert (await demo.make("subnet", **ask, cidr="10.10.9.0/24"))["subnetpool_id"] == pool["id"]
    other = await demo.make("network")
    taken = await demo.make("subnet", 409, **{**ask, "network_id": other["id"]}, cidr="10.10.9.0/25")
    assert taken["type"] == "SubnetAllocationError"
    assert (await demo.make("subnet", 400, **ask, prefixlen=8))["type"] == "MinPrefixSubnetAllocationError"
    assert (await demo.drop("subnetpool", pool["id"], 409))["type"] == "SubnetPoolInUse"


async def test_a_pool_may_grow_but_not_shrink(demo):
    pool = await demo.make("subnetpool", name="p", prefixes=["10.10.0.0/16"])
    grown = await demo.change("subnetpool", pool["id"], prefixes=["10.10.0.0/16", "10.11.0.0/16"])
    assert grown["prefixes"] == ["10.10.0.0/15"]
    assert (await demo.change("subnetpool", pool["id"], 400, prefixes=["10.10.0.0/16"]))["type"] == "IllegalSubnetPoolUpdate"
    await demo.drop("subnetpool", pool["id"])
