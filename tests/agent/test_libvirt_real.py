"""The real host: a libvirtd of its own in its own namespaces, and guests that run a boot sector under TCG."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
import pytest_asyncio

pytest.importorskip("libvirt")


from cumulet.agent import accelerator
from cumulet.agent.identity import claim_identity
from cumulet.agent.libvirt import daemon
from cumulet.agent.libvirt.devices import Surroundings
from cumulet.agent.libvirt.domain import domain
from cumulet.agent.refusals import Refusal
from cumulet.agent.topology.binding import bind
from cumulet.agent.topology.cells import numbers
from cumulet.compute.rules.sizes import overhead_mb
from cumulet.contract import commands as c
from cumulet.contract.claims import sign
from cumulet.contract.guests import CellSpec, ClaimToken, DiskSpec, GuestSpec, HostDevice, PortSpec
from cumulet.kernel.ids import new_uuid
from cumulet.kernel.process import run
from support.agent_lab import KEY, running_lab

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab():
    async with running_lab() as lab:
        yield lab


async def test_the_accelerator_is_chosen_by_what_works(lab):
    facts = await lab.order(c.DescribeHost())
    can = accelerator.has_virtualization(Path("/proc/cpuinfo").read_text())
    assert facts.virt_type == ("kvm" if can and await accelerator.works(lab.settings.state, "kvm") else "qemu")
    assert await accelerator.works(lab.settings.state, "tcg")
    assert facts.memory_mb > facts.free_memory_mb > 0
    assert facts.hypervisor_version >= 7_000_000


async def test_a_guest_starts_writes_to_its_console_stops_and_starts_again(lab):
    guest = await lab.boot(memory_mb=96, ports=[PortSpec(new_uuid(), "net", "fa:16:3e:00:00:01", 1442)])
    assert "OK" in await lab.console_says(guest.server_id, "OK")
    seen = await lab.seen(guest.server_id)
    assert (seen.state, seen.memory_mb, seen.vcpus) == ("running", 96, 1)
    assert 0 < seen.pss_mb <= seen.rss_mb <= 96 + overhead_mb(1, 96), "C10: a guest has no more memory than was claimed for it"
    assert await lab.launch(guest) == c.Done()
    assert await lab.order(c.StopGuest(guest.server_id, 1)) == c.Done()
    assert (await lab.seen(guest.server_id)).state == "shutdown"
    assert await lab.launch(guest) == c.Done()
    assert await lab.order(c.DestroyGuest(guest.server_id)) == c.Done()
    assert await lab.order(c.DestroyGuest(guest.server_id)) == c.Done()
    assert await lab.seen(guest.server_id) is None
    assert lab.switch.plugged == set()


async def test_C11_the_cells_of_a_guest_are_bound_to_those_of_the_host(lab):
    facts = await lab.order(c.DescribeHost())
    [home, *_] = facts.cells
    guest = await lab.boot(
        vcpus=2, cells=[CellSpec([0], 32, home.cell_id, home.cpus), CellSpec([1], 32, home.cell_id, home.cpus)], memory_mb=64
    )
    assert "OK" in await lab.console_says(guest.server_id, "OK")
    qemu = Path(f"/proc/{lab.process_id(guest)}/cmdline").read_bytes().decode().split("\0")
    cells = [word for word in qemu if word.startswith("node,nodeid=")]
    assert [word.split(",")[1:3] for word in cells] == [["nodeid=0", "cpus=0"], ["nodeid=1", "cpus=1"]]
    bound = [word for word in qemu if '"policy":"bind"' in word]
    assert len(bound) == 2
    assert all(f'"host-nodes":[{home.cell_id}]' in word for word in bound)
    status = Path(f"/proc/{lab.process_id(guest)}/status").read_text()
    allowed = next(line.split()[1] for line in status.splitlines() if line.startswith("Cpus_allowed_list"))
    assert set(numbers(allowed)) <= set(home.cpus)


async def test_C11_a_guest_whose_memory_is_claimed_of_one_cell_is_bound_to_it(lab):
    guest = await lab.boot(bound=[0])
    assert "OK" in await lab.console_says(guest.server_id, "OK")


async def test_C11_a_device_that_no_option_lets_guests_have_is_not_given(lab):
    server_id = new_uuid()
    guest = GuestSpec(server_id, "web", 1, 64, [await lab.root(server_id)], [], devices=[HostDevice("0000:00:00.0")])
    assert (await lab.launch(guest)).code == "device_missing"
    assert await lab.seen(server_id) is None


async def test_libvirt_accepts_the_definition_of_a_guest_with_devices_cells_and_processors_of_its_own(lab):
    """As on a host with KVM and two cells: defined, not started, for this machine may have neither."""
    cells = [CellSpec([0, 1], 32, 0, [0, 1], [0, 1]), CellSpec([2], 32, 1, [2, 3], [2])]
    guest = GuestSpec(
        new_uuid(), "web", 3, 64, [], [], devices=[HostDevice("0000:81:02.7"), HostDevice("0000:81:03.0", False)], cells=cells
    )
    text = lab.settings.state / "guest.xml"
    around = Surroundings("qemu", str(lab.settings.emulator), str(lab.settings.state), "none", False)
    text.write_text(domain(guest, around).replace("</domain>", f"{tuned(guest)}</domain>"))
    virsh = ("virsh", "-c", f"qemu:///system?socket={daemon.socket_of(lab.settings)}")
    await run(*virsh, "define", "--validate", str(text))
    try:
        defined = (await run(*virsh, "dumpxml", guest.server_id)).decode()
        assert defined.count("<hostdev mode='subsystem' type='pci'") == 2
        assert defined.count("<memnode ") == 2
        assert defined.count("<vcpupin ") == 3
    finally:
        await run(*virsh, "undefine", guest.server_id)


def tuned(guest: GuestSpec) -> str:
    """How its processors are bound under KVM, which may not be there: an emulated guest's are not."""
    root = xml.fromstring("<domain><vcpu/><cpu/></domain>")
    bind(root, guest, [], emulated=False)
    return xml.tostring(root.find("cputune"), encoding="unicode")


async def test_C2_a_guest_without_a_claim_is_not_even_defined(lab):
    server_id = new_uuid()
    guest = GuestSpec(server_id, "web", 1, 64, [await lab.root(server_id)], [])
    claim = sign(ClaimToken(server_id, lab.agent.host_id, 1, 1, 32), KEY)
    assert (await lab.order(c.StartGuest(guest, claim))).code == "no_claim"
    assert await lab.seen(server_id) is None


async def test_K4_a_guest_whose_disk_is_gone_does_not_start_and_gets_no_new_one(lab):
    guest = await lab.boot()
    await lab.order(c.StopGuest(guest.server_id, 0))
    Path(guest.disks[0].path).rename(lab.settings.state / "elsewhere")
    assert (await lab.launch(guest)).code == "disk_missing"
    assert await lab.host.heal() == [f"The root of {guest.server_id} was made on this host and is gone."]
    assert await lab.host.heal() == []
    assert not Path(guest.disks[0].path).exists()
    assert (await lab.seen(guest.server_id)).state == "shutdown"


async def test_a_start_that_fails_leaves_nothing(lab):
    server_id, port = new_uuid(), PortSpec(new_uuid(), "net", "not a MAC address", 1442)
    guest = GuestSpec(server_id, "web", 1, 64, [await lab.root(server_id)], [port])
    assert (await lab.launch(guest)).code == "failed"
    assert await lab.seen(server_id) is None
    assert lab.switch.plugged == set()


async def test_K3_two_guests_do_not_write_to_one_volume(lab):
    volume = await lab.order(c.CreateVolume("shared", 1))
    disk = DiskSpec("shared", volume.path, volume.format, "vdb", "shared", volume_id="shared")
    first, second = await lab.boot(), await lab.boot()
    assert await lab.order(c.AttachDisk(first.server_id, disk)) == c.Done()
    refused = await lab.order(c.AttachDisk(second.server_id, disk))
    assert refused.code == "in_use"
    assert str(lab.settings.state) not in refused.message
    assert (await lab.order(c.QuarantineVolume("shared"))).code == "in_use"
    await lab.order(c.DestroyGuest(first.server_id))
    assert await lab.order(c.QuarantineVolume("shared")) == c.Done()


async def test_a_volume_is_plugged_into_a_running_guest_and_grows_there(lab):
    volume_id = new_uuid()
    volume = await lab.order(c.CreateVolume(volume_id, 1))
    disk = DiskSpec(volume_id, volume.path, volume.format, "vdb", volume_id[:20], volume_id=volume_id)
    guest = await lab.boot()
    for _ in range(2):
        assert await lab.order(c.AttachDisk(guest.server_id, disk)) == c.Done()
    assert await lab.order(c.ExtendVolume(volume_id, 2, guest.server_id)) == c.Done()
    await lab.order(c.StopGuest(guest.server_id, 0))
    again = await lab.order(c.ExtendVolume(volume_id, 3))
    assert again == c.Done()
    described = await run("qemu-img", "info", volume.path)
    assert b"3 GiB" in described


async def test_a_guest_that_does_not_let_go_keeps_its_device_and_says_so(lab):
    guest, port = await lab.boot(), PortSpec(new_uuid(), "net", "fa:16:3e:00:00:02", 1442)
    await lab.console_says(guest.server_id, "OK")
    assert await lab.order(c.AttachPort(guest.server_id, port)) == c.Done()
    assert port.port_id in lab.switch.plugged
    assert (await lab.order(c.DetachPort(guest.server_id, port.port_id))).code == "detach_refused"
    assert port.port_id in lab.switch.plugged
    await lab.order(c.StopGuest(guest.server_id, 0))
    assert await lab.order(c.DetachPort(guest.server_id, port.port_id)) == c.Done()
    assert port.port_id not in lab.switch.plugged


async def test_destroying_a_guest_that_turned_itself_off_unplugs_the_ports_it_got_while_it_ran(lab):
    guest = await lab.boot(ports=[PortSpec(new_uuid(), "net", "fa:16:3e:00:00:03", 1442)])
    for mac in ("fa:16:3e:00:00:04", "fa:16:3e:00:00:05"):
        assert await lab.order(c.AttachPort(guest.server_id, PortSpec(new_uuid(), "net", mac, 1442))) == c.Done()
    assert len(lab.switch.plugged) == 3
    os.kill(lab.process_id(guest), 9)
    await lab.reported(guest.server_id, "crashed")
    assert await lab.order(c.DestroyGuest(guest.server_id)) == c.Done()
    assert lab.switch.plugged == set()


async def test_a_killed_guest_is_reported_at_once_as_crashed(lab):
    guest = await lab.boot()
    os.kill(lab.process_id(guest), 9)
    await lab.reported(guest.server_id, "crashed")
    assert (await lab.seen(guest.server_id)).state == "crashed"
    assert await lab.launch(guest) == c.Done()


async def test_a_killed_libvirtd_takes_no_guest_with_it_and_is_started_again(lab):
    guest = await lab.boot()
    running = lab.process_id(guest)
    await lab.kill_libvirtd()
    (told,) = await lab.host.heal()
    assert "libvirtd" in told
    assert (await lab.seen(guest.server_id)).state == "running"
    assert lab.process_id(guest) == running
    assert await lab.host.heal() == []


async def test_a_restarted_agent_finds_its_guests_running(lab):
    guest = await lab.boot()
    running = lab.process_id(guest)
    await lab.agent.stop()
    await lab.start()
    assert (await lab.seen(guest.server_id)).state == "running"
    assert lab.process_id(guest) == running
    assert await lab.launch(guest) == c.Done()


async def test_C8_a_second_agent_on_the_same_folder_is_refused(lab):
    with pytest.raises(Refusal):
        claim_identity(lab.settings.state)


async def test_C9_a_guest_made_by_hand_is_counted_and_left_alone(lab):
    devices = f"<devices><emulator>{lab.settings.state}/qemu-tcg</emulator></devices>"
    os_type = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
    text = f"<domain type='qemu'><name>by-hand</name><memory unit='MiB'>48</memory>{os_type}{devices}</domain>"
    await lab.host._connection.run(lambda connection: connection.createXML(text))
    listed = {guest.name: guest for guest in (await lab.order(c.ListGuests())).guests}
    assert (listed["by-hand"].server_id, listed["by-hand"].memory_mb, listed["by-hand"].state) == (None, 48, "running")
    await lab.host._connection.run(lambda connection: connection.lookupByName("by-hand").destroy())
