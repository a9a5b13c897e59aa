"""How a Ceph cluster is reached."""

from __future__ import annotations

from msgspec import Struct


class Client(Struct, frozen=True, forbid_unknown_fields=True):
    """How a cluster is reached: Ceph's own configuration file, the user's name after `client.`, the file with his key.

    An empty `keyring` is where the configuration file says. `patience` is in seconds: a cluster that does not answer for so long is
    given up.
    """

    conf: str = "/etc/ceph/ceph.conf"
    user: str = "cumulet"
    keyring: str = ""
    patience: float = 60.0
