"""Where a guest's processors and memory are in the host, as libvirt's XML. Pure.

https://libvirt.org/formatdomain.html#numa-node-tuning and #cpu-tuning
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as xml

from cumulet.contract.guests import GuestSpec


def spans(numbers: Iterable[int]) -> str:
    """Numbers as the kernel and libvirt write them: `0-3,8`."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def bind(root: xml.Element, guest: GuestSpec, shared_cpus: Iterable[int], emulated: bool) -> None:
    """Add to a domain, which has `vcpu` and `cpu`, where it may be.

    `shared_cpus` are those of guests without processors of their own, all if there are none. A guest that is emulated runs on one
    thread: then its processors cannot be bound each for itself.
    """
    _memory(root, guest)
    _cells(root, guest)
    each = {number: _allowed(guest, at, place) for at, cell in enumerate(guest.cells) for place, number in enumerate(cell.cpus)}
    tuned = {number: cpus for number, cpus in each.items() if cpus}
    everywhere = sorted({cpu for cpus in tuned.values() for cpu in cpus}) or sorted(shared_cpus)
    vcpu = root.find("vcpu")
    if everywhere and vcpu is not None:
        vcpu.set("cpuset", spans(everywhere))
    if tuned and not emulated:
        tune = xml.SubElement(root, "cputune")
        for number, cpus in sorted(tuned.items()):
            xml.SubElement(tune, "vcpupin", vcpu=str(number), cpuset=spans(cpus))
        xml.SubElement(tune, "emulatorpin", cpuset=spans(everywhere))


def _allowed(guest: GuestSpec, at: int, place: int) -> list[int]:
    """The processors of the host on which one of the guest's may run; none: all of them."""
    cell = guest.cells[at]
    return [cell.pins[place]] if place < len(cell.pins) else cell.host_cpus


def _memory(root: xml.Element, guest: GuestSpec) -> None:
    if not guest.host_cells:
        return
    tune = xml.SubElement(root, "numatune")
    xml.SubElement(tune, "memory", mode="strict", nodeset=spans(guest.host_cells))
    for number, cell in enumerate(guest.cells):
        if cell.host_cell is not None:
            xml.SubElement(tune, "memnode", cellid=str(number), mode="strict", nodeset=str(cell.host_cell))


def _cells(root: xml.Element, guest: GuestSpec) -> None:
    cpu = root.find("cpu")
    if not guest.cells or cpu is None:
        return
    numa = xml.SubElement(cpu, "numa")
    for number, cell in enumerate(guest.cells):
        about = {"id": str(number), "cpus": spans(cell.cpus), "memory": str(cell.memory_mb), "unit": "MiB"}
        xml.SubElement(numa, "cell", about)
