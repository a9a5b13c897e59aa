"""What a host's Open vSwitch database gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cumulet.agent.ovs import rows
from cumulet.agent.ovs.config import SwitchConfig
from cumulet.contract.guests import MetadataPort, PortSpec
from cumulet.kernel.ovsdb import Wanted

NOTHING: dict[str, dict[str, Any]] = {table: {} for table in rows.TABLES}
CONFIG = SwitchConfig(host_id="h1", folder=Path("/x"), southbound="unix:/sb", tunnel_address="192.0.2.7/24")
TWO = ("Interface", "Open_vSwitch")
PORT = PortSpec("0123456789abcdef", "the-network", "fa:16:3e:00:00:01", 1442)


def named(wanted: list[Wanted], table: str) -> dict[Any, Any]:
    return {each.row["name"]: each.row for each in wanted if each.table == table}


def settings(config: SwitchConfig, datapath: rows.Datapath = "netdev") -> Any:
    return rows.host_rows(config, datapath, NOTHING)[0].row["external_ids"]


def test_ovn_is_told_who_the_host_is_and_where_its_tunnels_end() -> None:
    told = settings(CONFIG)
    assert told["system-id"] == "h1"
    assert told["ovn-remote"] == "unix:/sb"
    assert told["ovn-encap-ip"] == "192.0.2.7"
    assert told["ovn-bridge-mappings"] == "physnet1:br-ex"
    assert (told["ovn-bridge-datapath-type"], settings(CONFIG, "system")["ovn-bridge-datapath-type"]) == ("netdev", "system")


def test_bridges_use_the_datapath_and_keep_their_mac_address() -> None:
    bridges = named(rows.host_rows(CONFIG, "netdev", NOTHING), "Bridge")
    assert set(bridges) == {"br-int", "br-ex"}
    assert {row["datapath_type"] for row in bridges.values()} == {"netdev"}
    assert bridges["br-int"]["fail_mode"] == "secure"
    again = named(rows.host_rows(CONFIG, "netdev", NOTHING), "Bridge")
    assert again["br-ex"]["other_config"]["hwaddr"] == bridges["br-ex"]["other_config"]["hwaddr"]
    other = msgspec.structs.replace(CONFIG, host_id="h2")
    assert named(rows.host_rows(other, "netdev", NOTHING), "Bridge")["br-ex"] != bridges["br-ex"]


def test_only_the_userspace_datapath_needs_a_bridge_for_tunnels() -> None:
    config = msgspec.structs.replace(CONFIG, underlay="eth1")
    assert "br-phy" in named(rows.host_rows(config, "netdev", NOTHING), "Bridge")
    assert "br-phy" not in named(rows.host_rows(config, "system", NOTHING), "Bridge")


def test_a_tap_is_bound_to_its_port_and_counted_and_the_metadata_port_is_not() -> None:
    metadata = MetadataPort("fedcba9876543210", "fa:16:3e:00:00:02", ["10.0.0.2/24"])
    wanted = rows.tap_rows(PORT) + rows.metadata_rows(NOTHING, "the-network", metadata)
    interfaces = named(wanted, "Interface")
    assert set(interfaces) == {"tap0123456789a", "tapfedcba98765"}
    assert interfaces["tap0123456789a"]["external_ids"]["iface-id"] == PORT.port_id
    tables = {**NOTHING, **{name: {each.uuid: each.row for each in wanted if each.table == name} for name in TWO}}
    assert rows.plugged(tables) == {PORT.port_id: "the-network"}
    assert rows.served(tables) == {"the-network": metadata}


def test_a_device_name_fits_into_fifteen_characters() -> None:
    assert len(rows.device_name("b0b1c5f4-7a3a-4f1e-9a63-0d6f0f2f9a55")) == 14
