"""What one host's switch needs to know."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class SwitchConfig(Struct, frozen=True, kw_only=True):
    """`host_id` becomes the name of OVN's chassis; `southbound` is OVN's southbound database as this host reaches it.

    `folder` keeps databases, sockets, logs; its path must be short, a Unix socket's has at most 107 bytes. `tunnel_address` is
    this host's end of the tunnels to other hosts. With `underlay`, a device which is already in the namespace, the address
    (with prefix length) is put where the datapath finds it; without, the host has no tunnels. `external_address`, with prefix
    length, is the outside world's end of the physical network that floating IPs and router gateways use.
    """

    host_id: str
    folder: Path
    southbound: str
    netns: str = "cumulet"
    tunnel_address: str = "127.0.0.1/8"
    underlay: str | None = None
    physical_network: str = "physnet1"
    external_address: str | None = "172.24.4.1/24"
    metadata_prefix: str = "ovnmeta-"
