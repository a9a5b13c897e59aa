"""Ports through HTTP."""

from __future__ import annotations

import pytest
from tests.support.hosts import add_host
from tests.support.networks import ADMIN, member


async def test_a_port_has_everything_that_clients_expect(demo, wired):
    port = await demo.make("port", network_id=wired[0]["id"], name="p", device_id="d", device_owner="baremetal:none")
    assert (port["status"], port["admin_state_up"], port["port_security_enabled"]) == ("DOWN", True, True)
    assert port["fixed_ips"] == [{"subnet_id": wired[1]["id"], "ip_address": "10.0.0.3"}]
    assert (port["allowed_address_pairs"], port["extra_dhcp_opts"], port["tags"]) == ([], [], [])
    assert port["binding:vnic_type"] == "normal"
    assert port["mac_address"].startswith("fa:16:3e:")
    groups = await demo.list("security_group")
    assert port["security_groups"] == [groups[0]["id"]]
    assert await demo.show("port", port["id"]) == port


async def test_the_binding_is_for_administrators(demo, admin, wired):
    made = await admin.make("port", network_id=wired[0]["id"], project_id=demo.project_id, **{"binding:host_id": "somewhere"})
    assert (made["binding:host_id"], made["binding:vif_type"]) == ("somewhere", "ovs")
    assert "binding:host_id" not in await demo.show("port", made["id"])
    await demo.make("port", 403, network_id=wired[0]["id"], **{"binding:host_id": "somewhere"})
    found = await admin.list("port", "?binding:host_id=somewhere")
    assert [p["id"] for p in found] == [made["id"]]


async def test_the_networks_own_port_is_there_and_holds_the_first_address(demo, wired):
    (own,) = await demo.list("port", "?device_owner=network:distributed")
    assert own["device_id"] == f"ovnmeta-{wired[0]['id']}"
    assert own["fixed_ips"][0]["ip_address"] == "10.0.0.2"


async def test_ports_are_filtered_by_their_addresses_and_groups(demo, wired):
    one = await demo.make("port", network_id=wired[0]["id"], fixed_ips=[{"ip_address": "10.0.0.41"}])
    two = await demo.make("port", network_id=wired[0]["id"], fixed_ips=[{"ip_address": "10.0.0.42"}], security_groups=[])

    async def ids(query: str) -> set[str]:
        return {p["id"] for p in await demo.list("port", query)}

    assert await ids("?fixed_ips=ip_address%3D10.0.0.41") == {one["id"]}
    assert await ids("?fixed_ips=ip_address%3D10.0.0.41&fixed_ips=ip_address%3D10.0.0.42") == {one["id"], two["id"]}
    assert await ids("?fixed_ips=ip_address_substr%3D0.4") == {one["id"], two["id"]}
    assert len(await ids(f"?fixed_ips=subnet_id%3D{wired[1]['id']}")) == 3
    assert await ids(f"?security_groups={one['security_groups'][0]}") == {one["id"]}
    assert await ids(f"?mac_address={two['mac_address']}") == {two["id"]}


async def test_several_ports_are_made_at_once_or_none(demo, wired):
    ask = [{"network_id": wired[0]["id"], "name": name} for name in "abc"]
    made = await demo.call("POST", "/ports", 201, {"ports": ask}, "ports")
    assert [p["name"] for p in made] == ["a", "b", "c"]
    broken = [*ask, {"network_id": wired[0]["id"], "fixed_ips": [{"ip_address": made[0]["fixed_ips"][0]["ip_address"]}]}]
    assert (await demo.call("POST", "/ports", 409, {"ports": broken}, ""))["type"] == "IpAddressInUse"
    assert len(await demo.list("port")) == 4


async def test_a_port_is_changed(demo, wired):
    network, subnet = wired
    port = await demo.make("port", network_id=network["id"])
    group = await demo.make("security_group", name="web")
    changed = await demo.change(
        "port",
        port["id"],
        name="n",
        admin_state_up=False,
        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": "10.0.0.99"}],
        security_groups=[group["id"]],
        allowed_address_pairs=[{"ip_address": "10.0.0.0/28"}],
        extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1200"}],
    )
    assert (changed["name"], changed["admin_state_up"], changed["security_groups"]) == ("n", False, [group["id"]])
    assert [f["ip_address"] for f in changed["fixed_ips"]] == ["10.0.0.99"]
    assert changed["allowed_address_pairs"] == [{"ip_address": "10.0.0.0/28", "mac_address": port["mac_address"]}]
    assert changed["extra_dhcp_opts"] == [{"opt_name": "mtu", "opt_value": "1200", "ip_version": 4}]
    removed = await demo.change("port", port["id"], extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": None}], security_groups=[])
    assert (removed["extra_dhcp_opts"], removed["security_groups"]) == ([], [])
    assert await demo.show("port", port["id"]) == removed


async def test_a_mac_is_used_once_on_a_network(demo, wired):
    ask = {"network_id": wired[0]["id"], "mac_address": "FA-16-3E-00-00-07"}
    assert (await demo.make("port", **ask))["mac_address"] == "fa:16:3e:00:00:07"
    assert (await demo.make("port", 409, **ask))["type"] == "MacAddressInUse"
    assert (await demo.make("port", 400, network_id=wired[0]["id"], mac_address="fa:16"))["type"] == "InvalidInput"


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"port_security_enabled": False, "security_groups": ["x"]}, 400, "PortSecurityAndIPRequiredForSecurityGroups"),
        (
            {"port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "10.0.0.9"}]},
            409,
            "AddressPairAndPortSecurityRequired",
        ),
        ({"security_groups": ["5e7e5e7e-0000-0000-0000-000000000001"]}, 404, "SecurityGroupNotFound"),
        ({"allowed_address_pairs": [{"ip_address": "10.0.0.300"}]}, 400, "InvalidInput"),
        ({"allowed_address_pairs": [{"ip_address": "10.0.0.9"}] * 2}, 400, "DuplicateAddressPairInRequest"),
        ({"fixed_ips": [{"ip_adress": "10.0.0.9"}]}, 400, "InvalidInput"),
        ({"device_owner": "network:router_interface"}, 409, "DeviceIDNotOwnedByProject"),
        ({"network_id": "5e7e5e7e-0000-0000-0000-000000000001"}, 404, "NetworkNotFound"),
    ],
)
async def test_ports_that_cannot_be_are_refused(demo, wired, fields, status, kind):
    refused = await demo.make("port", status, **{"network_id": wired[0]["id"], **fields})
    assert refused["type"] == kind
    assert len(await demo.list("port")) == 1


async def test_a_port_without_security_has_no_groups(demo):
    network = await demo.make("network", port_security_enabled=False)
    port = await demo.make("port", network_id=network["id"])
    assert (port["port_security_enabled"], port["security_groups"]) == (False, [])


async def test_T8_ports_of_others_are_not_found_and_shared_networks_protect_themselves(demo, other, admin, wired):
    port = await demo.make("port", network_id=wired[0]["id"])
    await other.show("port", port["id"], 404)
    await other.change("port", port["id"], 404, name="mine")
    await other.drop("port", port["id"], 404)
    await other.make("port", 404, network_id=wired[0]["id"])
    assert await other.list("port") == []
    shared = await admin.make("network", shared=True)
    await admin.make("subnet", network_id=shared["id"], cidr="10.2.0.0/24", ip_version=4)
    mine = await other.make("port", network_id=shared["id"])
    for fields in (
        {"mac_address": "fa:16:3e:00:00:01"},
        {"port_security_enabled": False},
        {"fixed_ips": [{"ip_address": "10.2.0.9"}]},
    ):
        await other.make("port", 403, network_id=shared["id"], **fields)
    await other.change("port", mine["id"], 403, port_security_enabled=False)
    await demo.show("port", mine["id"], 404)


async def test_T8_a_readers_token_changes_nothing(cloud, demo, wired):
    reader = type(demo)(await cloud.client("demo", role="reader"))
    assert len(await reader.list("port")) == 1
    await reader.make("port", 403, network_id=wired[0]["id"])
    await reader.make("network", 403)
    await reader.change("network", wired[0]["id"], 403, name="x")
    await reader.drop("subnet", wired[1]["id"], 403)


async def test_deleting_a_port_twice_says_that_it_is_gone(demo, wired):
    port = await demo.make("port", network_id=wired[0]["id"])
    await demo.drop("port", port["id"])
    assert (await demo.drop("port", port["id"], 404))["type"] == "PortNotFound"


async def test_T7_nobody_gets_at_a_server_or_a_router_by_naming_it(cloud, demo, other, wired):
    from cumulet.network.operations import ports
    from cumulet.network.operations.ports import Wish

    actor_project = demo.project_id
    async with cloud.db.tx() as tx:
        (held,) = await ports.prepare(tx, member(actor_project), "a-server", [Wish(network_id=wired[0]["id"])], [], "nova")
    network = await other.make("network")
    await other.make("port", network_id=network["id"], device_id="a-server", device_owner="compute:nova")
    async with cloud.db.read() as tx:
        assert [i.port_id for i in (await ports.interfaces(tx, ["a-server"]))["a-server"]] == [held]
        assert [spec.port_id for spec in await ports.specs(tx, "a-server")] == [held]
    for fields in ({"device_id": "another"}, {"device_id": ""}, {"device_owner": ""}):
        assert (await demo.change("port", held, 409, **fields))["type"] == "PortInUse"
    assert (await demo.change("port", held, name="eth0"))["name"] == "eth0"
    router, victim = await other.make("router"), await demo.make("router")
    subnet = await other.make("subnet", network_id=network["id"], cidr="10.7.0.0/24", ip_version=4)
    added = await other.put(f"/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    await other.change("port", added["port_id"], 409, device_id=victim["id"])
    await other.make("port", 409, network_id=network["id"], device_id=victim["id"], device_owner="network:router_interface")
    (service,) = await demo.list("port", "?device_owner=network:distributed")
    assert (await demo.drop("port", service["id"], 409))["type"] == "ServicePortInUse"


async def test_hosts_are_named_to_administrators(cloud, admin, wired):
    from cumulet.placement.operations import hosts

    async with cloud.db.tx() as tx:
        await add_host(tx, "h1")
        known = await hosts.list(tx)
    made = await admin.make("port", network_id=wired[0]["id"], **{"binding:host_id": known[0].hostname})
    assert made["binding:host_id"] == known[0].hostname
    assert [p["id"] for p in await admin.list("port", f"?binding:host_id={known[0].hostname}")] == [made["id"]]
    async with cloud.db.read() as tx:
        from cumulet.network.operations import ports

        assert (await ports.get(tx, ADMIN, made["id"])).row.host_id == known[0].id


async def test_unknown_zones_are_refused(demo):
    assert (await demo.make("network", 404, availability_zone_hints=["mars"]))["type"] == "AvailabilityZoneNotFound"
    assert (await demo.make("router", availability_zone_hints=["nova"]))["availability_zone_hints"] == ["nova"]
