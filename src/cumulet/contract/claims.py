"""Signing and checking claim tokens. The key is shared by the control plane and one host."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from .guests import ClaimToken, GuestSpec


def _signature(claim: ClaimToken, key: bytes) -> str:
    parts = [claim.server_id, claim.host_id, claim.epoch, claim.vcpus, claim.memory_mb, *claim.devices]
    parts += [f"{name} {list_}" for name, list_ in (("cells", claim.cells), ("pins", claim.pins)) if list_]
    text = "|".join(map(str, parts))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def claim_of(guest: GuestSpec, host_id: str, epoch: int) -> ClaimToken:
    """What must be claimed of a host for this guest, not yet signed."""
    devices = [device.address for device in guest.devices]
    return ClaimToken(
        guest.server_id, host_id, epoch, guest.vcpus, guest.memory_mb, "", devices, cells=guest.host_cells, pins=guest.pins
    )


def sign(claim: ClaimToken, key: bytes) -> ClaimToken:
    """The same claim with its signature under the host's `key`."""
    return msgspec.structs.replace(claim, signature=_signature(claim, key))


def refusal(claim: ClaimToken, guest: GuestSpec, host_id: str, key: bytes) -> str | None:
    """Why this claim does not allow this guest to start on this host; None if it does."""
    if not hmac.compare_digest(claim.signature, _signature(claim, key)):
        return "the claim token's signature is wrong"
    if claim.host_id != host_id:
        return f"the claim is for host {claim.host_id}, this is {host_id}"
    if claim.server_id != guest.server_id:
        return f"the claim is for server {claim.server_id}"
    if (claim.vcpus, claim.memory_mb) != (guest.vcpus, guest.memory_mb):
        claimed = f"{claim.vcpus} vCPUs and {claim.memory_mb} MiB are claimed"
        return f"{claimed}, the guest has {guest.vcpus} and {guest.memory_mb}"
    devices = [device.address for device in guest.devices]
    if claim.devices != devices:
        return f"the devices {claim.devices} are claimed, the guest has {devices}"
    if (claim.cells, claim.pins) != (guest.host_cells, guest.pins):
        claimed = f"NUMA cells {claim.cells} and processors {claim.pins} are claimed"
        return f"{claimed}, the guest has {guest.host_cells} and {guest.pins}"
    return None
