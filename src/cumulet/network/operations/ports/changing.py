"""Changing, freeing and deleting ports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ....kernel.db import Duplicate, Page, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ....kernel.policy import Actor
from ...model import DOWN, GATEWAY_OWNER, INTERFACE_OWNER, AddressPair, DhcpOption, FixedIp, Port, PortRow
from ...rules import addresses as rules
from ...store import ports as store
from .. import changes
from . import associations
from .allocation import Spot, WantedIp, reallocate
from .creation import OWN_OWNERS, address_pairs, check_security, checked_groups, place, refuse_own


class PortChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a port."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    admin_state_up: bool | UnsetType = UNSET
    mac_address: str | UnsetType = UNSET
    fixed_ips: Sequence[WantedIp] | UnsetType = UNSET
    device_id: str | UnsetType = UNSET
    device_owner: str | UnsetType = UNSET
    port_security_enabled: bool | UnsetType = UNSET
    security_groups: Sequence[str] | UnsetType = UNSET
    allowed_address_pairs: Sequence[AddressPair] | UnsetType = UNSET
    extra_dhcp_opts: Sequence[DhcpOption] | UnsetType = UNSET
    host_id: str | UnsetType = UNSET
    vnic_type: str | UnsetType = UNSET
    profile: dict[str, Any] | UnsetType = UNSET


_PLAIN = ("name", "description", "admin_state_up", "device_id", "device_owner", "port_security_enabled", "vnic_type", "profile")


async def get(tx: Reader, actor: Actor, port_id: str) -> Port:
    """A port that the actor may see. Raises NotFound."""
    found = await store.find(tx, port_id, actor.scope)
    if found is None:
        raise NotFound(f"Port {port_id} could not be found.", code="PortNotFound")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Port]:
    """A page of the ports that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def update(tx: Tx, actor: Actor, port: Port, wanted: PortChanges) -> Port:
    """Change a port. Raises Invalid, Conflict (IpAddressInUse, MacAddressInUse, PortBound), NotFound."""
    _check_device(port.row, wanted)
    groups = await _groups(tx, actor, port, wanted)
    row = await _save(tx, _changed(port, wanted, groups))
    fixed = port.fixed_ips
    if wanted.fixed_ips is not UNSET:
        fixed = await _readdress(tx, actor, row, fixed, wanted.fixed_ips)
    if groups != port.security_groups:
        await store.join(tx, row.id, groups)
    changed = Port(row, fixed, sorted(groups))
    await tell(tx, changed.row)
    if port.row.device_id:
        tx.signal(changes.INTERFACES, port.row.device_id)
    return changed


def _check_device(row: PortRow, wanted: PortChanges) -> None:
    """Raise Conflict if somebody's hold on the port would change: a server's, a router's, the network's own."""
    owner = row.device_owner if wanted.device_owner is UNSET else wanted.device_owner
    if owner == row.device_owner and wanted.device_id in (UNSET, row.device_id):
        return
    refuse_own(owner)
    refuse_own(row.device_owner)
    if row.server_id is not None:
        raise Conflict(f"Port {row.id} is in use by server {row.server_id}; detach it there.", code="PortInUse")


async def _groups(tx: Tx, actor: Actor, port: Port, wanted: PortChanges) -> list[str]:
    groups = port.security_groups
    if wanted.security_groups is not UNSET:
        groups = await checked_groups(tx, wanted.security_groups, actor.scope)
    secured = port.row.port_security_enabled if wanted.port_security_enabled is UNSET else wanted.port_security_enabled
    pairs = port.row.allowed_address_pairs if wanted.allowed_address_pairs is UNSET else wanted.allowed_address_pairs
    check_security(secured, groups, pairs)
    return groups


def _changed(port: Port, wanted: PortChanges, groups: list[str]) -> PortRow:
    row = port.row
    fields: dict[str, Any] = {name: getattr(wanted, name) for name in _PLAIN if getattr(wanted, name) is not UNSET}
    if wanted.mac_address is not UNSET and rules.mac(wanted.mac_address) != row.mac_address:
        if row.host_id and row.status != DOWN:
            raise Conflict(
                f"Unable to complete operation on port {row.id}: it is bound to host {row.host_id}, so its MAC cannot change.",
                code="PortBound",
            )
        fields["mac_address"] = rules.mac(wanted.mac_address)
    mac = fields.get("mac_address", row.mac_address)
    if wanted.allowed_address_pairs is not UNSET:
        fields["allowed_address_pairs"] = address_pairs(wanted.allowed_address_pairs, mac)
    if wanted.extra_dhcp_opts is not UNSET:
        fields["extra_dhcp_opts"] = _options(row.extra_dhcp_opts, wanted.extra_dhcp_opts)
    if wanted.host_id is not UNSET and wanted.host_id != row.host_id:
        fields |= {"host_id": wanted.host_id, "moving_to": "", "status": DOWN}
    return replace(row, **fields)


def _options(present: list[DhcpOption], wanted: Sequence[DhcpOption]) -> list[DhcpOption]:
    """Options are changed one by one; a null value removes one."""
    found = {(o.opt_name, o.ip_version): o for o in [*present, *wanted]}
    return [option for option in found.values() if option.opt_value is not None]


async def _save(tx: Tx, row: PortRow) -> PortRow:
    try:
        return await store.save(tx, row)
    except Duplicate:
        raise Conflict(
            f"Unable to complete operation for network {row.network_id}. The mac address {row.mac_address} is in use.",
            code="MacAddressInUse",
        ) from None


async def _readdress(tx: Tx, actor: Actor, row: PortRow, present: list[FixedIp], wanted: Sequence[WantedIp]) -> list[FixedIp]:
    where = await place(tx, actor, row.network_id, "")
    fixed = await reallocate(tx, Spot(row.id, row.mac_address, row.device_owner, where.network, where.subnets), present, wanted)
    await associations.addresses_gone(tx, row.id, {f.ip_address for f in present} - {f.ip_address for f in fixed})
    return fixed


async def tell(tx: Tx, row: PortRow) -> None:
    """Record what OVN must know of this port: a router's interfaces are part of the router."""
    if row.device_owner in (INTERFACE_OWNER, GATEWAY_OWNER):
        await changes.record(tx, changes.ROUTER, row.device_id)
    else:
        await changes.record(tx, changes.PORT, row.id, row.device_id)


async def delete(tx: Tx, port: Port) -> None:
    """Delete a port; a floating IP that leads to it then leads nowhere. Raises Conflict (ServicePortInUse) for routers' ports."""
    if port.row.device_owner in OWN_OWNERS:
        raise Conflict(
            f"Port {port.id} cannot be deleted directly via the port API: has device owner {port.row.device_owner}.",
            code="ServicePortInUse",
        )
    await remove(tx, port.row)


async def remove(tx: Tx, row: PortRow) -> None:
    """Delete a port of any owner."""
    await associations.port_gone(tx, row.id)
    await store.remove(tx, row.id)
    await tell(tx, row)
