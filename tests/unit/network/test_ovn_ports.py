"""Ports, DHCP and networks as rows."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.network.desired import Desired
from cumulet.network.model import DHCP_OWNER, AddressPair, DhcpOption, HostRoute
from cumulet.network.ovn.plan import plan
from support.desired import desired_network, desired_port, group, interface, network, port, router, rule, subnet, uid
from support.ovsdb import Northbound

BLUE = network("blue")
V4, V6 = subnet(BLUE, "10.0.0.0/24"), subnet(BLUE, "2001:db8::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
MAC = "fa:16:3e:00:00:01"


def told(desired: Desired, database: Northbound | None = None) -> Northbound:
    database = database or Northbound()
    database.do(plan(database.tables, desired, []))
    assert plan(database.tables, desired, []) == []
    return database


def row_of(**fields: Any) -> Any:
    """The switch port of a port with these fields, in the group `web`."""
    net = desired_network(BLUE, V4, V6)
    one = port("one", BLUE, (V4, "10.0.0.5"), groups=("web",), mac_address=MAC, **fields)
    database = told(Desired(networks=[net], groups=[group("web")], ports=[desired_port(one, net)]))
    return database.tables["Logical_Switch_Port"][one.id]


def test_a_port_may_use_its_own_addresses_only() -> None:
    row = row_of()
    assert row["addresses"] == row["port_security"] == frozenset({f"{MAC} 10.0.0.5"})
    assert row["enabled"] is True
    assert row["type"] == ""


def test_an_allowed_pair_may_be_used_too() -> None:
    pairs = [AddressPair("10.0.0.100", MAC), AddressPair("10.0.0.101", "fa:16:3e:00:00:02")]
    row = row_of(allowed_address_pairs=pairs)
    assert row["port_security"] == frozenset({f"{MAC} 10.0.0.5 10.0.0.100", "fa:16:3e:00:00:02 10.0.0.101"})
    assert row["addresses"] == frozenset({f"{MAC} 10.0.0.5", "fa:16:3e:00:00:02"})


def test_a_port_without_port_security_may_use_any_address_and_is_not_filtered() -> None:
    net = desired_network(BLUE, V4)
    one = port("one", BLUE, (V4, "10.0.0.5"), groups=("web",), port_security_enabled=False, mac_address=MAC)
    tables = told(Desired(networks=[net], groups=[group("web")], ports=[desired_port(one, net)])).tables
    row = tables["Logical_Switch_Port"][one.id]
    assert row["port_security"] == frozenset()
    assert row["addresses"] == frozenset({f"{MAC} 10.0.0.5", "unknown"})
    assert all(not each["ports"] for each in tables["Port_Group"].values())


def test_a_port_without_security_groups_is_in_the_group_that_drops_everything() -> None:
    net = desired_network(BLUE, V4)
    one = port("one", BLUE, (V4, "10.0.0.5"))
    tables = told(Desired(networks=[net], ports=[desired_port(one, net)])).tables
    assert [each["name"] for each in tables["Port_Group"].values() if one.id in each["ports"]] == ["cumulet_drop"]  # type: ignore[operator]


def test_a_port_leaves_the_groups_that_it_no_longer_has() -> None:
    net = desired_network(BLUE, V4)
    groups = [group("web"), group("mail")]

    def step(*names: str) -> Desired:
        return Desired(networks=[net], groups=groups, ports=[desired_port(port("one", BLUE, groups=names), net)])

    database = told(step("mail"), told(step("web")))
    members = {each["name"]: each["ports"] for each in database.tables["Port_Group"].values()}
    assert members["pg_" + uid("web").replace("-", "_")] == frozenset()
    assert members["pg_" + uid("mail").replace("-", "_")] == frozenset({uid("one")})


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        ({"host_id": "h1"}, {"requested-chassis": "h1"}),
        ({"host_id": "h1", "moving_to": "h2"}, {"requested-chassis": "h1,h2"}),
    ],
)
def test_a_port_may_only_be_where_it_is_bound(fields: dict[str, str], options: dict[str, str]) -> None:
    assert row_of(**fields)["options"] == options


def test_a_port_that_is_switched_off_is_disabled() -> None:
    assert row_of(admin_state_up=False)["enabled"] is False


def test_a_networks_own_port_is_on_every_host() -> None:
    net = desired_network(BLUE, V4)
    assert net.service_port
    database = told(Desired(networks=[net], ports=[desired_port(net.service_port, net)]))
    row = database.tables["Logical_Switch_Port"][net.service_port.id]
    assert row["type"] == "localport"
    assert net.service_port.row.device_owner == DHCP_OWNER
    assert row["dhcpv4_options"] is None
    assert all(not each["ports"] for each in database.tables["Port_Group"].values())


def options_of(**fields: Any) -> Any:
    """The DHCP options of a subnet with these fields."""
    net = desired_network(BLUE, subnet(BLUE, "10.0.0.0/24", **fields))
    return told(Desired(networks=[net])).tables["DHCP_Options"][net.subnets[0].id]["options"]


def test_dhcp_tells_address_of_router_mtu_and_the_way_to_metadata() -> None:
    options = options_of(dns_nameservers=["9.9.9.9", "1.1.1.1"], host_routes=[HostRoute("10.9.0.0/16", "10.0.0.9")])
    assert options.pop("server_mac").startswith("0a:")
    assert options == {
        "server_id": "10.0.0.1",
        "lease_time": "43200",
        "mtu": "1442",
        "router": "10.0.0.1",
        "dns_server": "{9.9.9.9, 1.1.1.1}",
        "classless_static_route": "{169.254.169.254/32,10.0.0.2, 10.9.0.0/16,10.0.0.9, 0.0.0.0/0,10.0.0.1}",
    }


def test_dhcp_without_a_gateway_offers_no_way_out() -> None:
    options = options_of(gateway_ip=None)
    assert "router" not in options
    assert options["server_id"] == "10.0.0.2"
    assert options["classless_static_route"] == "{169.254.169.254/32,10.0.0.2}"


def test_a_port_can_have_dhcp_options_of_its_own() -> None:
    net = desired_network(BLUE, V4)
    extra = [DhcpOption("bootfile-name", "pxe.0"), DhcpOption("26", "1300"), DhcpOption("router"), DhcpOption("no-such", "x")]
    one = desired_port(port("one", BLUE, (V4, "10.0.0.5"), extra_dhcp_opts=extra), net)
    database = told(Desired(ports=[one]), told(Desired(networks=[net])))
    own = database.tables["Logical_Switch_Port"][uid("one")]["dhcpv4_options"]
    assert own not in (None, V4.id)
    options: Any = database.tables["DHCP_Options"][str(own)]["options"]
    shared: Any = database.tables["DHCP_Options"][V4.id]["options"]
    assert options["bootfile_name"] == '"pxe.0"'
    assert options["mtu"] == "1300"
    assert "router" not in options
    assert options["lease_time"] == shared["lease_time"]
    database.do(plan(database.tables, Desired(gone=[("port", uid("one"))]), []))
    assert set(database.tables["DHCP_Options"]) == {V4.id}


def test_switching_dhcp_off_and_on_reaches_ports_that_exist() -> None:
    off = desired_network(BLUE, subnet(BLUE, "10.0.0.0/24", enable_dhcp=False))
    on = desired_network(BLUE, V4)
    one = port("one", BLUE, (V4, "10.0.0.5"))

    def pointer(database: Northbound) -> object:
        return database.tables["Logical_Switch_Port"][one.id]["dhcpv4_options"]

    database = told(Desired(networks=[on], ports=[desired_port(one, on)]))
    assert pointer(database) == V4.id
    assert pointer(told(Desired(networks=[off]), database)) is None
    assert database.tables["DHCP_Options"] == {}
    assert pointer(told(Desired(networks=[on]), database)) == V4.id


@pytest.mark.parametrize(
    ("mode", "stateless"), [("dhcpv6-stateful", None), ("dhcpv6-stateless", "true"), ("slaac", "no row"), (None, "no row")]
)
def test_only_managed_ipv6_subnets_have_dhcp(mode: str | None, stateless: str | None) -> None:
    v6 = subnet(BLUE, "2001:db8::/64", ipv6_address_mode=mode, ipv6_ra_mode=mode)
    rows = told(Desired(networks=[desired_network(BLUE, v6)])).tables["DHCP_Options"].values()
    assert [row["options"].get("dhcpv6_stateless") for row in rows] == ([] if stateless == "no row" else [stateless])  # type: ignore[union-attr]


def test_routers_announce_ipv6_prefixes_as_the_subnet_says() -> None:
    v6 = subnet(BLUE, "2001:db8::/64", ipv6_address_mode="dhcpv6-stateless", ipv6_ra_mode="dhcpv6-stateless")
    net = desired_network(BLUE, v6)
    rows = told(Desired(networks=[net], routers=[router("r", [interface("i", net)])])).tables["Logical_Router_Port"].values()
    assert [row["ipv6_ra_configs"] for row in rows] == [
        {"address_mode": "dhcpv6_stateless", "send_periodic": "true", "mtu": "1442"}
    ]


def test_a_vlan_network_has_its_tag() -> None:
    vlan = network("vlan", network_type="vlan", physical_network="physnet1", segmentation_id=42)
    rows = told(Desired(networks=[desired_network(vlan)])).tables["Logical_Switch_Port"].values()
    assert [(row["type"], row["tag"]) for row in rows] == [("localnet", 42)]


def test_a_rule_that_goes_is_taken_out_of_its_group() -> None:
    ping, ssh = rule("web", "ingress", protocol="icmp"), rule("web", "ingress", protocol="tcp")
    database = told(Desired(groups=[group("web", ssh)]), told(Desired(groups=[group("web", ping, ssh)])))
    assert database.tables["Port_Group"][uid("web")]["acls"] == frozenset({ssh.id})
    assert ping.id not in database.tables["ACL"]
