"""NUMA cells and PCI devices, read from what the kernel shows of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cumulet.agent.topology.cells import cells, numbers
from cumulet.agent.topology.pci import devices
from cumulet.agent.topology.specs import DeviceSpec
from cumulet.contract.commands import Cell, Device, PagePool
from support.sysfs import add_cell, add_device, add_network_card


def test_a_list_of_processors_is_read_as_the_kernel_writes_it():
    assert numbers("0-3,8,10-11\n") == [0, 1, 2, 3, 8, 10, 11]
    assert numbers("\n") == []


def test_cells_are_read_with_processors_memory_pages_and_distances(tmp_path: Path):
    add_cell(tmp_path, 1, "4-7", 65536, {2048: (512, 100), 1048576: (0, 0)})
    add_cell(tmp_path, 0, "0-3", 32768)
    assert cells(tmp_path) == [
        Cell(0, [0, 1, 2, 3], 32768, [], [10, 21]),
        Cell(1, [4, 5, 6, 7], 65536, [PagePool(2048, 512, 100)], [21, 10]),
    ]
    assert cells(tmp_path / "a kernel without NUMA") == []


def test_only_devices_that_an_option_names_are_reported(tmp_path: Path):
    add_device(tmp_path, "0000:01:00.0", "10de:1db4", 1, "vfio-pci")
    add_device(tmp_path, "0000:02:00.0", "10de:1db4")
    add_device(tmp_path, "0000:03:00.0", "144d:a80a")
    assert devices([], tmp_path) == []
    specs = [
        DeviceSpec(vendor_id="10DE", address="0000:01:00.*", resource_class="gpu", traits="CUSTOM_FAST, big"),
        DeviceSpec(vendor_id="10de", product_id="1db4", managed=False),
    ]
    assert devices(specs, tmp_path) == [
        Device("0000:01:00.0", "10de", "1db4", "pci", "gpu", ["CUSTOM_FAST", "big"], 1, None, "vfio-pci"),
        Device("0000:02:00.0", "10de", "1db4", "pci", "CUSTOM_PCI_10DE_1DB4", [], None, None, "", False),
    ]


def test_virtual_functions_know_their_physical_function_and_its_address_stands_for_them(tmp_path: Path):
    add_network_card(tmp_path, 2, cell=1)
    found = devices([DeviceSpec(address="81:00.0")], tmp_path)
    assert [(device.address, device.kind, device.parent, device.cell_id) for device in found] == [
        ("0000:81:00.0", "pf", None, 1),
        ("0000:81:02.0", "vf", "0000:81:00.0", 1),
        ("0000:81:02.1", "vf", "0000:81:00.0", 1),
    ]
    assert [device.resource_class for device in found[1:]] == ["CUSTOM_PCI_8086_154C"] * 2
    assert len(devices([DeviceSpec(product_id="154c")], tmp_path)) == 2


@pytest.mark.parametrize(
    "option", [{}, {"address": "0000:81:00.0.1"}, {"address": "81:zz.0"}, {"vendor_id": "8086x"}, {"vendor": "8086"}]
)
def test_an_option_that_names_nothing_or_nonsense_is_refused(option: dict[str, str]):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(option, DeviceSpec)
