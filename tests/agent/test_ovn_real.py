"""Packets between fake guests through real OVN: central and one host's switch in namespaces of their own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from cumulet.agent.ovs import netns
from cumulet.agent.ovs.config import SwitchConfig
from cumulet.agent.ovs.rows import device_name
from cumulet.agent.ovs.switch import Switch
from cumulet.agent.refusals import Refusal
from cumulet.contract.guests import MetadataPort, PortSpec
from cumulet.contract.reports import MetadataAnswer, MetadataQuery
from cumulet.kernel.process import run
from cumulet.network.desired import Desired, DesiredNetwork
from cumulet.network.model import Port
from cumulet.network.ovn.central import Central
from cumulet.network.ovn.driver import OvnDriver
from cumulet.network.ovn.tables import with_prefixes
from support.desired import (
    desired_network,
    desired_port,
    floating_ip,
    group,
    interface,
    network,
    port,
    router,
    rule,
    subnet,
    uid,
)
from support.fake_guest import Echo, FakeGuest, call, dhcp_offer, pings
from support.killing import kill_9

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

PREFIX = f"ovn{os.getpid()}"
HOST = uid(PREFIX)
OPEN = group("open", rule("open", "egress"), rule("open", "ingress", remote_group_id=uid("open")))
OUTSIDE = desired_network(network("outside", external=True), subnet(network("outside"), "172.24.4.0/24", enable_dhcp=False))


class Lab:
    """One host, OVN's central part, and the guests that tests boot on it."""

    def __init__(self, folder: Path, central: Central, name: str, **fields: Any) -> None:
        self.central = central
        self.config = SwitchConfig(
            host_id=uid(name),
            folder=folder,
            southbound=central.southbound,
            netns=name,
            metadata_prefix=f"{name}-md-",
            **fields,
        )
        self.queries: list[MetadataQuery] = []
        self.switch = Switch(self.config, self.answer)
        self.driver = OvnDriver(central.northbound, central.southbound)
        self._states: dict[str, bool] = {}
        self._changed = asyncio.Event()
        self._guests: list[FakeGuest] = []

    async def open(self) -> None:
        """Bring the host up."""
        await self.switch.up()
        await self.driver.start()
        self.driver.watch(self)

    async def answer(self, query: MetadataQuery) -> MetadataAnswer:
        """Tell guests what they asked, and remember it."""
        self.queries.append(query)
        return MetadataAnswer(200, f"you asked for {query.path}".encode())

    def port_changed(self, port_id: str, up: bool) -> None:
        """OVN's report."""
        self._states[port_id] = up
        self._changed.set()

    async def is_up(self, port_id: str) -> None:
        """Return once OVN has reported the port up."""
        async with asyncio.timeout(10):
            while not self._states.get(port_id):
                self._changed.clear()
                await self._changed.wait()

    async def boot(self, one: Port, of: DesiredNetwork, serve: bool = True) -> FakeGuest:
        """Make the port, plug it, wait until it is up, and start a guest on it that listens on TCP port 80."""
        await self.driver.make(Desired(ports=[desired_port(one, of)]))
        await self.switch.plug(spec_of(one, of))
        await self.is_up(one.id)
        guest = FakeGuest(f"{PREFIX}-{one.row.name}", self.config.netns, one)
        self._guests.append(guest)
        await guest.boot(of.network.mtu)
        if serve:
            await self.serve(guest, one, of)
        return guest

    async def serve(self, guest: FakeGuest, one: Port, of: DesiredNetwork) -> None:
        """Give the guest its address, and have it listen."""
        metadata = of.service_port.fixed_ips[0].ip_address if of.service_port else None
        await guest.configure(with_prefixes(one.fixed_ips, of.subnets)[0], of.subnets[0].gateway_ip, metadata)
        await Echo(one.row.name).start(guest.name, "0.0.0.0", 80)

    async def close(self) -> None:
        """Take everything down."""
        for guest in self._guests:
            await guest.remove()
        await self.driver.close()
        await self.switch.down()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="ovn-") as name:
        central = Central(Path(name) / "c")
        made = Lab(Path(name) / "h", central, PREFIX)
        try:
            await central.up()
            await made.open()
            await made.driver.make(Desired(networks=[OUTSIDE], groups=[OPEN]))
            yield made
        finally:
            await made.close()
            await central.down()
        assert not [left for left in os.listdir("/run/netns") if left.startswith(PREFIX)]


def inside(name: str, cidr: str, **fields: Any) -> DesiredNetwork:
    net = network(name)
    return desired_network(net, subnet(net, cidr, **fields))


def guest_port(name: str, of: DesiredNetwork, address: str, *groups: str, host: str = HOST) -> Port:
    return port(name, of.network, (of.subnets[0], address), groups=groups or ("open",), host_id=host)


def spec_of(one: Port, of: DesiredNetwork) -> PortSpec:
    service = of.service_port
    assert service
    metadata = MetadataPort(service.id, service.row.mac_address, with_prefixes(service.fixed_ips, of.subnets))
    return PortSpec(one.id, one.row.network_id, one.row.mac_address, of.network.mtu, metadata)


async def make(lab: Lab, of: DesiredNetwork) -> DesiredNetwork:
    """The network and its service port in OVN."""
    assert of.service_port
    await lab.driver.make(Desired(networks=[of], ports=[desired_port(of.service_port, of)]))
    return of


async def is_cut_off(namespace: str, address: str) -> bool:
    """Whether a server that answered stops answering soon."""
    for _ in range(50):
        try:
            await call(namespace, address, 80, timeout=1)
        except (TimeoutError, OSError):
            return True
    return False


async def test_guests_of_a_network_reach_each_other_and_ovn_tells_where_they_are(lab: Lab) -> None:
    net = await make(lab, inside("pair", "10.1.0.0/24"))
    one, two = guest_port("p1", net, "10.1.0.11"), guest_port("p2", net, "10.1.0.12")
    first = await lab.boot(one, net)
    await lab.boot(two, net)
    assert await call(first.name, "10.1.0.12", 80) == "p2 sees 10.1.0.11"
    assert await pings(first.name, "10.1.0.12")
    up = await lab.driver.ports_up()
    assert up[one.id] == up[two.id] == HOST
    assert {one.id, two.id} <= lab.switch.plugged()
    assert b"mtu 1442 " in await run("ip", "-n", PREFIX, "link", "show", device_name(one.id))


async def test_a_guest_gets_its_address_by_dhcp(lab: Lab) -> None:
    net = await make(lab, inside("dhcp", "10.2.0.0/24", dns_nameservers=["9.9.9.9"]))
    one = guest_port("d1", net, "10.2.0.33")
    guest = await lab.boot(one, net, serve=False)
    offer = await netns.inside(guest.name, lambda: dhcp_offer(one.row.mac_address))
    assert offer[0] == bytes([10, 2, 0, 33])
    assert offer[53] == b"\x02"
    assert offer[1] == bytes([255, 255, 255, 0])
    assert int.from_bytes(offer[26]) == 1442
    assert bytes([32, 169, 254, 169, 254, 10, 2, 0, 2]) in offer[121]


async def test_a_security_group_blocks_what_no_rule_allows_and_a_rule_can_be_revoked(lab: Lab) -> None:
    net = await make(lab, inside("sg", "10.3.0.0/24"))
    web = rule("web", "ingress", protocol="tcp", port_range_min=80, port_range_max=80)
    await lab.driver.make(Desired(groups=[group("web", rule("web", "egress"), web)]))
    client = await lab.boot(guest_port("s1", net, "10.3.0.11"), net)
    await lab.boot(guest_port("s2", net, "10.3.0.12", "web"), net)
    assert await call(client.name, "10.3.0.12", 80) == "s2 sees 10.3.0.11"
    assert not await pings(client.name, "10.3.0.12", seconds=1)
    await lab.driver.make(Desired(groups=[group("web", rule("web", "egress"))]))
    assert await is_cut_off(client.name, "10.3.0.12")


async def test_a_guest_can_use_no_address_but_its_own(lab: Lab) -> None:
    net = await make(lab, inside("spoof", "10.4.0.0/24"))
    honest = await lab.boot(guest_port("f1", net, "10.4.0.11"), net)
    await lab.boot(guest_port("f2", net, "10.4.0.12"), net)
    assert await call(honest.name, "10.4.0.12", 80) == "f2 sees 10.4.0.11"
    await netns.batch(honest.name, ["addr flush dev eth0", "addr add 10.4.0.99/24 dev eth0"])
    assert not await pings(honest.name, "10.4.0.12", seconds=1)


async def test_a_router_hides_guests_and_a_floating_ip_leads_to_one(lab: Lab) -> None:
    net = await make(lab, inside("routed", "10.5.0.0/24"))
    one = guest_port("r1", net, "10.5.0.11", "world")
    world = group("world", rule("world", "egress"), rule("world", "ingress"))
    ways = [interface("r in", net)], interface("r out", OUTSIDE, "172.24.4.100")
    await lab.driver.make(Desired(groups=[world], routers=[router("r", *ways)]))
    guest = await lab.boot(one, net)
    await Echo("world").start(PREFIX, "172.24.4.1", 8080)
    assert await call(guest.name, "172.24.4.1", 8080) == "world sees 172.24.4.100"
    await lab.driver.make(Desired(routers=[router("r", *ways, [floating_ip("172.24.4.50", one, "r")])]))
    assert await call(PREFIX, "172.24.4.50", 80) == "r1 sees 172.24.4.1"
    assert await call(guest.name, "172.24.4.1", 8080) == "world sees 172.24.4.50"
    await Echo("bulk", bulk=1 << 20).start(PREFIX, "172.24.4.1", 8082)
    await Echo("bulk", bulk=1 << 20).start(guest.name, "0.0.0.0", 81)
    assert len(await call(guest.name, "172.24.4.1", 8082)) > 1 << 20
    assert len(await call(PREFIX, "172.24.4.50", 81)) > 1 << 20
    await lab.driver.make(Desired(gone=[("floatingip", uid("172.24.4.50"))]))
    assert await is_cut_off(PREFIX, "172.24.4.50")


async def test_two_projects_with_the_same_block_never_meet(lab: Lab) -> None:
    nets = [await make(lab, inside(name, "10.6.0.0/24")) for name in ("ours", "theirs")]
    routers = [
        router(
            f"{net.network.name} r", [interface(f"{net.network.name} in", net)], interface(f"{net.network.name} out", OUTSIDE, out)
        )
        for net, out in zip(nets, ("172.24.4.101", "172.24.4.102"), strict=True)
    ]
    await lab.driver.make(Desired(routers=routers))
    ours = await lab.boot(guest_port("o1", nets[0], "10.6.0.11"), nets[0])
    await lab.boot(guest_port("o2", nets[0], "10.6.0.12"), nets[0])
    theirs = await lab.boot(guest_port("t1", nets[1], "10.6.0.11"), nets[1])
    await lab.boot(guest_port("t2", nets[1], "10.6.0.12"), nets[1])
    await lab.boot(guest_port("t3", nets[1], "10.6.0.13"), nets[1])
    await Echo("world").start(PREFIX, "172.24.4.1", 8081)
    assert await call(ours.name, "10.6.0.12", 80) == "o2 sees 10.6.0.11"
    assert await call(theirs.name, "10.6.0.12", 80) == "t2 sees 10.6.0.11"
    assert await call(theirs.name, "10.6.0.13", 80) == "t3 sees 10.6.0.11"
    assert not await pings(ours.name, "10.6.0.13", seconds=1)
    assert await call(ours.name, "172.24.4.1", 8081) == "world sees 172.24.4.101"
    assert await call(theirs.name, "172.24.4.1", 8081) == "world sees 172.24.4.102"


async def test_a_port_that_is_bound_to_another_host_gets_nothing_here(lab: Lab) -> None:
    net = await make(lab, inside("elsewhere", "10.10.0.0/24"))
    away = port("e1", net.network, (net.subnets[0], "10.10.0.11"), groups=("open",), host_id=uid("another host"))
    await lab.driver.make(Desired(ports=[desired_port(away, net)]))
    await lab.switch.plug(spec_of(away, net))
    await lab.boot(guest_port("e2", net, "10.10.0.12"), net)
    assert away.id not in await lab.driver.ports_up()
    await lab.driver.make(Desired(ports=[desired_port(guest_port("e1", net, "10.10.0.11"), net)]))
    await lab.is_up(away.id)
    await lab.switch.unplug(away.id)


async def test_a_refused_port_leaves_no_tap(lab: Lab) -> None:
    net = await make(lab, inside("refused", "10.11.0.0/24"))
    spec = spec_of(guest_port("x1", net, "10.11.0.11"), net)
    assert spec.metadata
    wrong = msgspec.structs.replace(spec, metadata=msgspec.structs.replace(spec.metadata, addresses=["nonsense"]))
    with pytest.raises(Refusal, match="the switch cannot take port"):
        await lab.switch.plug(wrong)
    assert spec.port_id not in lab.switch.plugged()
    assert device_name(spec.port_id) not in await netns.links(PREFIX)
    await lab.switch.plug(spec)
    with pytest.raises(Refusal):
        await lab.switch.plug(wrong)
    assert spec.port_id in lab.switch.plugged()
    await lab.switch.unplug(spec.port_id)


async def test_guests_on_two_hosts_reach_each_other_through_a_tunnel(lab: Lab) -> None:
    net = await make(lab, inside("wide", "10.12.0.0/24"))
    names = [f"{PREFIX}-{letter}" for letter in "ab"]
    hosts = [
        Lab(lab.config.folder / name[-1], lab.central, name, underlay="under0", tunnel_address=f"10.77.0.{number}/24")
        for number, name in enumerate(names, 1)
    ]
    try:
        for name in names:
            await netns.ensure(name)
        await netns.batch(names[0], [f"link add under0 mtu 1600 type veth peer name under0 mtu 1600 netns {names[1]}"])
        guests = []
        for number, host in enumerate(hosts):
            await netns.checksums_in_software(host.config.netns, ["under0"])
            await host.open()
            one = guest_port(f"g{number}", net, f"10.12.0.1{number}", host=host.config.host_id)
            guests.append(await host.boot(one, net))
        await Echo("far", bulk=1 << 20).start(guests[1].name, "0.0.0.0", 81)
        assert await call(guests[0].name, "10.12.0.11", 80) == "g1 sees 10.12.0.10"
        assert len(await call(guests[0].name, "10.12.0.11", 81)) > 1 << 20
        for guest in guests:
            assert "you asked" in await call(guest.name, "169.254.169.254", 80, REQUEST)
        assert [len(host.queries) for host in hosts] == [1, 1]
    finally:
        for host, name in zip(hosts, names, strict=True):
            await host.close()
            assert netns.exists(name), "the namespace was not the switch's to delete"
            await netns.remove(name)


REQUEST = b"GET /openstack/latest HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Instance-ID: another\r\n\r\n"


async def test_metadata_is_answered_for_who_really_asks_also_after_a_restart(lab: Lab) -> None:
    net = await make(lab, inside("meta", "10.7.0.0/24"))
    one = guest_port("m1", net, "10.7.0.11")
    guest = await lab.boot(one, net)
    answer = await call(guest.name, "169.254.169.254", 80, REQUEST)
    assert answer.startswith("HTTP/1.1 200 OK")
    assert answer.endswith("you asked for /openstack/latest")
    query = lab.queries[-1]
    assert (query.network_id, query.address) == (net.network.id, "10.7.0.11")
    assert query.headers == {"host": "a"}
    await lab.switch.release()
    lab.switch = Switch(lab.config, lab.answer)
    await lab.switch.up()
    assert "you asked" in await call(guest.name, "169.254.169.254", 80, REQUEST)
    assert one.id in lab.switch.plugged()
    served = f"{PREFIX}-md-{net.network.id[:13]}"
    await netns.remove(served)
    assert await lab.switch.heal() == []
    assert "you asked" in await call(guest.name, "169.254.169.254", 80, REQUEST)
    await lab.switch.unplug(one.id)
    assert not netns.exists(served)
    assert one.id not in lab.switch.plugged()


async def test_a_tap_that_somebody_deleted_works_again_once_plugged(lab: Lab) -> None:
    net = await make(lab, inside("lost", "10.14.0.0/24"))
    one = guest_port("l1", net, "10.14.0.11")
    await lab.boot(guest_port("l2", net, "10.14.0.12"), net)
    await lab.switch.plug(spec_of(one, net))
    await netns.delete_link(PREFIX, device_name(one.id))
    guest = await lab.boot(one, net)
    assert await call(guest.name, "10.14.0.12", 80) == "l2 sees 10.14.0.11"


async def test_what_is_left_of_a_reboot_is_forgotten(lab: Lab) -> None:
    net = await make(lab, inside("reboot", "10.13.0.0/24"))
    one = guest_port("y1", net, "10.13.0.11")
    await lab.switch.plug(spec_of(one, net))
    await lab.switch.release()
    await netns.delete_link(PREFIX, device_name(one.id))
    lab.switch = Switch(lab.config, lab.answer)
    await lab.switch.up()
    assert one.id not in lab.switch.plugged()
    assert not netns.exists(f"{PREFIX}-md-{net.network.id[:13]}")


async def test_killed_daemons_are_started_again_and_reported(lab: Lab) -> None:
    net = await make(lab, inside("heal", "10.8.0.0/24"))
    one = guest_port("h1", net, "10.8.0.11")
    first = await lab.boot(one, net)
    assert await lab.switch.heal() == []
    kill_9(daemon_pid(lab, "ovn-controller"))
    assert await lab.switch.heal() == [f"ovn-controller was missing on host {HOST} and has been started"]
    await lab.boot(guest_port("h2", net, "10.8.0.12"), net)
    assert await call(first.name, "10.8.0.12", 80) == "h2 sees 10.8.0.11"
    for name in ("vswitchd", "ovsdb"):
        kill_9(daemon_pid(lab, name))
    assert [finding.split()[0] for finding in await lab.switch.heal()] == ["ovsdb", "vswitchd"]
    assert await call(first.name, "10.8.0.12", 80) == "h2 sees 10.8.0.11"
    kill_9(lab.central.daemons()[0].pid())
    assert await lab.central.heal() == ["ovn-nb was not running and has been started"]
    await lab.boot(guest_port("h3", net, "10.8.0.13"), net)
    assert await call(first.name, "10.8.0.13", 80) == "h3 sees 10.8.0.11"


def daemon_pid(lab: Lab, name: str) -> int:
    return int((lab.config.folder / f"{name}.pid").read_text().split()[0])


async def test_everything_can_be_said_and_done_twice(lab: Lab) -> None:
    net = await make(lab, inside("twice", "10.9.0.0/24"))
    one = guest_port("w1", net, "10.9.0.11")
    await lab.boot(one, net)
    before = dict(lab.driver._north.tables["Logical_Switch_Port"])
    await make(lab, net)
    await lab.driver.make(Desired(ports=[desired_port(one, net)]))
    await lab.switch.plug(spec_of(one, net))
    assert lab.driver._north.tables["Logical_Switch_Port"] == before
    for _ in range(2):
        await lab.switch.unplug(one.id)
        await lab.driver.make(Desired(gone=[("port", one.id), ("network", net.network.id)]))
    assert one.id not in await lab.driver.ports_up()
