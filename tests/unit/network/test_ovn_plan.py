"""What the northbound database gets for what is desired: the whole way, on a small model of the database."""

from __future__ import annotations

import pytest

from cumulet.kernel.ovsdb import Missing
from cumulet.network.desired import Desired
from cumulet.network.ovn.plan import gateway_plan, plan
from support.desired import (
    desired_network,
    desired_port,
    floating_ip,
    group,
    interface,
    mac_of,
    network,
    port,
    router,
    rule,
    subnet,
    uid,
)
from support.ovsdb import Northbound

BLUE, OUTSIDE = network("blue"), network("outside", external=True)
BLUE_4 = subnet(BLUE, "10.0.0.0/24")
OUTSIDE_4 = subnet(OUTSIDE, "172.24.4.0/24", enable_dhcp=False)
IN, OUT = desired_network(BLUE, BLUE_4), desired_network(OUTSIDE, OUTSIDE_4)
WEB = group("web", rule("web", "egress"), rule("web", "ingress", protocol="tcp", port_range_min=80, port_range_max=80))
ONE = port("one", BLUE, (BLUE_4, "10.0.0.11"), groups=("web",), host_id="host-1")
SERVICE = IN.service_port
assert SERVICE
EDGE = router(
    "edge", [interface("inside", IN)], interface("way out", OUT, "172.24.4.100"), [floating_ip("172.24.4.50", ONE, "edge")]
)
WORLD = Desired(
    networks=[IN, OUT],
    ports=[desired_port(ONE, IN), desired_port(SERVICE, IN)],
    routers=[EDGE],
    groups=[WEB],
)
HOSTS = ["host-1", "host-2"]


def build(*steps: Desired) -> Northbound:
    database = Northbound()
    for step in steps:
        database.do(plan(database.tables, step, HOSTS))
    return database


def test_telling_the_same_twice_changes_nothing() -> None:
    assert plan(build(WORLD).tables, WORLD, HOSTS) == []


def test_all_at_once_equals_one_by_one() -> None:
    steps = [
        Desired(groups=[WEB]),
        Desired(networks=[IN]),
        Desired(ports=[desired_port(ONE, IN)]),
        Desired(ports=[desired_port(SERVICE, IN)]),
        Desired(networks=[OUT]),
        Desired(routers=[EDGE]),
    ]
    assert build(*steps).tables == build(WORLD).tables


def test_an_object_is_a_row_with_its_id() -> None:
    tables = build(WORLD).tables
    assert set(tables["Logical_Switch"]) == {BLUE.id, OUTSIDE.id}
    assert {ONE.id, uid("inside"), uid("way out")} < set(tables["Logical_Switch_Port"])
    assert set(tables["Logical_Router"]) == {uid("edge")}
    assert uid("172.24.4.50") in tables["NAT"]
    assert BLUE_4.id in tables["DHCP_Options"]
    assert WEB.group.id in tables["Port_Group"]
    assert {each.id for each in WEB.rules} < set(tables["ACL"])


def test_a_port_before_its_network_is_refused() -> None:
    with pytest.raises(Missing, match=BLUE.id):
        build(Desired(groups=[WEB], ports=[desired_port(ONE, IN)]))


def test_a_port_before_its_security_group_is_refused_rather_than_left_open() -> None:
    with pytest.raises(Missing, match=WEB.group.id):
        build(Desired(networks=[IN]), Desired(ports=[desired_port(ONE, IN)]))


def test_a_full_comparison_removes_what_nobody_wants_and_only_ours() -> None:
    database = build(WORLD)
    theirs = {"name": "theirs", "ports": frozenset(), "external_ids": {"owner": "somebody"}, "other_config": {}}
    database.tables["Logical_Switch"]["theirs"] = theirs
    database.do(plan(database.tables, Desired(everything=True), HOSTS))
    left = {table: set(rows) for table, rows in database.tables.items() if rows}
    assert database.names("Port_Group") == {"cumulet_drop"}
    assert left["Logical_Switch"] == {"theirs"}
    assert set(left) == {"Logical_Switch", "Port_Group", "ACL"}


def test_a_full_comparison_of_what_is_there_changes_nothing() -> None:
    everything = Desired(networks=WORLD.networks, ports=WORLD.ports, routers=WORLD.routers, groups=WORLD.groups, everything=True)
    assert plan(build(WORLD).tables, everything, HOSTS) == []


@pytest.mark.parametrize("order", [["port", "floatingip", "router", "network", "group"], ["network", "router", "group"]])
def test_removing_leaves_nothing_behind_and_may_be_repeated(order: list[str]) -> None:
    ids = {
        "port": [ONE.id, SERVICE.id],
        "floatingip": [uid("172.24.4.50")],
        "router": [uid("edge")],
        "network": [BLUE.id, OUTSIDE.id],
        "group": [WEB.group.id],
    }
    database = build(WORLD)
    for kind in order:
        gone = Desired(gone=[(kind, object_id) for object_id in ids[kind]])
        database.do(plan(database.tables, gone, HOSTS))
        assert plan(database.tables, gone, HOSTS) == []
    assert {table for table, rows in database.tables.items() if rows} == {"Port_Group", "ACL"}
    assert database.names("Port_Group") == {"cumulet_drop"}


def test_a_router_without_its_gateway_loses_nat_and_default_route() -> None:
    database = build(WORLD, Desired(routers=[router("edge", [interface("inside", IN)])]))
    assert database.tables["NAT"] == {}
    assert database.tables["Logical_Router_Static_Route"] == {}
    assert database.tables["Gateway_Chassis"] == {}
    assert uid("way out") not in database.tables["Logical_Switch_Port"]
    assert uid("inside") in database.tables["Logical_Switch_Port"]


def test_a_router_hides_each_inside_subnet_unless_told_not_to() -> None:
    def snat(**fields: bool) -> list[tuple[object, object]]:
        edge = router("edge", [interface("inside", IN)], interface("way out", OUT, "172.24.4.100"), **fields)
        rows = build(Desired(networks=[IN, OUT], routers=[edge])).tables["NAT"].values()
        return [(row["external_ip"], row["logical_ip"]) for row in rows]

    assert snat() == [("172.24.4.100", "10.0.0.0/24")]
    assert snat(enable_snat=False) == []


def test_a_floating_ip_leads_to_the_fixed_address() -> None:
    nat = build(WORLD).tables["NAT"][uid("172.24.4.50")]
    assert (nat["type"], nat["external_ip"], nat["logical_ip"]) == ("dnat_and_snat", "172.24.4.50", "10.0.0.11")


def test_a_floating_ip_that_moves_to_another_router_is_taken_from_the_first() -> None:
    second = network("green")
    green = desired_network(second, subnet(second, "10.1.0.0/24"))
    there = port("two", second, (green.subnets[0], "10.1.0.11"))
    first = router("edge", EDGE.interfaces, EDGE.gateway)
    way = interface("second way", OUT, "172.24.4.101")
    other = router("other", [interface("green inside", green)], way, [floating_ip("172.24.4.50", there, "other")])
    database = build(WORLD, Desired(networks=[green], routers=[first, other]))
    assert uid("172.24.4.50") not in database.tables["Logical_Router"][uid("edge")]["nat"]  # type: ignore[operator]
    assert uid("172.24.4.50") in database.tables["Logical_Router"][uid("other")]["nat"]  # type: ignore[operator]
    assert database.tables["NAT"][uid("172.24.4.50")]["logical_ip"] == "10.1.0.11"


def test_ways_out_follow_the_hosts() -> None:
    database = build(WORLD)

    def carriers() -> list[object]:
        rows = database.tables["Gateway_Chassis"].values()
        return [row["chassis_name"] for row in sorted(rows, key=lambda row: -int(str(row["priority"])))]

    before = carriers()
    assert sorted(map(str, before)) == HOSTS
    assert gateway_plan(database.tables, HOSTS) == []
    database.do(gateway_plan(database.tables, ["host-2", "host-3"]))
    assert sorted(map(str, carriers())) == ["host-2", "host-3"]
    database.do(gateway_plan(database.tables, HOSTS))
    assert carriers() == before


def test_a_way_out_is_on_the_flat_network_and_announces_itself() -> None:
    tables = build(WORLD).tables
    side = tables["Logical_Switch_Port"][uid("way out")]
    assert side["options"] == {"router-port": f"lrp-{uid('way out')}", "nat-addresses": "router"}
    localnet = [row for row in tables["Logical_Switch_Port"].values() if row["type"] == "localnet"]
    assert [(row["options"], row["tag"]) for row in localnet] == [({"network_name": "physnet1"}, None)]
    inner = [row for row in tables["Logical_Router_Port"].values() if row["mac"] == mac_of("way out")]
    assert [row["networks"] for row in inner] == [frozenset({"172.24.4.100/24"})]


def test_two_projects_with_the_same_block_share_no_row() -> None:
    def world(name: str) -> Desired:
        net = network(name)
        told = desired_network(net, subnet(net, "10.0.0.0/24"))
        guest = port(f"{name} guest", net, (told.subnets[0], "10.0.0.5"))
        return Desired(
            networks=[told], ports=[desired_port(guest, told)], routers=[router(f"{name} r", [interface(f"{name} i", told)])]
        )

    database = build(world("theirs"), world("ours"))
    switches = list(database.tables["Logical_Switch"].values())
    assert len(switches) == 2
    assert not switches[0]["ports"] & switches[1]["ports"]  # type: ignore[operator]
    database.do(plan(database.tables, Desired(gone=[("network", uid("theirs"))]), HOSTS))
    alone = build(world("ours"))
    assert database.tables["Logical_Switch"] == alone.tables["Logical_Switch"]
    assert database.tables["DHCP_Options"] == alone.tables["DHCP_Options"]
