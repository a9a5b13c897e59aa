"""Everything the control plane can ask of an agent, one Struct each, and the answers."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from . import VERSION
from .guests import ClaimToken, DiskSpec, GuestSpec, ImageSource, PortSpec


class CreateRootDisk(Struct, tag=True, frozen=True):
    """Make a server's root disk: a qcow2 overlay of `size_gb` GiB on the verified, cached image.

    `size_gb` 0 means the image's own virtual size. Refused with `disk_exists` if the server has a root disk which another
    attempt made (K4), with `image_corrupt`, `too_small` or `no_space`.
    """

    server_id: str
    image: ImageSource
    size_gb: int


class CreateBlankDisk(Struct, tag=True, frozen=True):
    """Make an empty extra disk of a server; `label` is `ephemeral0`, `swap`, …"""

    server_id: str
    label: str
    size_mb: int


class CreateConfigDrive(Struct, tag=True, frozen=True):
    """Make the server's config drive (ISO 9660, label config-2) with these files, path to content."""

    server_id: str
    files: dict[str, bytes]


class ExportRootDisk(Struct, tag=True, frozen=True):
    """Write what a server's root disk holds now, also while the guest runs, to a qcow2 that needs no other file.

    It is owned by the image that it is to become; `UndoDisks` of that owner puts it away. Refused with `disk_missing`,
    `disk_exists`, `no_space`.
    """

    server_id: str
    image_id: str


class ReadExport(Struct, tag=True, frozen=True):
    """A piece of an exported disk: `count` bytes from `offset`, or as many as there are. Refused with `disk_missing`."""

    image_id: str
    offset: int
    count: int


class UndoDisks(Struct, tag=True, frozen=True):
    """Quarantine what commands with this `created_by` key prefix made, and nothing else (K2)."""

    server_id: str
    created_by: str


class QuarantineDisks(Struct, tag=True, frozen=True):
    """The server is deleted: quarantine each disk that the ledger says is its own (K1). Never its volumes."""

    server_id: str


class CreateVolume(Struct, tag=True, frozen=True):
    """Make a volume of `size_gb` GiB: blank, or with an image's content. Refused with `no_space`, `image_corrupt`, `too_small`."""

    volume_id: str
    size_gb: int
    image: ImageSource | None = None


class CopyVolume(Struct, tag=True, frozen=True):
    """Make a volume that holds what another one, `source_id`, holds now, also while a guest writes to that one.

    Snapshots are such volumes. It has `size_gb` GiB, or more if its source has. Refused with `disk_missing`, `disk_exists`,
    `no_space`.
    """

    volume_id: str
    source_id: str
    size_gb: int


class UndoVolume(Struct, tag=True, frozen=True):
    """Quarantine the volume if a command with this `created_by` key prefix made it, and nothing else (K2)."""

    volume_id: str
    created_by: str


class ExtendVolume(Struct, tag=True, frozen=True):
    """Grow a volume to `size_gb` GiB; `server_id` names the running guest that uses it, if one does."""

    volume_id: str
    size_gb: int
    server_id: str | None = None


class QuarantineVolume(Struct, tag=True, frozen=True):
    """The volume is deleted, or its creation undone: quarantine it if it is there. Refused with `in_use` while a guest has it."""

    volume_id: str


class StartGuest(Struct, tag=True, frozen=True):
    """Define and start a guest; done already if it runs.

    Refused with `no_claim`, `disk_missing`, `device_missing`, `stale_epoch`.
    """

    guest: GuestSpec
    claim: ClaimToken


class StopGuest(Struct, tag=True, frozen=True):
    """Shut a guest down by ACPI, and by force after `grace` seconds (0: at once). Done already if it is off or unknown."""

    server_id: str
    grace: float


class DestroyGuest(Struct, tag=True, frozen=True):
    """Power a guest off, unplug its ports and forget its definition. Touches no disk. Done already if it is unknown."""

    server_id: str


class AttachDisk(Struct, tag=True, frozen=True):
    """Hot-plug a disk into a running guest. Answers without doing anything if the guest is off."""

    server_id: str
    disk: DiskSpec


class DetachDisk(Struct, tag=True, frozen=True):
    """Unplug a disk and wait until the guest has let go. Refused with `detach_refused` if it does not."""

    server_id: str
    disk_id: str


class AttachPort(Struct, tag=True, frozen=True):
    """Hot-plug a network interface. Answers without doing anything if the guest is off."""

    server_id: str
    port: PortSpec


class DetachPort(Struct, tag=True, frozen=True):
    """Unplug a network interface and remove its tap."""

    server_id: str
    port_id: str


class ReadConsole(Struct, tag=True, frozen=True):
    """The end of the guest's serial log: the last `lines` lines, or all that is kept (1 MiB) if None."""

    server_id: str
    lines: int | None = None


class ListGuests(Struct, tag=True, frozen=True):
    """Every guest on the host, known or not (C9)."""


class DescribeHost(Struct, tag=True, frozen=True):
    """What the host has, as measured now."""


class ListQuarantine(Struct, tag=True, frozen=True):
    """Every quarantined object on the host."""


class TakeStock(Struct, tag=True, frozen=True):
    """Everything that is on the host. A host that refuses work (F7) answers this too: it touches nothing."""


class SetAside(Struct, tag=True, frozen=True):
    """Quarantine every disk of a server or volume that nobody knows, and keep it there until an operator decides.

    Neither time nor want of space removes it. Refused with `in_use` while a guest has one of them.
    """

    owner: str


class ReleaseObject(Struct, tag=True, frozen=True):
    """Put an object back from quarantine in its place. Refused with `disk_missing`, or `disk_exists` if that is taken."""

    object_id: str


class PurgeObject(Struct, tag=True, frozen=True):
    """Remove an object from quarantine for good. Refused with `disk_missing`, and with `in_use` if something still needs it."""

    object_id: str


Command = (
    CreateRootDisk
    | CreateBlankDisk
    | CreateConfigDrive
    | ExportRootDisk
    | ReadExport
    | UndoDisks
    | QuarantineDisks
    | CreateVolume
    | CopyVolume
    | UndoVolume
    | ExtendVolume
    | QuarantineVolume
    | StartGuest
    | StopGuest
    | DestroyGuest
    | AttachDisk
    | DetachDisk
    | AttachPort
    | DetachPort
    | ReadConsole
    | ListGuests
    | DescribeHost
    | ListQuarantine
    | TakeStock
    | SetAside
    | ReleaseObject
    | PurgeObject
)


class Envelope(Struct, frozen=True):
    """A command with its guards. Queries (ReadConsole, List…, Describe…) have an empty key: they are not journalled.

    After `expires`, in seconds since the epoch by the sender's clock, the agent does not begin: the sender has stopped waiting, may
    have undone what it asked for, and a late message must not do it after all. 0 is never.
    """

    command: Command
    key: str = ""
    epoch: int = 0
    request_id: str = ""
    version: int = VERSION
    expires: float = 0.0


class Done(Struct, tag=True, frozen=True):
    """The command has no result but success."""


class Disk(Struct, tag=True, frozen=True):
    """A disk that was made. `virtual_size` is in bytes."""

    path: str
    format: str
    virtual_size: int


class Piece(Struct, tag=True, frozen=True):
    """A part of a file that has `size` bytes in all."""

    data: bytes
    size: int


class Console(Struct, tag=True, frozen=True):
    """Text of a serial console."""

    text: str


class Guest(Struct, frozen=True):
    """A guest as the hypervisor sees it. `server_id` is None for one that Cumulet did not make."""

    name: str
    state: str  # running | paused | shutdown | crashed | suspended
    vcpus: int
    memory_mb: int
    server_id: str | None = None
    rss_mb: int = 0
    pss_mb: int = 0  # with shared pages divided among those that share them; 0 unless somebody asked (ListGuests)


class Guests(Struct, tag=True, frozen=True):
    """Every guest on a host."""

    guests: list[Guest]


class PagePool(Struct, frozen=True):
    """Huge pages of one size that a host has set aside: nothing else can use that memory."""

    size_kb: int
    total: int
    free: int

    @property
    def memory_mb(self) -> int:
        """The memory in all its pages, in MiB."""
        return self.size_kb * self.total // 1024


class Cell(Struct, frozen=True):
    """A NUMA cell: processors, and the memory that is near to them.

    `memory_mb` is all of it, that in `pages` too; `distances` are those to each cell, in the order of their numbers.
    """

    cell_id: int
    cpus: list[int]
    memory_mb: int
    pages: list[PagePool] = []
    distances: list[int] = []


PCI, PF, VF = "pci", "pf", "vf"
"""A device; one that can be divided (a physical function of SR-IOV); one of its parts (a virtual function)."""


class Device(Struct, frozen=True):
    """A PCI device that guests may have. `kind` is PCI, PF or VF; `parent` is the address of a VF's PF.

    `resource_class` and `traits` are what the operator says, `cell_id` is the NUMA cell that it is near to, if that is known.
    """

    address: str
    vendor_id: str
    product_id: str
    kind: str
    resource_class: str
    traits: list[str] = []
    cell_id: int | None = None
    parent: str | None = None
    driver: str = ""
    managed: bool = True


class HostFacts(Struct, tag=True, frozen=True):
    """What a host is (C8) and has. Memory in MiB, disk in GiB; `booted_at` in seconds since the epoch, 0 if that is not known.

    `memory_mb` is all of its memory, that in `pages` too; `cached_mb` is the page cache, which is given back when needed.
    `vcpus` are the processors that guests share: `shared_cpus`, or all if that is empty; a guest can have one of
    `dedicated_cpus` for itself.
    """

    host_id: str
    fingerprint: str
    hostname: str
    hypervisor_type: str
    hypervisor_version: int
    virt_type: str
    cpu_arch: str
    cpu_model: str
    cpu_features: list[str]
    vcpus: int
    memory_mb: int
    disk_gb: int
    free_memory_mb: int
    free_disk_gb: int
    address: str = "127.0.0.1"
    booted_at: float = 0.0
    pages: list[PagePool] = []
    cached_mb: int = 0
    cells: list[Cell] = []
    devices: list[Device] = []
    shared_cpus: list[int] = []
    dedicated_cpus: list[int] = []


class Quarantined(Struct, frozen=True):
    """One object in quarantine; `since` is a UTC stamp, `size` in bytes of the host's own disk.

    `held`: it stays until an operator decides.
    """

    object_id: str
    owner: str
    kind: str
    path: str
    since: str
    size: int
    held: bool = False


class Kept(Struct, frozen=True):
    """A disk in its place. `owner` is the server, or the volume; `size` is in bytes of the host's own disk."""

    object_id: str
    owner: str
    kind: str
    size: int


class Stock(Struct, tag=True, frozen=True):
    """Everything on a host. `epochs` are the highest that it has seen, by object: `server/<id>`, `claim/<id>`, `volume/<id>`."""

    guests: list[Guest]
    disks: list[Kept]
    quarantine: list[Quarantined]
    epochs: dict[str, int]


class Quarantine(Struct, tag=True, frozen=True):
    """The quarantine of a host."""

    objects: list[Quarantined]


class Refused(Struct, tag=True, frozen=True):
    """The agent did nothing, or undid what it did.

    `code` is for programs: stale_epoch, no_claim, disk_missing, device_missing, disk_exists, image_corrupt, too_small, no_space,
    in_use, guest_missing, detach_refused, busy (not welcomed yet: try again), failed. `message` is for people, without host paths.
    """

    code: str
    message: str


Reply = Done | Disk | Piece | Console | Guests | HostFacts | Quarantine | Stock | Refused

encode = msgspec.msgpack.Encoder().encode
decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode
