"""One disk and one port as libvirt's XML, at definition and at hot-plug alike. Pure."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

from msgspec import Struct

from cumulet.contract.guests import DiskSpec, HostDevice, PortSpec

from ..accelerator import VirtType
from ..disks.exports import NAME, socket_of
from ..disks.shelves.block import SCHEME

PATIENCE = 300
"""Seconds for which a guest waits for the exporter of its disk."""

_OFFLOADS = ("csum", "gso", "tso4", "tso6", "ecn", "ufo")
_GUEST_OFFLOADS = ("csum", "tso4", "tso6", "ecn", "ufo")


class Surroundings(Struct, frozen=True):
    """What a guest's XML depends on besides the guest.

    `cache` is QEMU's cache mode; `userspace` whether the datapath knows nothing of offloads: then ping works and TCP hangs unless
    they are off on both sides. `shared_cpus` are the processors for guests that have none of their own, all if it is empty.
    `exports` is the folder in which block images' exporters listen.
    """

    virt_type: VirtType
    emulator: str
    console_folder: str
    cache: str
    userspace: bool
    shared_cpus: list[int] = []
    exports: Path = Path("/")


def alias(name: str) -> str:
    """What a device is called in libvirt, from our id of it."""
    return f"ua-{name}"


def device_of(port_id: str) -> str:
    """The name of a port's tap, as the switch makes it."""
    return f"tap{port_id[:11]}"


def disk(spec: DiskSpec, around: Surroundings, boot: int | None = None) -> xml.Element:
    """A disk. A CD-ROM sits on virtio-scsi, whatever was asked: q35 has no IDE, and cloud kernels have no driver for SATA."""
    cdrom = spec.kind == "cdrom"
    bus = "scsi" if cdrom else "sata" if spec.bus == "ide" else spec.bus
    exported = spec.path.startswith(SCHEME)
    element = xml.Element("disk", type="network" if exported else "file", device="cdrom" if cdrom else "disk")
    driver = xml.SubElement(element, "driver", name="qemu", type=spec.format, cache=around.cache)
    if not cdrom:
        driver.set("discard", "unmap")
    if exported:
        element.append(_exported(spec, around))
    else:
        xml.SubElement(element, "source", file=spec.path)
    name = spec.device.replace("vd", "sd", 1) if bus in ("sata", "scsi", "usb") else spec.device
    xml.SubElement(element, "target", dev=name, bus=bus)
    if spec.readonly or cdrom:
        xml.SubElement(element, "readonly")
    xml.SubElement(element, "serial").text = spec.serial
    if boot is not None:
        xml.SubElement(element, "boot", order=str(boot))
    xml.SubElement(element, "alias", name=alias(spec.disk_id))
    return element


def _exported(spec: DiskSpec, around: Surroundings) -> xml.Element:
    """A block image's exporter; while it is restarted the guest's requests wait. https://libvirt.org/formatdomain.html"""
    source = xml.Element("source", protocol="nbd", name=NAME)
    xml.SubElement(source, "host", transport="unix", socket=str(socket_of(around.exports, spec.path)))
    xml.SubElement(source, "reconnect", delay=str(PATIENCE))
    return source


def port(spec: PortSpec, around: Surroundings) -> xml.Element:
    """A network interface on the tap that the switch has made."""
    element = xml.Element("interface", type="ethernet")
    xml.SubElement(element, "mac", address=spec.mac)
    xml.SubElement(element, "target", dev=device_of(spec.port_id), managed="no")
    xml.SubElement(element, "model", type="virtio")
    if around.userspace:
        driver = xml.SubElement(element, "driver", name="qemu")
        xml.SubElement(driver, "host", dict.fromkeys(_OFFLOADS, "off"))
        xml.SubElement(driver, "guest", dict.fromkeys(_GUEST_OFFLOADS, "off"))
    xml.SubElement(element, "mtu", size=str(spec.mtu))
    xml.SubElement(element, "rom", enabled="no")
    xml.SubElement(element, "alias", name=alias(spec.port_id))
    return element


def host_device(spec: HostDevice) -> xml.Element:
    """A PCI device of the host that the guest has for itself. https://libvirt.org/formatdomain.html#host-device-assignment"""
    element = xml.Element("hostdev", mode="subsystem", type="pci", managed="yes" if spec.managed else "no")
    domain, bus, rest = spec.address.split(":")
    slot, function = rest.split(".")
    xml.SubElement(element, "driver", name="vfio")
    parts = {"domain": domain, "bus": bus, "slot": slot, "function": function}
    xml.SubElement(xml.SubElement(element, "source"), "address", {name: f"0x{value}" for name, value in parts.items()})
    xml.SubElement(element, "alias", name=alias(f"pci-{spec.address.replace(':', '-').replace('.', '-')}"))
    return element


def text(element: xml.Element) -> str:
    """As libvirt takes it."""
    return xml.tostring(element, encoding="unicode")
