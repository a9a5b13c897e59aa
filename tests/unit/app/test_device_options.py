"""The options that say what of a machine guests may have for themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from cumulet.agent.topology.specs import DeviceSpec
from cumulet.app.config import load
from cumulet.compute.settings import Alias

TEXT = """
cpu_shared_set = "0-3"
cpu_dedicated_set = "4-15,^8"

[[device_spec]]
address = "0000:81:00.*"
traits = "CUSTOM_A"

[[pci_alias]]
name = "nic"
vendor_id = "8086"
product_id = "154c"
device_type = "type-VF"
"""


def test_tables_of_devices_and_aliases_are_read_from_the_file_and_from_the_environment(tmp_path: Path):
    file = tmp_path / "cumulet.toml"
    file.write_text(TEXT)
    config = load(file, {"CUMULET_DEVICE_SPEC": '[{"vendor_id": "10de"}]'})
    assert config.device_spec == [DeviceSpec(vendor_id="10de")]
    assert config.pci_alias == [Alias("nic", "8086", "154c", device_type="type-VF")]
    assert load(file, {}).device_spec[0].matches(("8086", "1572"), ["0000:81:00.1"])


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("DEVICE_SPEC", '[{"traits": "A"}]', "vendor_id, product_id or address must be given"),
        ("DEVICE_SPEC", '[{"address": "81"}, {"address": "zz:00.0"}]', "is not like 0000:81:00.0"),
        ("PCI_ALIAS", '[{"name": "x"}]', "resource_class, or vendor_id and product_id, must be given"),
        ("CPU_DEDICATED_SET", "3-x", "cpu_dedicated_set '3-x' is not like"),
        ("CPU_SHARED_SET", "15", r"both have the processors \[15\]"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_options_name(tmp_path: Path, option: str, value: str, reason: str):
    file = tmp_path / "cumulet.toml"
    file.write_text(TEXT)
    with pytest.raises(ValueError, match=reason):
        load(file, {f"CUMULET_{option}": value})
