"""Which addresses ports get."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from cumulet.kernel.errors import Conflict, Invalid
from cumulet.network.model import Pool
from cumulet.network.operations import ports, subnets
from cumulet.network.operations.ports import PortChanges, WantedIp
from support.networks import ADMIN, DEMO, add_network, add_port, add_subnet, addresses


async def test_the_network_itself_takes_the_first_free_address_and_ports_follow(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        first, second = await add_port(tx, network), await add_port(tx, network)
        spec = await ports.spec(tx, first.id)
    assert spec.metadata is not None
    assert spec.metadata.addresses == ["10.0.0.2/24"]
    assert (addresses(first), addresses(second)) == (["10.0.0.3"], ["10.0.0.4"])


async def test_a_freed_address_rests_until_the_pool_is_used_up(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network, "10.0.0.0/29", enable_dhcp=False)
        made = [await add_port(tx, network) for _ in range(4)]
        await ports.delete(tx, made[1])
        assert addresses(await add_port(tx, network)) == ["10.0.0.6"]
        assert addresses(await add_port(tx, network)) == ["10.0.0.3"]
        with pytest.raises(Conflict) as full:
            await add_port(tx, network)
    assert full.value.code == "IpAddressGenerationFailure"


async def test_the_first_address_of_a_pool_is_found_again_when_all_others_are_taken(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network, "10.0.0.0/29", enable_dhcp=False)
        made = [await add_port(tx, network) for _ in range(5)]
        await ports.delete(tx, made[0])
        assert addresses(await add_port(tx, network)) == ["10.0.0.2"]


async def test_several_pools_are_used_in_order(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        pools = [Pool("10.0.0.20", "10.0.0.20"), Pool("10.0.0.10", "10.0.0.11")]
        await add_subnet(tx, network, allocation_pools=pools, enable_dhcp=False)
        made = [await add_port(tx, network) for _ in range(3)]
    assert [addresses(port) for port in made] == [["10.0.0.10"], ["10.0.0.11"], ["10.0.0.20"]]


async def test_an_address_is_given_once_even_when_asked_for(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        await add_port(tx, network, [WantedIp(ip_address="10.0.0.77")])
        with pytest.raises(Conflict) as taken:
            await add_port(tx, network, [WantedIp(ip_address="10.0.0.77")])
    assert taken.value.code == "IpAddressInUse"


async def test_ports_made_at_once_get_different_addresses(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)

    async def one():
        async with db.tx() as tx:
            return addresses(await add_port(tx, network))[0]

    given = await asyncio.gather(*(one() for _ in range(50)))
    assert len(set(given)) == 50


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (WantedIp(ip_address="192.168.7.7"), "InvalidIpForNetwork"),
        (WantedIp(ip_address="10.0.0.255"), "InvalidIpForSubnet"),
        (WantedIp(ip_address="10.0.0.300"), "InvalidInput"),
        (WantedIp(subnet_id="another"), "InvalidInput"),
        (WantedIp(), "InvalidInput"),
    ],
)
async def test_addresses_that_cannot_be_are_refused(db, wish, code):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        with pytest.raises(Invalid) as refused:
            await add_port(tx, network, [wish])
    assert refused.value.code == code


async def test_a_port_gets_one_address_of_each_version_and_of_each_slaac_subnet(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network, "10.0.0.0/24")
        await add_subnet(tx, network, "10.0.1.0/24")
        await add_subnet(tx, network, "2001:db8:1::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
        await add_subnet(tx, network, "2001:db8:2::/64", ipv6_address_mode="dhcpv6-stateful")
        port = await add_port(tx, network, mac_address="fa:16:3e:00:00:01")
    given = addresses(port)
    assert len(given) == 3
    assert "2001:db8:1:0:f816:3eff:fe00:1" in given
    assert sum(ip_address(text).version == 4 for text in given) == 1


async def test_ports_that_are_there_get_an_address_of_a_new_slaac_subnet_and_lose_it_with_the_subnet(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        await add_subnet(tx, network)
        port = await add_port(tx, network)
        slaac = await add_subnet(tx, network, "2001:db8::/64", ipv6_address_mode="slaac")
        assert len((await ports.get(tx, ADMIN, port.id)).fixed_ips) == 2
        await subnets.delete(tx, slaac)
        assert addresses(await ports.get(tx, ADMIN, port.id)) == addresses(port)


async def test_a_subnet_with_ports_cannot_be_deleted(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        subnet = await add_subnet(tx, network)
        port = await add_port(tx, network)
        with pytest.raises(Conflict) as used:
            await subnets.delete(tx, subnet)
        assert used.value.code == "SubnetInUse"
        assert port.id in used.value.message
        await ports.delete(tx, port)
        await subnets.delete(tx, subnet)
        assert await ports.page(tx, ADMIN, _everything()) == []


def _everything():
    from cumulet.kernel.db import Page

    return Page()


async def test_changing_addresses_keeps_those_that_may_stay(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        one = await add_subnet(tx, network)
        two = await add_subnet(tx, network, "10.0.1.0/24")
        port = await add_port(tx, network, [WantedIp(one.id), WantedIp(two.id)])
        first, second = addresses(port)
        only = await ports.update(tx, ADMIN, port, PortChanges(fixed_ips=[WantedIp(one.id)]))
        assert addresses(only) == [first]
        both = await ports.update(tx, ADMIN, only, PortChanges(fixed_ips=[WantedIp(one.id), WantedIp(two.id)]))
    assert addresses(both)[0] == first
    assert addresses(both)[1] == second  # nobody has taken it meanwhile


async def test_a_large_ipv6_subnet_gives_addresses_wherever_its_pool_is(db):
    async with db.tx() as tx:
        network = await add_network(tx)
        far = Pool("2001:db8:0:0:ff00::", "2001:db8::ffff:0:0:0:1")
        await add_subnet(tx, network, "2001:db8::/48", allocation_pools=[far], enable_dhcp=False)
        port = await add_port(tx, network)
    at = ip_address(addresses(port)[0])
    assert ip_address(far.start) <= at <= ip_address(far.end)


async def test_the_quota_stops_ports_but_not_the_networks_own(db):
    from cumulet.kernel.errors import OverQuota
    from cumulet.network.operations import limits

    async with db.tx() as tx:
        await limits.set_limits(tx, DEMO, {"port": 1})
        network = await add_network(tx)
        await add_subnet(tx, network)
        with pytest.raises(OverQuota):
            await add_port(tx, network)
