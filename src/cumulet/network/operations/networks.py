"""Networks."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Duplicate, Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import DHCP_OWNER, FLAT, GENEVE, VLAN, Network
from ..rules import segments
from ..rules.segments import Segment, Wiring
from ..store import networks as store
from ..store import ports as port_store
from ..store import subnets as subnet_store
from . import changes, floating_ips, limits

__all__ = ["Network", "NetworkChanges", "NewNetwork", "Wiring", "by_id", "create", "delete", "get", "page", "subnet_ids", "update"]

RANGES = {GENEVE: segments.GENEVE_RANGE, VLAN: segments.VLAN_RANGE}


class NewNetwork(Struct, frozen=True, kw_only=True):
    """What a network is to be. An `mtu` of 0 is the longest that fits."""

    project_id: str
    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    shared: bool = False
    external: bool = False
    is_default: bool = False
    mtu: int = 0
    port_security_enabled: bool = True
    segment: Segment = Segment()
    availability_zone_hints: list[str] = []


class NetworkChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a network."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    admin_state_up: bool | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    external: bool | UnsetType = UNSET
    is_default: bool | UnsetType = UNSET
    mtu: int | UnsetType = UNSET
    port_security_enabled: bool | UnsetType = UNSET


def missing(network_id: str) -> NotFound:
    """The problem that there is no such network, or none that the caller may see."""
    return NotFound(f"Network {network_id} could not be found.", code="NetworkNotFound")


async def get(tx: Reader, actor: Actor, network_id: str) -> Network:
    """A network that the actor may see. Raises NotFound."""
    found = await store.find(tx, network_id, actor.scope)
    if found is None:
        raise missing(network_id)
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[Network]:
    """A page of the networks that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def by_id(tx: Reader, network_ids: list[str]) -> dict[str, Network]:
    """The networks of what the caller may see anyway."""
    return await store.many(tx, list(set(network_ids))) if network_ids else {}


async def subnet_ids(tx: Reader, networks: list[Network]) -> dict[str, list[str]]:
    """The ids of each network's subnets."""
    return await subnet_store.ids_of_networks(tx, [network.id for network in networks]) if networks else {}


async def create(tx: Tx, wiring: Wiring, new: NewNetwork) -> Network:
    """Make a network. Raises OverQuota, Invalid, Conflict (VlanIdInUse, TunnelIdInUse, FlatNetworkInUse)."""
    await limits.check(tx, new.project_id, "network")
    if new.is_default:
        await _check_default(tx, new.external)
    segment = await _segment(tx, segments.check(new.segment, wiring), wiring)
    network = Network(
        id=ids.new_uuid(),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        admin_state_up=new.admin_state_up,
        shared=new.shared,
        external=new.external,
        is_default=new.is_default,
        mtu=segments.mtu(new.mtu, segment.network_type or GENEVE, wiring),
        port_security_enabled=new.port_security_enabled,
        network_type=segment.network_type or GENEVE,
        physical_network=segment.physical_network or "",
        segmentation_id=segment.segmentation_id or 0,
        availability_zone_hints=new.availability_zone_hints,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )
    await _insert(tx, network)
    await changes.record(tx, changes.NETWORK, network.id)
    return network


async def _segment(tx: Tx, segment: Segment, wiring: Wiring) -> Segment:
    kind, physical = segment.network_type or GENEVE, segment.physical_network or ""
    if segment.segmentation_id is not None:
        return segment
    chosen = await store.free_segment(tx, kind, physical, *RANGES[kind])
    if chosen is None:
        raise Conflict(f"Unable to create the network. No {kind} segment is free.", code="NoNetworkAvailable")
    return replace(segment, segmentation_id=chosen)


async def _insert(tx: Tx, network: Network) -> None:
    try:
        await store.add(tx, network)
    except Duplicate:
        code = {FLAT: "FlatNetworkInUse", GENEVE: "TunnelIdInUse"}.get(network.network_type, "VlanIdInUse")
        where = f" on physical network {network.physical_network}" if network.physical_network else ""
        raise Conflict(
            f"Unable to create the network. The {network.network_type} segment {network.segmentation_id}{where} is in use.",
            code=code,
        ) from None


async def _check_default(tx: Reader, external: bool, network_id: str = "") -> None:
    if not external:
        raise Invalid("Invalid input for operation: only an external network can be the default.", code="InvalidInput")
    other = await store.default_external(tx)
    if other is not None and other.id != network_id:
        raise Conflict(f"A default external network already exists: {other.id}.", code="DefaultExternalNetworkExists")


async def update(tx: Tx, wiring: Wiring, network: Network, wanted: NetworkChanges) -> Network:
    """Change a network. Raises Invalid, Conflict (InvalidSharedSetting, ExternalNetworkInUse)."""
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not UNSET}
    if "mtu" in fields:
        fields["mtu"] = segments.mtu(fields["mtu"], network.network_type, wiring)
    changed = replace(network, **fields)
    if changed.is_default and not network.is_default:
        await _check_default(tx, changed.external, network.id)
    if (network.shared and not changed.shared) or (network.external and not changed.external):
        await _check_private(tx, network, changed)
    saved = await store.save(tx, changed)
    await changes.record(tx, changes.NETWORK, network.id)
    return saved


async def _check_private(tx: Tx, network: Network, changed: Network) -> None:
    """Raise Conflict if others use what is no longer shared, or no longer external."""
    others = [p for p in await port_store.of_network(tx, network.id) if p.device_owner != DHCP_OWNER]
    if network.shared and not changed.shared and any(p.project_id not in ("", network.project_id) for p in others):
        raise Conflict(
            f"Unable to reconfigure sharing settings for network {network.id}. Multiple projects are using it.",
            code="InvalidSharedSetting",
        )
    if network.external and not changed.external and any(p.device_owner.startswith("network:") for p in others):
        raise Conflict(
            f"External network {network.id} cannot be updated to be made non-external, since it has existing gateway ports.",
            code="ExternalNetworkInUse",
        )


async def delete(tx: Tx, network: Network) -> None:
    """Delete a network with its subnets. Raises Conflict (NetworkInUse) while it has ports other than its own.

    Floating IPs that lead nowhere go with it.
    """
    await floating_ips.delete_idle(tx, network.id)
    ports = await port_store.of_network(tx, network.id)
    used = [port.id for port in ports if port.device_owner != DHCP_OWNER]
    if used:
        raise Conflict(
            f"Unable to complete operation on network {network.id}. There are one or more ports still in use on the network, id "
            f"for these ports is: {','.join(used)}.",
            code="NetworkInUse",
        )
    for port in ports:
        await port_store.remove(tx, port.id)
        await changes.record(tx, changes.PORT, port.id)
    for subnet in await subnet_store.of_network(tx, network.id):
        await subnet_store.remove(tx, subnet.id)
    await store.remove(tx, network.id)
    await changes.record(tx, changes.NETWORK, network.id)
