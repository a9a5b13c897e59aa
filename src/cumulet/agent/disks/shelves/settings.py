"""How hosts use a Ceph cluster."""

from __future__ import annotations

from msgspec import Struct

from cumulet.kernel.ceph.client import Client


class HostCeph(Struct, frozen=True, forbid_unknown_fields=True):
    """What a `Client` says; and `root_pool`, the pool for servers' new root disks, which are files if it is empty."""

    conf: str = "/etc/ceph/ceph.conf"
    user: str = "cumulet"
    keyring: str = ""
    patience: float = 60.0
    root_pool: str = ""

    @property
    def client(self) -> Client:
        """How the cluster is reached."""
        return Client(self.conf, self.user, self.keyring, self.patience)
