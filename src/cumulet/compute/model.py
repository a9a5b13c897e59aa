"""Compute's values. A row type's fields are its table's columns, in order; instants are stamps (`kernel.clock`)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

BUILDING, ACTIVE, STOPPED, ERROR, DELETED = "building", "active", "stopped", "error", "deleted"
PAUSED, SUSPENDED, RESCUED, RESIZED = "paused", "suspended", "rescued", "resized"
SOFT_DELETED, SHELVED, SHELVED_OFFLOADED = "soft-delete", "shelved", "shelved_offloaded"
"""A server's states: upstream's `vm_state`."""

SCHEDULING, SPAWNING, DELETING = "scheduling", "spawning", "deleting"
POWERING_ON, POWERING_OFF = "powering-on", "powering-off"
REBOOTING, REBOOTING_HARD = "rebooting", "rebooting_hard"
SNAPSHOT, PENDING_UPLOAD, UPLOADING = "image_snapshot", "image_pending_upload", "image_uploading"
"""What is being done to a server: upstream's `task_state`."""

UNKNOWN, RUNNING, PAUSED_POWER, OFF, CRASHED, ASLEEP = 0, 1, 3, 4, 6, 7
"""What a host saw last: upstream's `power_state`."""

TURN = "server/{}"
"""The turn of everything that is done to one server."""


class Fault(Struct, frozen=True):
    """Why a server is in error. `code` is an HTTP status; `details` is for administrators."""

    code: int
    message: str
    created: str
    details: str = ""


class Destination(Struct, frozen=True):
    """Where a server has to go. `forced` skips the choice among hosts, never the claim (C3)."""

    host_id: str
    forced: bool = False


class Flavor(Struct, frozen=True):
    """A size. `ram` and `swap` in MiB, `disk` and `ephemeral` in GiB; `disk` 0 is as large as the image."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int
    ephemeral: int
    swap: int
    rxtx_factor: float
    is_public: bool
    disabled: bool
    description: str | None
    extra_specs: dict[str, str]
    created_at: str
    updated_at: str | None


class Keypair(Struct, frozen=True):
    """A public key of a user. `type` is ssh or x509."""

    sequence: int
    user_id: str
    name: str
    type: str
    public_key: str
    fingerprint: str
    created_at: str


class ServerGroup(Struct, frozen=True):
    """Servers that are to be on the same host, or not. `rules` may have max_server_per_host, for policy anti-affinity."""

    sequence: int
    id: str
    project_id: str
    user_id: str
    name: str
    policy: str
    rules: dict[str, int]
    created_at: str


class Aggregate(Struct, frozen=True):
    """A group of hosts. Those of an aggregate whose metadata has `availability_zone` are in that zone."""

    sequence: int
    id: str
    name: str
    metadata: dict[str, str]
    created_at: str
    updated_at: str | None

    @property
    def zone(self) -> str | None:
        """The availability zone that it makes."""
        return self.metadata.get("availability_zone")


class Server(Struct, frozen=True):
    """A server.

    `flavor` is a copy of the flavor as it was. `host_id` and `host_name` are None while it is nowhere. `zone` is where it is,
    `pinned_zone` where it must be. `key_data` is the public key itself. `password` is what the guest left for the key's owner,
    encrypted. `admin_password` is kept only until the config drive holds it. `power_at` is when state or power last changed;
    `version` grows with each change of the row.
    """

    id: str
    project_id: str
    user_id: str
    name: str
    hostname: str
    description: str | None
    state: str
    task: str | None
    power: int
    fault: dict[str, Any] | None
    image_id: str | None
    image_properties: dict[str, str]
    flavor_id: str
    flavor: dict[str, Any]
    host_id: str | None
    host_name: str | None
    zone: str | None
    pinned_zone: str | None
    destination: dict[str, Any] | None
    hints: dict[str, Any]
    key_name: str | None
    key_data: str | None
    user_data: str | None
    config_drive: bool
    metadata: dict[str, str]
    tags: list[str]
    personality: list[dict[str, str]]
    access_ipv4: str | None
    access_ipv6: str | None
    disk_config: str
    root_device: str
    reservation_id: str
    launch_index: int
    trusted_certs: list[str] | None
    locked_by: str | None
    locked_reason: str | None
    admin_password: str | None
    password: str
    created_at: str
    updated_at: str
    launched_at: str | None
    terminated_at: str | None
    deleted_at: str | None
    power_at: str
    version: int


LOCAL, VOLUME = "local", "volume"
ROOT, SWAP, CONFIG = "root", "swap", "config"


class Disk(Struct, frozen=True):
    """One disk of a server.

    `place` is local (the host's own) or volume. `label` names a local disk on its host: root, ephemeral0, swap, config. `path` and
    `format` are None until the agent has made it. `source` is image, blank or volume. `boot_index` 0 boots; None never does.
    `created_volume` says that the volume was made for this server.
    """

    id: str
    server_id: str
    place: str
    label: str
    source: str
    image_id: str | None
    size_mb: int
    device: str
    bus: str | None
    boot_index: int | None
    delete_on_termination: bool
    tag: str | None
    volume_id: str | None
    attachment_id: str | None
    created_volume: bool
    path: str | None
    format: str | None
    attached_at: str | None


class Event(Struct, frozen=True):
    """A step of an action, as clients see it. `result` is Success or Error."""

    event: str
    start_time: str
    finish_time: str | None
    result: str | None
    host: str | None = None
    details: str | None = None
    traceback: str | None = None


class Action(Struct, frozen=True):
    """Something that was done to a server, by whom, and how it ended. `message` is "Error" if it failed."""

    sequence: int
    server_id: str
    action: str
    request_id: str
    user_id: str
    project_id: str
    started_at: str
    updated_at: str
    message: str | None
    events: list[dict[str, Any]]


class Entry(Struct, frozen=True):
    """The entry in a server's log that a workflow belongs to."""

    server_id: str
    request_id: str
    action: str
    started_at: str


class Usage(Struct, frozen=True):
    """What a project's servers use together; memory in MiB."""

    servers: int = 0
    cores: int = 0
    ram: int = 0
