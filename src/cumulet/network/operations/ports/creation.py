"""Making ports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Reader, Tx
from ....kernel.errors import Conflict, Invalid, NotFound
from ....kernel.policy import Actor
from ...model import (
    DHCP_OWNER,
    DOWN,
    FLOATING_OWNER,
    GATEWAY_OWNER,
    INTERFACE_OWNER,
    AddressPair,
    DhcpOption,
    Port,
    PortRow,
    SecurityGroup,
)
from ...rules import addresses as rules
from ...rules import quotas
from ...store import ports as store
from ...store import quotas as quota_store
from ...store import security_groups as group_store
from ...store.ports import Place
from .. import changes, security_groups
from .allocation import Spot, WantedIp, allocate

MAC_ATTEMPTS = 16
OWN_OWNERS = (INTERFACE_OWNER, GATEWAY_OWNER, FLOATING_OWNER, DHCP_OWNER)
"""Owners whose ports the network itself makes."""


class NewPort(Struct, frozen=True, kw_only=True):
    """What a port is to be. None means: as the network, or the project, has it.

    The last four are for a server's ports: who holds it, whether it was made for it, its turn, what the guest is told.
    """

    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    mac_address: str | None = None
    fixed_ips: Sequence[WantedIp] | None = None
    device_id: str = ""
    device_owner: str = ""
    port_security_enabled: bool | None = None
    security_groups: Sequence[str] | None = None
    allowed_address_pairs: Sequence[AddressPair] = ()
    extra_dhcp_opts: Sequence[DhcpOption] = ()
    host_id: str = ""
    vnic_type: str = "normal"
    profile: dict[str, Any] = {}
    server_id: str | None = None
    made: bool = False
    position: int = 0
    tag: str | None = None


async def place(tx: Tx, actor: Actor, network_id: str, owner: str) -> Place:
    """Where a port of project `owner` is to be made; nobody else makes one for it meanwhile.

    Raises NotFound if the actor cannot see the network.
    """
    if owner:
        await quota_store.lock(tx, owner)
    found = await store.place(tx, network_id, actor.scope, owner)
    if found is None:
        raise NotFound(f"Network {network_id} could not be found.", code="NetworkNotFound")
    return found


async def create(tx: Tx, where: Place, new: NewPort, actor: Actor | None = None) -> Port:
    """Make a port. `actor` limits which security groups may be named; without one, the port's project's.

    Raises OverQuota, Invalid, NotFound (SecurityGroupNotFound), Conflict (IpAddressInUse, MacAddressInUse,
    IpAddressGenerationFailure).
    """
    quotas.check("port", where.used, 1, where.limit)
    secured = _secured(where, new)
    groups = await _groups(tx, where, new, secured, actor)
    row = await _insert(tx, where, new, secured)
    spot = Spot(row.id, row.mac_address, row.device_owner, where.network, where.subnets, where.highest)
    fixed = await allocate(tx, spot, new.fixed_ips)
    await store.enter(tx, row.id, groups)
    await changes.record(tx, changes.PORT, row.id, row.device_id)
    return Port(row, fixed, sorted(groups))


def refuse_own(device_owner: str) -> None:
    """Raise Conflict for the owners of the network's own ports: nobody gets at a router by calling a port its interface."""
    if device_owner in OWN_OWNERS:
        raise Conflict(
            f"Ports owned by {device_owner} are made through networks, routers and floating IPs.", code="DeviceIDNotOwnedByProject"
        )


def _row(tx: Tx, where: Place, new: NewPort, secured: bool) -> PortRow:
    mac = rules.mac(new.mac_address) if new.mac_address else ids.mac_address()
    return PortRow(
        id=ids.new_uuid(),
        network_id=where.network.id,
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        admin_state_up=new.admin_state_up,
        status=DOWN,
        mac_address=mac,
        device_id=new.device_id,
        device_owner=new.device_owner,
        server_id=new.server_id,
        port_security_enabled=secured,
        host_id=new.host_id,
        moving_to="",
        vnic_type=new.vnic_type,
        profile=new.profile,
        allowed_address_pairs=address_pairs(new.allowed_address_pairs, mac),
        extra_dhcp_opts=list(new.extra_dhcp_opts),
        made=new.made,
        position=new.position,
        tag=new.tag,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )


async def _insert(tx: Tx, where: Place, new: NewPort, secured: bool) -> PortRow:
    """Insert; a MAC of our own that is taken is drawn again."""
    for _ in range(1 if new.mac_address else MAC_ATTEMPTS):
        row = _row(tx, where, new, secured)
        if await store.add(tx, row):
            return row
    raise Conflict(
        f"Unable to complete operation for network {where.network.id}. The mac address {row.mac_address} is in use.",
        code="MacAddressInUse",
    )


def address_pairs(pairs: Sequence[AddressPair], mac: str) -> list[AddressPair]:
    """The pairs in normal form; one without a MAC has the port's. Raises Invalid for a bad or repeated one."""
    found: list[AddressPair] = []
    for pair in pairs:
        text = pair.ip_address
        plain = str(rules.block(text, "allowed_address_pairs") if "/" in text else rules.address(text, "allowed_address_pairs"))
        made = AddressPair(plain, rules.mac(pair.mac_address) if pair.mac_address else mac)
        if made in found:
            raise Invalid(
                f"Request contains duplicate address pair: mac_address {made.mac_address} ip_address {made.ip_address}.",
                code="DuplicateAddressPairInRequest",
            )
        found.append(made)
    return found


def _secured(where: Place, new: NewPort) -> bool:
    """Whether port security is on: never for the network's own ports."""
    if new.device_owner.startswith("network:"):
        return False
    secured = where.network.port_security_enabled if new.port_security_enabled is None else new.port_security_enabled
    check_security(secured, new.security_groups, new.allowed_address_pairs)
    return secured


def check_security(secured: bool, groups: Sequence[str] | None, pairs: Sequence[AddressPair]) -> None:
    """Raise Invalid or Conflict for groups or pairs on a port without port security."""
    if secured:
        return
    if groups:
        raise Invalid(
            "Port security must be enabled and port must have an IP address in order to use security groups.",
            code="PortSecurityAndIPRequiredForSecurityGroups",
        )
    if pairs:
        raise Conflict(
            "Port Security must be enabled in order to have allowed address pairs on a port.",
            code="AddressPairAndPortSecurityRequired",
        )


async def _groups(tx: Tx, where: Place, new: NewPort, secured: bool, actor: Actor | None) -> list[str]:
    if new.security_groups is not None:
        return await checked_groups(tx, new.security_groups, new.project_id if actor is None else actor.scope)
    if not secured:
        return []
    return [where.default_group or await security_groups.ensure_default(tx, new.project_id)]


async def checked_groups(tx: Reader, group_ids: Sequence[str], scope: str | None) -> list[str]:
    """The ids without repetition. Raises NotFound for one that is not there or not in scope."""
    if not group_ids:
        return []
    found = await group_store.many(tx, list(group_ids))
    for group_id in group_ids:
        group: SecurityGroup | None = found.get(group_id)
        if group is None or scope not in (None, group.project_id):
            raise NotFound(f"Security group {group_id} does not exist", code="SecurityGroupNotFound")
    return list(found)
