"""The documents of Amazon's EC2, as guests made for it expect them."""

from __future__ import annotations

import base64
from typing import Any

from .facts import Facts

VERSIONS = (
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "latest",
)


def tree(facts: Facts) -> dict[str, Any]:
    """What is under one version: nested dictionaries, with text or bytes at the ends."""
    found: dict[str, Any] = {"meta-data": meta_data(facts)}
    if facts.server.user_data:
        found["user-data"] = base64.b64decode(facts.server.user_data)
    return found


def meta_data(facts: Facts) -> dict[str, Any]:
    """The `meta-data` tree."""
    server, fixed, floating = facts.server, facts.fixed_ips, facts.floating_ips
    groups = sorted({name for interface in facts.interfaces for name in interface.security_groups})
    found: dict[str, Any] = {
        "ami-id": _short("ami", server.image_id or server.id),
        "ami-launch-index": str(server.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": server.root_device.removeprefix("/dev/"), "root": server.root_device},
        "hostname": facts.hostname,
        "instance-action": "none",
        "instance-id": _short("i", server.id),
        "instance-type": server.flavor["name"],
        "local-hostname": facts.hostname,
        "local-ipv4": next((address for address in fixed if ":" not in address), ""),
        "placement": {"availability-zone": server.zone or ""},
        "public-hostname": facts.hostname,
        "public-ipv4": floating[0] if floating else "",
        "reservation-id": server.reservation_id,
        "security-groups": "\n".join(groups),
    }
    if server.key_name and server.key_data:
        found["public-keys"] = {"0": {"_name": f"0={server.key_name}", "openssh-key": server.key_data}}
    return found


def _short(prefix: str, identity: str) -> str:
    """Amazon's ids have eight hexadecimal digits."""
    return f"{prefix}-{identity.replace('-', '')[:8]}"
