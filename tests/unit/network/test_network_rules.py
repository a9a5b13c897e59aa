"""Pure decisions of the network service."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cumulet.kernel.errors import Conflict, Invalid
from cumulet.network.model import FixedIp, HostRoute, Pool, Port
from cumulet.network.rules import addresses, attributes, pools, routing, segments, subnets
from cumulet.network.rules.segments import Segment, Wiring
from support.desired import network, port, subnet

NET = network("n")


def test_the_default_pool_is_everything_but_the_network_itself_broadcast_and_gateway():
    assert addresses.default_pools(ip_network("10.0.0.0/29"), ip_address("10.0.0.3")) == [
        Pool("10.0.0.1", "10.0.0.2"),
        Pool("10.0.0.4", "10.0.0.6"),
    ]
    assert addresses.default_pools(ip_network("10.0.0.0/31"), None) == [Pool("10.0.0.0", "10.0.0.1")]
    assert addresses.default_pools(ip_network("2001:db8::/126"), ip_address("2001:db8::1")) == [Pool("2001:db8::2", "2001:db8::3")]


@given(st.integers(0, 2**32 - 1), st.integers(8, 30), st.data())
def test_default_pools_never_hold_an_address_that_no_port_may_have(first, length, data):
    net = ip_network((first, length), strict=False)
    gateway = net[data.draw(st.integers(0, net.num_addresses - 1))]
    made = addresses.default_pools(net, gateway)
    for pool in made:
        assert addresses.usable(net, ip_address(pool.start))
        assert addresses.usable(net, ip_address(pool.end))
    assert addresses.in_pools(made, gateway) is None
    assert addresses.check_pools(net, made) == made


def test_an_address_made_of_a_mac_is_the_one_of_the_rfc():
    slaac = subnet(NET, "2001:db8::/64")
    assert addresses.eui64(slaac, "34:56:78:9a:bc:de") == "2001:db8::3656:78ff:fe9a:bcde"


@given(st.integers(0, 2**64 - 1))
def test_a_place_leads_back_to_its_address(distance):
    wide = subnet(NET, "2001:db8::/64")
    at = ip_network(wide.cidr)[distance]
    place = addresses.place(wide, at)
    assert place is None if distance >= addresses.REACH else addresses.at_place(wide, place) == str(at)


@pytest.mark.parametrize("text", ["", "fa:16", "fa:16:3e:00:00:0g", "00:00:00:00:00:00", "fa:16:3e:00:00:00:00"])
def test_macs_that_are_none_are_refused(text):
    with pytest.raises(Invalid):
        addresses.mac(text)


@given(st.lists(st.integers(20, 28), max_size=12))
def test_blocks_cut_from_a_pool_never_overlap(lengths):
    taken: list[str] = []
    for length in lengths:
        try:
            taken.append(pools.carve(["10.0.0.0/20", "10.0.32.0/22"], taken, length))
        except Conflict:
            continue
    blocks = [ip_network(text) for text in taken]
    for at, block in enumerate(blocks):
        assert any(block.subnet_of(ip_network(prefix)) for prefix in ("10.0.0.0/20", "10.0.32.0/22"))
        assert not any(block.overlaps(other) for other in blocks[at + 1 :])


def test_a_pool_that_has_room_gives_it():
    assert pools.carve(["10.0.0.0/24"], ["10.0.0.0/26", "10.0.0.128/25"], 26) == "10.0.0.64/26"
    with pytest.raises(Conflict):
        pools.carve(["10.0.0.0/24"], ["10.0.0.0/26", "10.0.0.128/25"], 25)


@pytest.mark.parametrize(
    ("ra_mode", "address_mode"),
    [("slaac", "dhcpv6-stateful"), ("dhcpv6-stateless", "slaac"), ("nonsense", None), (None, "nonsense")],
)
def test_ipv6_modes_that_contradict_each_other_are_refused(ra_mode, address_mode):
    with pytest.raises(Invalid):
        subnets.check_modes(ip_network("2001:db8::/64"), True, ra_mode, address_mode)


def test_automatic_addresses_need_64_bits():
    subnets.check_modes(ip_network("2001:db8::/80"), True, "dhcpv6-stateful", "dhcpv6-stateful")
    with pytest.raises(Invalid, match="/64"):
        subnets.check_modes(ip_network("2001:db8::/80"), True, "slaac", "slaac")


def test_a_network_is_as_long_as_its_wire_allows():
    wiring = Wiring(mtu=9000)
    assert segments.mtu(0, "geneve", wiring) == 8942
    assert segments.mtu(0, "flat", wiring) == 9000
    assert segments.mtu(1300, "geneve", wiring) == 1300
    with pytest.raises(Invalid, match="8942"):
        segments.mtu(9000, "geneve", wiring)


def test_an_unnamed_type_is_geneve():
    assert segments.check(Segment(), Wiring()) == Segment("geneve", "", None)
    assert segments.check(Segment("flat", "physnet1"), Wiring()) == Segment("flat", "physnet1", 0)


def test_a_route_through_a_strange_address_is_refused_and_says_what_is_connected():
    inside = subnet(NET, "10.0.0.0/24")
    own = port("r", NET, (inside, "10.0.0.1"))
    assert routing.routes([HostRoute("10.9.0.1/16", "10.0.0.7")], [own], [inside]) == [HostRoute("10.9.0.0/16", "10.0.0.7")]
    with pytest.raises(Invalid, match=r"10\.0\.0\.0/24"):
        routing.routes([HostRoute("10.9.0.0/16", "10.1.0.7")], [own], [inside])


def test_a_floating_ip_leads_to_the_only_address_or_to_the_one_named():
    inside = subnet(NET, "10.0.0.0/24")
    one, two = port("a", NET, (inside, "10.0.0.5")), port("b", NET, (inside, "10.0.0.6"), (inside, "10.0.0.7"))
    assert routing.fixed_address(one, None).ip_address == "10.0.0.5"
    assert routing.fixed_address(two, "10.0.0.7").ip_address == "10.0.0.7"
    for wrong, wanted in ((two, None), (one, "10.0.0.9"), (Port(one.row, [FixedIp("s", "2001:db8::1")], []), None)):
        with pytest.raises(Invalid):
            routing.fixed_address(wrong, wanted)


@pytest.mark.parametrize("item", [None, [], "text", {"destination": 5, "nexthop": ""}, {"destination": "x"}, {"nonsense": 1}])
def test_whatever_is_not_the_object_that_was_asked_for_is_refused(item):
    with pytest.raises(Invalid):
        attributes.read(item, HostRoute)


def test_tenant_and_project_must_agree():
    from cumulet.network.api.bodies import NewNetwork

    assert attributes.read({"tenant_id": "a"}, NewNetwork).project_id == "a"
    with pytest.raises(Invalid, match="do not match"):
        attributes.read({"tenant_id": "a", "project_id": "b"}, NewNetwork)
