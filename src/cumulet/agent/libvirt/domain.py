"""A whole guest as libvirt's XML. Pure: the same guest in the same surroundings is the same text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as xml

from cumulet.contract.guests import GuestSpec, page_size_kb

from ..topology.binding import bind
from . import devices
from .devices import Surroundings

NAMESPACE = "urn:cumulet:server:1"
_SLOTS = 12  # at least so many PCI slots; some stay free for hot-plug
_SPARE = 6
_FORBIDDEN = re.compile(r"[^\t\u0020-\ud7ff\ue000-\ufffd]")  # what XML 1.0 cannot hold, and line breaks

xml.register_namespace("cumulet", NAMESPACE)


def name_of(server_id: str) -> str:
    """What a server's guest is called."""
    return f"cumulet-{server_id}"


def console_log(around: Surroundings, server_id: str) -> str:
    """The file that keeps what the guest writes to its serial port."""
    return f"{around.console_folder}/{server_id}.log"


def domain(guest: GuestSpec, around: Surroundings) -> str:
    """The definition of a guest."""
    root = xml.Element("domain", type=around.virt_type)
    _add(root, "name", name_of(guest.server_id))
    _add(root, "uuid", guest.server_id)
    _add(root, "title", _plain(guest.name))
    _metadata(root, guest)
    for tag in ("memory", "currentMemory"):
        _add(root, tag, str(guest.memory_mb), unit="MiB")
    size_kb = page_size_kb(guest.extra_specs)
    if size_kb is not None:
        pages = xml.SubElement(xml.SubElement(root, "memoryBacking"), "hugepages")
        xml.SubElement(pages, "page", size=str(size_kb), unit="KiB")
    _add(root, "vcpu", str(guest.vcpus), placement="static")
    _firmware(root, guest)
    _processor(root, around)
    bind(root, guest, around.shared_cpus, emulated=around.virt_type == "qemu")
    for event, action in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "destroy")):
        _add(root, f"on_{event}", action)
    _devices(xml.SubElement(root, "devices"), guest, around)
    return devices.text(root)


def _add(parent: xml.Element, tag: str, text: str, **attributes: str) -> xml.Element:
    element = xml.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _plain(text: str) -> str:
    return _FORBIDDEN.sub(" ", text)


def _metadata(root: xml.Element, guest: GuestSpec) -> None:
    """What an operator at the host wants to know."""
    server = xml.SubElement(xml.SubElement(root, "metadata"), f"{{{NAMESPACE}}}server")
    for key, value in {"name": guest.name, **guest.metadata}.items():
        _add(server, f"{{{NAMESPACE}}}item", _plain(value), key=_plain(key))


def _firmware(root: xml.Element, guest: GuestSpec) -> None:
    # cloud-init looks for the metadata service only if the product has one of the names it knows (DataSourceOpenStack).
    facts = {"manufacturer": "Cumulet", "product": "OpenStack Compute", "serial": guest.server_id, "uuid": guest.server_id}
    system = xml.SubElement(xml.SubElement(root, "sysinfo", type="smbios"), "system")
    for key, value in facts.items():
        _add(system, "entry", value, name=key)
    os = xml.SubElement(root, "os")
    _add(os, "type", "hvm", arch="x86_64", machine="q35")
    xml.SubElement(os, "smbios", mode="sysinfo")


def _processor(root: xml.Element, around: Surroundings) -> None:
    features = xml.SubElement(root, "features")
    for name in ("acpi", "apic"):
        xml.SubElement(features, name)
    if around.virt_type == "kvm":
        xml.SubElement(root, "cpu", mode="host-model")
    else:
        _add(xml.SubElement(features, "tcg"), "tb-cache", "32", unit="MiB")  # saves 50 MB per guest
        cpu = xml.SubElement(root, "cpu", mode="custom", match="exact", check="none")
        _add(cpu, "model", "qemu64", fallback="forbid")
    clock = xml.SubElement(root, "clock", offset="utc")
    for timer, policy in (("rtc", {"tickpolicy": "catchup"}), ("pit", {"tickpolicy": "delay"}), ("hpet", {"present": "no"})):
        xml.SubElement(clock, "timer", {"name": timer, **policy})


def _devices(parent: xml.Element, guest: GuestSpec, around: Surroundings) -> None:
    _add(parent, "emulator", around.emulator)
    _controllers(parent, guest)
    first = next((disk.disk_id for disk in guest.disks if disk.kind == "disk"), None)
    for disk in guest.disks:
        parent.append(devices.disk(disk, around, boot=1 if disk.disk_id == first else None))
    for port in guest.ports:
        parent.append(devices.port(port, around))
    for device in guest.devices:
        parent.append(devices.host_device(device))
    serial = xml.SubElement(parent, "serial", type="pty")
    xml.SubElement(serial, "log", file=console_log(around, guest.server_id), append="on")
    xml.SubElement(serial, "target", port="0")
    console = xml.SubElement(parent, "console", type="pty")
    xml.SubElement(console, "target", type="serial", port="0")
    xml.SubElement(parent, "graphics", type="vnc", port="-1", autoport="yes", listen="127.0.0.1")
    xml.SubElement(xml.SubElement(parent, "video"), "model", type="vga")
    balloon = xml.SubElement(parent, "memballoon", model="virtio")
    xml.SubElement(balloon, "stats", period="10")
    rng = xml.SubElement(parent, "rng", model="virtio")
    _add(rng, "backend", "/dev/urandom", model="random")


def _controllers(parent: xml.Element, guest: GuestSpec) -> None:
    used = len(guest.disks) + len(guest.ports) + len(guest.devices) + 2  # with balloon and random numbers
    xml.SubElement(parent, "controller", type="pci", model="pcie-root")
    for _ in range(max(_SLOTS, used + _SPARE)):
        xml.SubElement(parent, "controller", type="pci", model="pcie-root-port")
    xml.SubElement(parent, "controller", type="usb", model="none")
    if any(disk.bus == "scsi" or disk.kind == "cdrom" for disk in guest.disks):
        xml.SubElement(parent, "controller", type="scsi", model="virtio-scsi")
