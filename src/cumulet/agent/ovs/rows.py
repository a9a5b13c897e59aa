"""The host's Open vSwitch database: the rows that bridges, taps and OVN's settings need. Pure.

Facts: ovs-vswitchd.conf.db(5), ovn-controller(8).
"""

from __future__ import annotations

from typing import Literal

from cumulet.contract.guests import MetadataPort, PortSpec
from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Map, Mutate, Op, Parent, Row, Tables, Wanted, detach

from .config import SwitchConfig

Datapath = Literal["system", "netdev"]
INTEGRATION, EXTERNAL, UNDERLAY = "br-int", "br-ex", "br-phy"
TABLES = {
    "Open_vSwitch": frozenset({"bridges", "external_ids", "next_cfg", "cur_cfg"}),
    "Bridge": frozenset({"name", "ports", "datapath_type", "fail_mode", "other_config", "external_ids"}),
    "Port": frozenset({"name", "interfaces", "external_ids"}),
    "Interface": frozenset({"name", "type", "external_ids", "ofport", "error"}),
}
_NETWORK = "cumulet-network"
_SERVES = "cumulet-metadata-"  # and the network's id: on the one row of Open_vSwitch
_SHARED = frozenset({"external_ids", "other_config"})


def device_name(port_id: str) -> str:
    """The name of a port's device; a device's name has at most 15 characters."""
    return f"tap{port_id[:11]}"


def root(tables: Tables) -> str:
    """The UUID of the one row that everything hangs on."""
    return next(iter(tables["Open_vSwitch"]), derived_uuid("Open_vSwitch"))


def host_rows(config: SwitchConfig, datapath: Datapath, tables: Tables) -> list[Wanted]:
    """The switch without guests: OVN's settings and the bridges."""
    top = root(tables)
    rows = [Wanted("Open_vSwitch", top, {"external_ids": _settings(config, datapath)}, shared=_SHARED)]
    rows += _bridge(top, INTEGRATION, datapath, {"fail_mode": "secure", "other_config": {"disable-in-band": "true"}})
    rows += _bridge(top, EXTERNAL, datapath, _standalone(config, EXTERNAL))
    if config.underlay and datapath == "netdev":
        rows += _bridge(top, UNDERLAY, datapath, _standalone(config, UNDERLAY))
        rows += _port(UNDERLAY, config.underlay, {"type": ""}, {})
    return rows


def tap_rows(port: PortSpec) -> list[Wanted]:
    """A guest's tap on the integration bridge. `iface-id` is what binds it to OVN's logical port."""
    ids = {"iface-id": port.port_id, "attached-mac": port.mac, "iface-status": "active", _NETWORK: port.network_id}
    return _port(INTEGRATION, device_name(port.port_id), {"type": ""}, ids)


def metadata_rows(tables: Tables, network_id: str, port: MetadataPort) -> list[Wanted]:
    """The switch's end of a network's metadata namespace, and the memory of it, which outlives the device."""
    memory = {f"{_SERVES}{network_id}": " ".join([port.port_id, port.mac, *port.addresses])}
    ids = {"iface-id": port.port_id, "attached-mac": port.mac}
    return [
        Wanted("Open_vSwitch", root(tables), {"external_ids": memory}, shared=_SHARED),
        *_port(INTEGRATION, device_name(port.port_id), {"type": ""}, ids),
    ]


def served(tables: Tables) -> dict[str, MetadataPort]:
    """The networks whose metadata service is on this host, with the port that serves each."""
    found = {}
    for row in tables["Open_vSwitch"].values():
        for key, value in _ids(row).items():
            if key.startswith(_SERVES):
                port_id, mac, *addresses = value.split()
                found[key.removeprefix(_SERVES)] = MetadataPort(port_id, mac, addresses)
    return found


def without_metadata(tables: Tables, network_id: str) -> list[Op]:
    """The operations that forget a network's metadata service."""
    port = served(tables).get(network_id)
    if port is None:
        return []
    forget = Mutate("Open_vSwitch", root(tables), "external_ids", "delete", frozenset({f"{_SERVES}{network_id}"}))
    return [forget, *without_devices(tables, {device_name(port.port_id)})]


def without_devices(tables: Tables, devices: set[str]) -> list[Op]:
    """The operations that take devices off the integration bridge."""
    ports = [uuid for uuid, row in tables["Port"].items() if row["name"] in devices]
    return detach(tables, Parent("Bridge", _bridge_uuid(INTEGRATION), "ports"), ports)


def plugged(tables: Tables) -> dict[str, str]:
    """The guests' ports on the switch: port id to network id."""
    found = {}
    for row in tables["Interface"].values():
        ids = _ids(row)
        if _NETWORK in ids:
            found[ids["iface-id"]] = ids[_NETWORK]
    return found


def interface(tables: Tables, device: str) -> Row | None:
    """The row of a device."""
    return tables["Interface"].get(_uuid("Interface", device))


def _ids(row: Row) -> dict[str, str]:
    ids = row["external_ids"]
    return {str(key): str(value) for key, value in ids.items()} if isinstance(ids, dict) else {}


def _settings(config: SwitchConfig, datapath: Datapath) -> Map:
    return {
        "system-id": config.host_id,
        "hostname": config.host_id,
        "ovn-remote": config.southbound,
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": config.tunnel_address.partition("/")[0],
        "ovn-bridge-mappings": f"{config.physical_network}:{EXTERNAL}",
        "ovn-bridge-datapath-type": datapath,
        "ovn-cms-options": "enable-chassis-as-gw",
    }


def _standalone(config: SwitchConfig, name: str) -> Row:
    # A MAC address of its own that stays the same: OVN's routers remember it.
    digits = derived_uuid(config.host_id, name).replace("-", "")[:10]
    mac = ":".join(["02", *(digits[at : at + 2] for at in range(0, 10, 2))])
    return {"fail_mode": "standalone", "other_config": {"hwaddr": mac}}


def _bridge(top: str, name: str, datapath: Datapath, row: Row) -> list[Wanted]:
    """A bridge with its internal port, which has the bridge's name."""
    whole = {"name": name, "datapath_type": datapath, **row}
    bridge = Wanted("Bridge", _bridge_uuid(name), whole, (Parent("Open_vSwitch", top, "bridges"),), _SHARED)
    return [bridge, *_port(name, name, {"type": "internal"}, {})]


def _port(bridge: str, device: str, row: Row, ids: Map) -> list[Wanted]:
    interface_id, port_id = _uuid("Interface", device), _uuid("Port", device)
    parent = Parent("Bridge", _bridge_uuid(bridge), "ports")
    return [
        Wanted("Interface", interface_id, {"name": device, "external_ids": ids, **row}, shared=_SHARED),
        Wanted("Port", port_id, {"name": device, "interfaces": frozenset({interface_id})}, (parent,)),
    ]


def _bridge_uuid(name: str) -> str:
    return _uuid("Bridge", name)


def _uuid(table: str, name: str) -> str:
    return derived_uuid("vswitch", table, name)
