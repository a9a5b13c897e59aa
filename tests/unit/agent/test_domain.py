"""A guest as libvirt's XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from msgspec.structs import replace

from cumulet.agent.disks.exports import socket_of
from cumulet.agent.libvirt.devices import Surroundings
from cumulet.agent.libvirt.domain import NAMESPACE, domain
from cumulet.agent.libvirt.reading import has_device, ports_of, server_of, state_of, target_of
from cumulet.contract.guests import CellSpec, DiskSpec, GuestSpec, HostDevice, PortSpec

TCG = Surroundings("qemu", "/state/qemu-tcg", "/state/consoles", "none", True)
KVM = Surroundings("kvm", "/usr/bin/qemu-system-x86_64", "/state/consoles", "none", False)
SERVER = "11111111-2222-4333-8444-555555555555"
ROOT = DiskSpec("root", "/d/root.qcow2", "qcow2", "vda", "root-serial")
CONFIG = DiskSpec("config", "/d/config.iso", "raw", "vdb", "config", kind="cdrom", readonly=True)
PORT = PortSpec("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "net", "fa:16:3e:00:00:01", 1442)
GUEST = GuestSpec(SERVER, "web", 2, 512, [ROOT, CONFIG], [PORT], {"project": "demo", "flavor": "small"})


def parsed(guest: GuestSpec = GUEST, around: Surroundings = TCG) -> xml.Element:
    return xml.fromstring(domain(guest, around))


def test_a_guest_has_the_servers_id_name_and_size():
    root = parsed()
    assert (root.findtext("uuid"), root.findtext("name")) == (SERVER, f"cumulet-{SERVER}")
    assert (root.findtext("memory"), root.find("memory").get("unit"), root.findtext("vcpu")) == ("512", "MiB", "2")
    items = {item.get("key"): item.text for item in root.iter(f"{{{NAMESPACE}}}item")}
    assert items == {"name": "web", "project": "demo", "flavor": "small"}


def test_cloud_init_recognises_the_cloud():
    entries = {entry.get("name"): entry.text for entry in parsed().iterfind("sysinfo/system/entry")}
    assert entries["product"] == "OpenStack Compute"
    assert parsed().find("os/smbios").get("mode") == "sysinfo"


@pytest.mark.parametrize("name", ["<web>&", "two\nlines", "bell\a", "nul\0", "half \ud800", "ünïcode 🐧"])
def test_any_server_name_is_a_title(name):
    title = parsed(replace(GUEST, name=name)).findtext("title")
    assert "\n" not in title
    assert len(title) >= 3


def test_emulated_guests_have_a_small_cache_and_a_plain_processor():
    root = parsed()
    assert root.get("type") == "qemu"
    assert root.findtext("features/tcg/tb-cache") == "32"
    assert root.findtext("cpu/model") == "qemu64"
    assert root.findtext("devices/emulator") == "/state/qemu-tcg"


def test_guests_under_kvm_have_the_hosts_processor():
    root = parsed(around=KVM)
    assert (root.get("type"), root.find("cpu").get("mode")) == ("kvm", "host-model")
    assert root.find("features/tcg") is None


def test_offloads_are_off_on_a_userspace_datapath_only():
    driver = parsed().find("devices/interface/driver")
    assert set(driver.find("host").attrib.values()) == {"off"}
    assert set(driver.find("guest").attrib) == {"csum", "tso4", "tso6", "ecn", "ufo"}
    assert parsed(around=KVM).find("devices/interface/driver") is None


def test_a_port_is_on_the_tap_that_the_switch_makes():
    interface = parsed().find("devices/interface")
    assert (interface.find("target").get("dev"), interface.find("target").get("managed")) == ("tapaaaaaaaa-bb", "no")
    assert interface.find("mac").get("address") == PORT.mac
    assert interface.find("mtu").get("size") == "1442"


def test_the_first_disk_boots_and_a_disk_shows_its_serial():
    root, config = parsed().iterfind("devices/disk")
    assert root.find("boot").get("order") == "1"
    assert root.findtext("serial") == "root-serial"
    assert root.find("driver").attrib == {"name": "qemu", "type": "qcow2", "cache": "none", "discard": "unmap"}
    assert config.find("boot") is None


def test_a_cdrom_is_on_virtio_scsi_and_read_only():
    config = list(parsed().iterfind("devices/disk"))[1]
    assert config.get("device") == "cdrom"
    assert config.find("target").attrib == {"dev": "sdb", "bus": "scsi"}
    assert config.find("readonly") is not None


@pytest.mark.parametrize("ports", [1, 10])
def test_slots_are_left_for_hot_plug(ports):
    many = [replace(PORT, port_id=f"{at:08d}-bbbb") for at in range(ports)]
    controllers = parsed(replace(GUEST, ports=many)).iterfind("devices/controller")
    slots = sum(controller.get("model") == "pcie-root-port" for controller in controllers)
    assert slots >= max(12, ports + 6)


def test_the_serial_port_is_logged():
    assert parsed().find("devices/serial/log").attrib == {"file": f"/state/consoles/{SERVER}.log", "append": "on"}


def test_vnc_listens_on_this_machine_only():
    assert parsed().find("devices/graphics").get("listen") == "127.0.0.1"


def test_what_was_written_is_found_again():
    text = domain(GUEST, TCG)
    assert has_device(text, "root")
    assert has_device(text, PORT.port_id)
    assert not has_device(text, "oot")
    assert target_of(text, "/d/root.qcow2") == "vda"
    assert target_of(text, "/d/other.qcow2") is None
    assert ports_of(text) == [PORT.port_id]


@pytest.mark.parametrize(
    ("state", "reason", "meaning"),
    [(1, 1, "running"), (2, 0, "running"), (3, 1, "paused"), (4, 0, "running"), (5, 1, "shutdown"), (5, 3, "crashed")],
)
def test_libvirts_states_in_our_words(state, reason, meaning):
    assert state_of(state, reason) == meaning


def test_a_guest_is_ours_only_if_name_and_uuid_agree():
    assert server_of(f"cumulet-{SERVER}", SERVER) == SERVER
    assert server_of("somebody's", SERVER) is None
    assert server_of("cumulet-x", SERVER) is None


def test_C11_a_guest_in_huge_pages_is_backed_by_them() -> None:
    assert parsed().find("memoryBacking") is None
    page = parsed(replace(GUEST, extra_specs={"hw:mem_page_size": "1GB"})).find("memoryBacking/hugepages/page")
    assert (page.get("size"), page.get("unit")) == ("1048576", "KiB")


def test_devices_of_the_host_are_passed_through_by_their_address_and_have_slots_of_their_own():
    root = parsed(replace(GUEST, devices=[HostDevice("0000:81:02.7"), HostDevice("0001:0a:1f.0", managed=False)]))
    first, second = root.iterfind("devices/hostdev")
    assert (first.get("type"), first.get("managed"), first.find("driver").get("name")) == ("pci", "yes", "vfio")
    assert first.find("source/address").attrib == {"domain": "0x0000", "bus": "0x81", "slot": "0x02", "function": "0x7"}
    assert (second.get("managed"), second.find("source/address").get("domain")) == ("no", "0x0001")
    assert has_device(domain(replace(GUEST, devices=[HostDevice("0000:81:02.7")]), TCG), "pci-0000-81-02-7")


CELLS = [CellSpec([0, 1], 384, 1, [4, 5, 6, 7]), CellSpec([2], 128, 0, [0, 1, 2, 3])]


def test_the_cells_of_a_guest_are_in_those_of_the_host():
    root = parsed(replace(GUEST, vcpus=3, cells=CELLS), KVM)
    assert [cell.attrib for cell in root.iterfind("cpu/numa/cell")] == [
        {"id": "0", "cpus": "0-1", "memory": "384", "unit": "MiB"},
        {"id": "1", "cpus": "2", "memory": "128", "unit": "MiB"},
    ]
    assert root.find("numatune/memory").attrib == {"mode": "strict", "nodeset": "0-1"}
    assert [node.attrib["nodeset"] for node in root.iterfind("numatune/memnode")] == ["1", "0"]
    assert [pin.attrib["cpuset"] for pin in root.iterfind("cputune/vcpupin")] == ["4-7", "4-7", "0-3"]
    assert root.find("cputune/emulatorpin").get("cpuset") == root.find("vcpu").get("cpuset") == "0-7"


def test_processors_of_ones_own_are_bound_one_to_one_and_an_emulated_guest_to_all_of_them():
    guest = replace(GUEST, cells=[CellSpec([0, 1], 512, None, [], [6, 3])])
    root = parsed(guest, KVM)
    assert [pin.attrib for pin in root.iterfind("cputune/vcpupin")] == [
        {"vcpu": "0", "cpuset": "6"},
        {"vcpu": "1", "cpuset": "3"},
    ]
    emulated = parsed(guest, TCG)
    assert emulated.find("cputune") is None
    assert emulated.find("vcpu").get("cpuset") == "3,6"
    assert emulated.find("numatune") is None


def test_a_guest_without_cells_is_bound_to_those_that_its_memory_is_claimed_of():
    root = parsed(replace(GUEST, bound=[1]))
    assert root.find("numatune/memory").attrib == {"mode": "strict", "nodeset": "1"}
    assert root.find("cpu/numa") is None
    assert parsed().find("numatune") is None


def test_guests_share_the_processors_that_an_option_names():
    assert parsed(around=replace(KVM, shared_cpus=[0, 1, 2, 9])).find("vcpu").get("cpuset") == "0-2,9"
    assert parsed().find("vcpu").get("cpuset") is None


def test_a_root_disk_in_ceph_comes_from_its_exporter_and_waits_for_it():
    disk = replace(ROOT, path="rbd://fsid/roots/disks.s1.root", format="raw")
    found = parsed(replace(GUEST, disks=[disk]), replace(TCG, exports=Path("/state/exports"))).find("devices/disk")
    assert (found.get("type"), found.find("driver").get("type"), found.find("target").get("dev")) == ("network", "raw", "vda")
    source = found.find("source")
    assert (source.get("protocol"), source.get("name"), source.get("file")) == ("nbd", "root", None)
    host = source.find("host")
    assert (host.get("transport"), host.get("socket")) == ("unix", str(socket_of(Path("/state/exports"), disk.path)))
    assert int(source.find("reconnect").get("delay")) > 60


def test_exporters_listen_on_different_short_paths():
    one, other = (socket_of(Path("/state/exports"), f"rbd://fsid/roots/disks.{server}.root") for server in "ab")
    assert one != other
    assert len(one.name) < len("libvirt/run/libvirt-sock")
