"""What a guest is made of, as an agent is told it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field


class ImageSource(Struct, frozen=True):
    """Where an agent gets an image's bytes, and how it proves that they are the right ones.

    `url` is `file:///…` (the store is on this machine), `http(s)://…`, or `rbd://cluster/pool/image/snapshot` for hosts that reach
    the cluster; `size` is in bytes; `digest` hexadecimal, of `algorithm` (Python's name for it; agents of before know SHA-512 only,
    hence the name on the wire, and refuse what has another hash). `private`: the URL may lead to an address that is not public, as
    it is the operator's and not a user's.
    """

    image_id: str
    url: str
    size: int
    digest: str = field(name="sha512")
    disk_format: str
    private: bool = False
    algorithm: str = "sha512"


class DiskSpec(Struct, frozen=True):
    """One disk of a guest. `path` is on the agent's host; `serial` is what the guest sees as the disk's serial number."""

    disk_id: str
    path: str
    format: str
    device: str
    serial: str
    bus: str = "virtio"
    kind: str = "disk"  # disk | cdrom
    volume_id: str | None = None
    readonly: bool = False


class MetadataPort(Struct, frozen=True):
    """The network's own port through which its guests on this host reach the metadata service."""

    port_id: str
    mac: str
    addresses: list[str]  # with prefix length: 10.0.0.2/24


class PortSpec(Struct, frozen=True):
    """One network interface of a guest."""

    port_id: str
    network_id: str
    mac: str
    mtu: int
    metadata: MetadataPort | None = None


class HostDevice(Struct, frozen=True):
    """A device of the host, by its PCI address, that a guest has for itself. `managed`: libvirt takes it from its driver."""

    address: str
    managed: bool = True


class CellSpec(Struct, frozen=True):
    """A NUMA cell of a guest: its processors and memory in MiB, and where it is in the host.

    `host_cell` is the cell of the host whose memory it has, None for a host with one; `host_cpus` are that cell's processors,
    none if it makes no difference; `pins` are those that the guest has for itself, in the order of `cpus`.
    """

    cpus: list[int]
    memory_mb: int
    host_cell: int | None = None
    host_cpus: list[int] = []
    pins: list[int] = []


class ClaimToken(Struct, frozen=True):
    """The proof that the ledger holds a claim for exactly this guest on exactly this host (safety C2).

    `signature` is the hexadecimal HMAC-SHA256 over the other fields (`contract.claims`).
    """

    server_id: str
    host_id: str
    epoch: int
    vcpus: int
    memory_mb: int
    signature: str = ""
    devices: list[str] = []
    cells: list[int] = []
    pins: list[int] = []


PAGE_UNITS = {"": 1, "kb": 1, "mb": 1024, "gb": 1024**2}
LARGE_KB = 2048


def page_size_kb(extra_specs: Mapping[str, str]) -> int | None:
    """The size in KiB of the huge pages that a flavor's `hw:mem_page_size` wants; None is ordinary memory.

    `large` is 2 MiB, the size that every host with huge pages has; `small` and `any` want none.
    """
    wanted = extra_specs.get("hw:mem_page_size", "small").strip().lower()
    if wanted == "large":
        return LARGE_KB
    found = re.fullmatch(r"(\d+)(kb|mb|gb)?", wanted)
    size = int(found.group(1)) * PAGE_UNITS[found.group(2) or ""] if found else 4
    return size if size > 4 else None


class GuestSpec(Struct, frozen=True):
    """A whole guest: enough to define it from nothing.

    `metadata` is what operators see in the libvirt domain: the server's name, project, flavor, image. A guest without `cells`
    has its memory in the host's cells `bound`, anywhere if there are none.
    """

    server_id: str
    name: str
    vcpus: int
    memory_mb: int
    disks: list[DiskSpec]
    ports: list[PortSpec]
    metadata: dict[str, str] = {}
    extra_specs: dict[str, str] = {}
    image_properties: dict[str, str] = {}
    devices: list[HostDevice] = []
    cells: list[CellSpec] = []
    bound: list[int] = []

    @property
    def host_cells(self) -> list[int]:
        """The cells of the host that it has memory in."""
        return sorted({cell.host_cell for cell in self.cells if cell.host_cell is not None}) or self.bound

    @property
    def pins(self) -> list[int]:
        """The processors of the host that it has for itself."""
        return [cpu for cell in self.cells for cpu in cell.pins]
