"""Servers that have devices of their hosts for themselves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.servers import ComputeCloud, actor, flavor_fields

from cumulet.agent.fake import World
from cumulet.compute.model import Server
from cumulet.compute.operations import aliases, flavors
from cumulet.compute.operations.servers import delete, power
from cumulet.compute.settings import Alias
from cumulet.contract.commands import Device
from cumulet.contract.guests import HostDevice
from cumulet.kernel.errors import Invalid
from cumulet.placement.operations import claims
from cumulet.placement.operations.topology import looking, stock

CARD = "0000:81:00.0"
NIC = "CUSTOM_PCI_8086_154C"


def gpu(number: int, product: str = "1db4", **fields: Any) -> Device:
    return Device(f"0000:{number:02x}:00.0", "10de", product, "pci", f"CUSTOM_PCI_10DE_{product.upper()}", **fields)


def network_card(parts: int) -> list[Device]:
    function = Device(CARD, "8086", "1572", "pf", "CUSTOM_PCI_8086_1572")
    return [function, *(Device(f"0000:81:02.{n}", "8086", "154c", "vf", NIC, parent=CARD) for n in range(parts))]


async def add_host(cloud: ComputeCloud, name: str, *devices: Device) -> World:
    world = World(name, clock=cloud.clock)
    world.devices = list(devices)
    return await cloud.add_host(world)


async def flavor(cloud: ComputeCloud, **specs: str) -> str:
    """A flavor with these extra specs."""
    async with cloud.db.tx() as tx:
        made = await flavors.create(tx, flavor_fields(name="-".join(specs.values())), None)
        await flavors.set_extra_specs(tx, made.id, {name.replace("__", ":"): value for name, value in specs.items()}, True)
    return made.id


@pytest.fixture
async def wired(cloud: ComputeCloud) -> ComputeCloud:
    """Flavors may ask for a gpu, of either product, and for a nic."""
    known_aliases = [
        Alias("gpu", "10de", "1db4"),
        Alias("gpu", "10de", "20b0"),
        Alias("nic", resource_class=NIC, device_type="type-VF"),
        Alias("card", "8086", "1572"),
    ]
    async with cloud.db.tx() as tx:
        await aliases.configure(tx, known_aliases)
    return cloud


def addresses(world: World, server: Server) -> list[str]:
    return [device.address for device in world.guests[server.id].spec.devices]


async def test_C11_a_server_gets_the_devices_that_its_flavor_names_and_claims_them(wired: ComputeCloud) -> None:
    world = await add_host(wired, "gpus", gpu(1, managed=False), gpu(2, "20b0"), gpu(3))
    server = await wired.server(flavor_id=await flavor(wired, pci_passthrough__alias="gpu:2"))
    assert (server.state, server.host_id) == ("active", world.host_id)
    assert world.guests[server.id].spec.devices == [HostDevice("0000:01:00.0", managed=False), HostDevice("0000:02:00.0")]
    async with wired.db.read() as tx:
        held = (await claims.claims_of(tx, server.id))[world.host_id]
    assert (held["CUSTOM_PCI_10DE_1DB4"], held["CUSTOM_PCI_10DE_20B0"]) == (1, 1)


async def test_a_server_that_wants_no_device_is_placed_as_before(wired: ComputeCloud) -> None:
    world = await add_host(wired, "gpus", gpu(1))
    servers = [await wired.server() for _ in range(4)]
    assert all(server.state == "active" for server in servers)
    assert not any(world.guests[server.id].spec.devices for server in servers if server.host_id == world.host_id)


async def test_a_refusal_names_the_device_and_how_many_are_free(wired: ComputeCloud) -> None:
    await add_host(wired, "gpus", gpu(1))
    want = await flavor(wired, pci_passthrough__alias="gpu:2")
    server = await wired.server(flavor_id=want)
    assert server.state == "error"
    assert server.fault is not None
    wanted = "2 CUSTOM_PCI_10DE_1DB4 or CUSTOM_PCI_10DE_20B0"
    assert f"Of 3 hosts: 3 without {wanted} free (the nearest has 1)." in server.fault["message"]


async def test_an_alias_that_is_not_configured_is_refused_at_once(wired: ComputeCloud) -> None:
    want = await flavor(wired, pci_passthrough__alias="fpga:1")
    with pytest.raises(Invalid, match="PCI alias fpga"):
        await wired.ask(flavor_id=want)


async def test_a_deleted_servers_device_is_free_for_the_next_one(wired: ComputeCloud) -> None:
    world = await add_host(wired, "gpus", gpu(1))
    want = await flavor(wired, pci_passthrough__alias="gpu:1")
    first = await wired.server(flavor_id=want)
    assert (await wired.server(flavor_id=want)).state == "error"
    async with wired.db.tx() as tx:
        await delete.delete(tx, actor(), first.id)
    await wired.settle()
    assert addresses(world, await wired.server(flavor_id=want)) == ["0000:01:00.0"]


async def test_a_server_that_starts_again_has_the_same_device(wired: ComputeCloud) -> None:
    world = await add_host(wired, "nics", *network_card(4))
    want = await flavor(wired, pci_passthrough__alias="nic:1")
    first, second = await wired.server(flavor_id=want), await wired.server(flavor_id=want)
    assert [*addresses(world, first), *addresses(world, second)] == ["0000:81:02.0", "0000:81:02.1"]
    for ask in (power.stop, power.start):
        async with wired.db.tx() as tx:
            await ask(tx, actor(), second.id)
        await wired.settle()
    assert addresses(world, second) == ["0000:81:02.1"]


async def test_a_device_that_is_gone_keeps_its_server_from_starting(wired: ComputeCloud) -> None:
    world = await add_host(wired, "gpus", gpu(1))
    server = await wired.server(flavor_id=await flavor(wired, pci_passthrough__alias="gpu:1"))
    async with wired.db.tx() as tx:
        await power.stop(tx, actor(), server.id)
    await wired.settle()
    world.devices = []
    async with wired.db.tx() as tx:
        await power.start(tx, actor(), server.id)
    await wired.settle()
    assert server.id not in world.guests
    assert ((await wired.look(server.id)).state, (await wired.look(server.id)).task) == ("stopped", None)


async def test_a_physical_function_and_its_virtual_functions_are_never_both_given(wired: ComputeCloud) -> None:
    world = await add_host(wired, "nics", *network_card(2))
    nic, card = await flavor(wired, pci_passthrough__alias="nic:1"), await flavor(wired, pci_passthrough__alias="card:1")
    assert (await wired.server(flavor_id=card)).state == "error"
    assert addresses(world, await wired.server(flavor_id=nic)) == ["0000:81:02.0"]
    world.devices = world.devices[:1]
    await wired.clock.advance(15)
    assert (await wired.server(flavor_id=card)).state == "error", "a part of it is claimed still"


async def test_resources_of_a_class_come_from_below_the_host_and_of_several_providers_if_need_be(wired: ComputeCloud) -> None:
    world = await add_host(wired, "gpus", gpu(1), gpu(2, traits=["CUSTOM_FAST"]), gpu(3))
    server = await wired.server(flavor_id=await flavor(wired, resources__CUSTOM_PCI_10DE_1DB4="2"))
    assert addresses(world, server) == ["0000:01:00.0", "0000:02:00.0"]
    async with wired.db.tx() as tx:
        await delete.delete(tx, actor(), server.id)
    await wired.settle()
    fast = await flavor(wired, resources1__CUSTOM_PCI_10DE_1DB4="1", trait1__CUSTOM_FAST="required")
    assert addresses(world, await wired.server(flavor_id=fast)) == ["0000:02:00.0"]
    assert (await wired.server(flavor_id=fast)).state == "error"


async def test_C11_fifty_servers_at_once_against_eight_devices_are_exactly_eight(wired: ComputeCloud) -> None:
    worlds = [await add_host(wired, f"gpus{n}", *(gpu(4 * n + m) for m in range(4))) for n in range(2)]
    want = await flavor(wired, pci_passthrough__alias="gpu:1")
    projects = [actor(f"{n}" * 32) for n in range(1, 6)]
    made = [(await wired.ask(projects[n % 5], flavor_id=want, networks="none")).servers[0].id for n in range(50)]
    await wired.settle()
    states = [(await wired.look(server_id)).state for server_id in made]
    assert sorted(states) == ["active"] * 8 + ["error"] * 42
    given = [device.address for world in worlds for guest in world.guests.values() for device in guest.spec.devices]
    assert sorted(given) == sorted(device.address for world in worlds for device in world.devices)
    async with wired.db.read() as tx:
        for world in worlds:
            tree = await looking.tree(tx, world.host_id)
            assert tree is not None
            assert len(tree.held) == 4
            labels = await stock.below(tx, world.host_id)
            figures = await claims.usages(tx, [provider.id for provider in labels.values()])
            assert all(now.used == 1 for classes in figures.values() for now in classes.values())


def test_the_options_table_of_an_alias_is_checked() -> None:
    with pytest.raises(msgspec.ValidationError, match="resource_class"):
        msgspec.convert({"name": "x", "vendor_id": "10de"}, Alias)
