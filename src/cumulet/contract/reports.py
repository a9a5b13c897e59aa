"""What agents tell the control plane, and what they ask it, on the subject `cloud`."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from .commands import Cell, Device, Guest, HostFacts, PagePool


class Register(Struct, tag=True, frozen=True):
    """An agent has started. It may work only after the answer `Welcome` (F7, C8)."""

    facts: HostFacts
    instance: str  # drawn anew at each start of the agent process
    last_counter: int  # the highest instance counter this host has ever been given
    last_lease: str = ""  # until when this host was told last that its lease is, a stamp; "" before the first (F7)


class Welcome(Struct, tag=True, frozen=True):
    """The agent is who it says. `claim_key` signs claim tokens for this host; `counter` grows at each registration.

    `lease_until` is a stamp of the control plane's clock; "" from one that does not tell.
    """

    claim_key: bytes
    counter: int
    lease_until: str = ""


class Heartbeat(Struct, tag=True, frozen=True):
    """The agent lives; every few seconds, and at once when a guest changes state."""

    host_id: str
    instance: str
    guests: list[Guest]
    free_memory_mb: int
    free_disk_gb: int
    findings: list[str] = []  # what is wrong on the host, for people: a daemon that had to be restarted, …
    boot: str = ""  # names the time since the host's last start, before which no guest can have been running
    pages: list[PagePool] | None = None  # the huge pages set aside now; None from an agent that does not look
    cells: list[Cell] | None = None  # the same of NUMA cells
    devices: list[Device] | None = None  # and of PCI devices


class MetadataQuery(Struct, tag=True, frozen=True):
    """A guest asked the metadata service. `address` is the guest's, seen on `network_id`; `body` is what it posted."""

    network_id: str
    address: str
    path: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: bytes = b""


class MetadataAnswer(Struct, tag=True, frozen=True):
    """What to answer the guest."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=UTF-8"


class Ack(Struct, tag=True, frozen=True):
    """Heard. `lease_until` is a stamp of the control plane's clock; "" if there is no lease to renew."""

    lease_until: str = ""


class Rejected(Struct, tag=True, frozen=True):
    """Not heard: another agent holds this host's identity, or this one must register (again)."""

    code: str  # duplicate_identity | unknown_host | older_database
    message: str


Report = Register | Heartbeat | MetadataQuery
Answer = Welcome | Ack | MetadataAnswer | Rejected

encode = msgspec.msgpack.Encoder().encode
decode_report = msgspec.msgpack.Decoder(Report).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
