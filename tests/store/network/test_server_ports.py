"""What compute asks of ports."""

from __future__ import annotations

import pytest

from cumulet.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from cumulet.network.operations import limits, ports
from cumulet.network.operations.ports import Wish
from support.networks import ADMIN, DEMO, OTHER, add_network, add_port, add_subnet, addresses, member

SERVER = "5e7e5e7e-0000-0000-0000-000000000001"


@pytest.fixture
async def network(db):
    async with db.tx() as tx:
        made = await add_network(tx, name="private")
        await add_subnet(tx, made, dns_nameservers=["9.9.9.9"])
    return made


async def prepare(tx, *wishes: Wish, groups=(), actor=None, server_id: str = SERVER) -> list[str]:
    return await ports.prepare(tx, actor or member(), server_id, list(wishes), list(groups), "nova")


async def test_ports_are_made_in_order_and_go_with_the_server(db, network):
    async with db.tx() as tx:
        made = await prepare(tx, Wish(network_id=network.id, fixed_ip="10.0.0.50", tag="front"), Wish(network_id=network.id))
        seen = (await ports.interfaces(tx, [SERVER]))[SERVER]
        assert [i.port_id for i in seen] == made
        assert seen[0].fixed_ips[0][1] == "10.0.0.50"
        assert (seen[0].tag, seen[0].network_name, seen[0].security_groups) == ("front", "private", ["default"])
        await ports.release(tx, SERVER)
        await ports.release(tx, SERVER)
        assert (await ports.interfaces(tx, [SERVER]))[SERVER] == []
        with pytest.raises(NotFound):
            await ports.get(tx, ADMIN, made[0])


async def test_T7_a_port_of_the_users_is_taken_by_one_server_and_freed_not_deleted(db, network):
    async with db.tx() as tx:
        port = await add_port(tx, network, name="mine")
        assert await prepare(tx, Wish(port_id=port.id)) == [port.id]
        with pytest.raises(Conflict) as taken:
            await prepare(tx, Wish(port_id=port.id), server_id="another")
        assert taken.value.code == "PortInUse"
        await ports.bind(tx, port.id, "host-1")
        await ports.release(tx, SERVER)
        freed = await ports.get(tx, ADMIN, port.id)
    assert (freed.row.device_id, freed.row.device_owner, freed.row.host_id, freed.row.name) == ("", "", "", "mine")
    assert addresses(freed) == addresses(port)


async def test_T8_other_projects_networks_and_ports_are_not_found(db, network):
    async with db.tx() as tx:
        port = await add_port(tx, network)
        for wish in (Wish(network_id=network.id), Wish(port_id=port.id)):
            with pytest.raises(NotFound):
                await prepare(tx, wish, actor=member(OTHER))


async def test_auto_is_the_only_network_or_none_and_several_are_refused(db):
    async with db.tx() as tx:
        assert await ports.prepare(tx, member(), SERVER, "auto", [], "nova") == []
        first = await add_network(tx)
        await add_subnet(tx, first)
        assert len(await ports.prepare(tx, member(), SERVER, "auto", [], "nova")) == 1
        await add_network(tx)
        with pytest.raises(Conflict) as several:
            await ports.prepare(tx, member(), SERVER, "auto", [], "nova")
        assert several.value.code == "NetworkAmbiguous"
        assert await ports.prepare(tx, member(), SERVER, "none", [], "nova") == []


async def test_a_server_cannot_be_on_an_external_network_or_on_one_without_subnets(db):
    async with db.tx() as tx:
        outside = await add_network(tx, ADMIN.project_id, external=True)
        await add_subnet(tx, outside)
        with pytest.raises(Forbidden):
            await prepare(tx, Wish(network_id=outside.id))
        bare = await add_network(tx)
        with pytest.raises(Invalid) as empty:
            await prepare(tx, Wish(network_id=bare.id))
    assert empty.value.code == "NetworkRequiresSubnet"


async def test_a_refused_wish_leaves_nothing(db, network):
    async with db.tx() as tx:
        await limits.set_limits(tx, DEMO, {"port": 3})

    async def three() -> None:
        async with db.tx() as tx:
            await prepare(tx, *(Wish(network_id=network.id) for _ in range(3)))

    with pytest.raises(OverQuota):
        await three()
    async with db.read() as tx:
        assert (await ports.interfaces(tx, [SERVER]))[SERVER] == []


async def test_unknown_security_groups_are_named(db, network):
    async with db.tx() as tx:
        with pytest.raises(NotFound, match="nonesuch"):
            await prepare(tx, Wish(network_id=network.id), groups=["default", "nonesuch"])


async def test_a_port_is_up_when_it_is_bound_and_ovn_says_so(db, network):
    async with db.tx() as tx:
        (port,) = await prepare(tx, Wish(network_id=network.id))
        await ports.set_up(tx, port, True)
        assert not await ports.is_up(tx, port)
        await ports.bind(tx, port, "host-1")
        await ports.set_up(tx, port, True)
        assert await ports.is_up(tx, port)
        await ports.bind(tx, port, "host-1")
        assert await ports.is_up(tx, port)
        await ports.bind(tx, port, "host-2")
        assert not await ports.is_up(tx, port)
        await ports.unbind(tx, port)
        await ports.unbind(tx, port)
        assert not await ports.is_up(tx, port)


async def test_a_port_stays_up_while_its_server_moves_live(db, network):
    async with db.tx() as tx:
        (port,) = await prepare(tx, Wish(network_id=network.id))
        await ports.bind(tx, port, "host-1")
        await ports.set_up(tx, port, True)
        await ports.prepare_move(tx, port, "host-2")
        assert (await ports.get(tx, ADMIN, port)).row.moving_to == "host-2"
        await ports.bind(tx, port, "host-2")
        moved = (await ports.get(tx, ADMIN, port)).row
    assert (moved.host_id, moved.moving_to, moved.status) == ("host-2", "", "ACTIVE")


async def test_the_server_behind_an_address_is_found_by_network(db, network):
    async with db.tx() as tx:
        await prepare(tx, Wish(network_id=network.id, fixed_ip="10.0.0.9"))
        assert await ports.server_at(tx, network.id, "10.0.0.9") == SERVER
        assert await ports.server_at(tx, network.id, "10.0.0.2") is None  # the network's own port
        assert await ports.server_at(tx, "elsewhere", "10.0.0.9") is None


async def test_network_data_says_what_a_guest_needs(db, network):
    async with db.tx() as tx:
        await add_subnet(tx, network, "2001:db8::/64", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
        (port,) = await prepare(tx, Wish(network_id=network.id))
        data = await ports.network_data(tx, SERVER)
    assert data["links"][0]["vif_id"] == port
    assert data["links"][0]["mtu"] == 1442
    assert [n["type"] for n in data["networks"]] == ["ipv4_dhcp", "ipv6_slaac"]
    assert data["networks"][1]["netmask"] == "ffff:ffff:ffff:ffff::"
    assert data["services"] == [{"type": "dns", "address": "9.9.9.9"}]
