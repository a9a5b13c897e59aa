"""What a cloud on this machine has, as each of its keepers tells it, and where they disagree.

Read from outside, while the cloud runs or after it was killed: the control plane's database, the agent's ledger and its files,
libvirt, Open vSwitch, OVN's northbound database.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from cumulet.app.config import Config
from cumulet.kernel.process import run

_KEPT = ("images", "networks", "subnets", "routers", "ports", "security_groups", "security_group_rules", "floating_ips")
_KEPT += (
    "keypairs",
    "flavors",
    "servers",
    "server_disks",
    "volumes",
    "volume_snapshots",
    "volume_attachments",
    "server_actions",
    "projects",
    "users",
)


class Object(Struct, frozen=True):
    """A file in the agent's ledger."""

    id: str
    owner: str
    kind: str
    path: str
    state: str


class Inventory(Struct, frozen=True):
    """Everything at one moment. Two of them are equal when nothing has changed between.

    `rows` are the ids in the control plane's tables; `servers` and `ports` are rows by id; `guests` are libvirt's domains with
    their state; `interfaces` are the switch's, by the id of the port they serve; `logical_ports` are OVN's.
    """

    rows: dict[str, list[str]]
    servers: dict[str, dict[str, Any]]
    ports: dict[str, dict[str, Any]]
    volumes: dict[str, dict[str, Any]]
    attachments: list[dict[str, Any]]
    server_disks: list[dict[str, Any]]
    claims: list[str]
    usage: dict[str, list[int]]
    workflows: list[str]
    objects: list[Object]
    files: list[str]
    guests: dict[str, str]
    taps: list[str]
    interfaces: dict[str, str]
    logical_ports: dict[str, str]

    def differences(self) -> list[str]:
        """One sentence for each thing that one keeper has and another does not know of; none in a cloud at rest."""
        placed = {key for key, server in self.servers.items() if server["host_id"]}
        found = [f"workflow {name} is not finished" for name in self.workflows]
        found += _compare("claim", self.claims, "placed server", placed)
        found += _compare("guest", self.guests, "placed server", placed)
        found += self._networks(placed) + self._disks() + self._volumes()
        counted = {project: self._recount(project) for project in {s["project_id"] for s in self.servers.values()} | {*self.usage}}
        found += [f"project {p} uses {n}, its quota says {self.usage.get(p)}" for p, n in counted.items() if n != self.usage.get(p)]
        return found

    def _networks(self, placed: set[str]) -> list[str]:
        """A guest that is off may have its taps or not; a network's metadata service is where its guests are."""
        guests = {key: port for key, port in self.ports.items() if port["device_owner"].startswith("compute:")}
        owners = {port["device_id"] for port in guests.values()}
        found = [f"port of server {owner}, which is gone" for owner in sorted(owners - {*self.servers})]
        bound = {key for key, port in guests.items() if port["host_id"] and port["device_id"] in placed}
        running = {key for key in bound if self.guests.get(guests[key]["device_id"]) == "running"}
        serving = {key: port["network_id"] for key, port in self.ports.items() if port["device_owner"] == "network:distributed"}
        plugged = {*self.interfaces} - {*serving}
        found += [f"port {key} of a running guest is not plugged" for key in sorted(running - plugged)]
        found += [f"interface of port {key}, which is nobody's" for key in sorted(plugged - bound)]
        served = {serving[key] for key in self.interfaces if key in serving}
        found += _compare("metadata service of", served, "guest's network", {guests[key]["network_id"] for key in plugged & bound})
        found += _compare("tap", self.taps, "interface", self.interfaces.values())
        real = {key for key, port in self.ports.items() if port["device_owner"] != "network:floatingip"}
        return found + _compare("port", real, "logical port", {k for k, kind in self.logical_ports.items() if kind != "localnet"})

    def _disks(self) -> list[str]:
        found = _compare("file", self.files, "ledger entry", (object.path for object in self.objects))
        found += [f"{object.kind} of {object.owner} is still being made" for object in self.objects if object.state == "making"]
        roots = {o.owner for o in self.objects if o.kind == "root" and o.state == "there"}
        local = {disk["server_id"] for disk in self.server_disks if disk["path"] and not disk["volume_id"]}
        return found + _compare("root disk", roots, "server with local disks", local & {*self.servers})

    def _volumes(self) -> list[str]:
        files = {o.owner for o in self.objects if o.kind == "volume" and o.state == "there"}
        made = {key for key, volume in self.volumes.items() if volume["host_id"]} | {*self.rows["volume_snapshots"]}
        found = _compare("volume file", files, "volume or snapshot", made)
        found += [f"an export for image {o.owner} is left" for o in self.objects if o.kind == "export" and o.state == "there"]
        pairs = {(a["volume_id"], a["server_id"]) for a in self.attachments}
        disks = {(d["volume_id"], d["server_id"]) for d in self.server_disks if d["volume_id"]}
        used = {key for key, volume in self.volumes.items() if volume["status"] == "in-use"}
        found += _compare("attachment", map(str, pairs), "server disk", map(str, disks))
        return found + _compare("volume in use", used, "attached volume", {volume for volume, _ in pairs})

    def _recount(self, project: str) -> list[int]:
        own = [json.loads(s["flavor"]) for s in self.servers.values() if s["project_id"] == project]
        return [len(own), sum(flavor["vcpus"] for flavor in own), sum(flavor["ram"] for flavor in own)]


def _compare(ours: str, left: Iterable[str], theirs: str, right: Iterable[str]) -> list[str]:
    one, other = set(left), set(right)
    missing = [f"{ours} {name} without {theirs}" for name in sorted(one - other)]
    return missing + [f"{theirs} {name} without {ours}" for name in sorted(other - one)]


async def inventory(config: Config) -> Inventory:
    """Ask everybody. What does not run is taken to have nothing."""
    state = config.state
    database, ledger = state / "cumulet.db", state / "agent" / "agent.db"
    return Inventory(
        rows={table: sorted(str(next(iter(row.values()))) for row in _rows(database, table, "")) for table in _KEPT},
        servers=_by_id(_rows(database, "servers", "WHERE deleted_at IS NULL")),
        ports=_by_id(_rows(database, "ports", "")),
        volumes=_by_id(_rows(database, "volumes", "")),
        attachments=_rows(database, "volume_attachments", ""),
        server_disks=_rows(database, "server_disks", ""),
        claims=sorted({row["consumer_id"] for row in _rows(database, "claims", "")}),
        usage={row["project_id"]: [row["servers"], row["cores"], row["ram"]] for row in _rows(database, "compute_usage", "")},
        workflows=[f"{r['name']} of {r['resource_id']}" for r in _rows(database, "workflows", "WHERE finished_at IS NULL")],
        objects=[Object(r["id"], r["owner"], r["kind"], r["path"], r["state"]) for r in _rows(ledger, "objects", "")],
        files=_files(state / "agent"),
        guests=await _guests(state),
        taps=await _taps(config.namespace),
        interfaces=await _interfaces(state),
        logical_ports=await _logical_ports(state),
    )


def _rows(file: Path, table: str, where: str) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} {where}")]


def registrations(config: Config) -> int:
    """How often agents have been recognised by the control plane; a dead agent's lease looks alive for a while, this does not."""
    return sum(int(row["counter"]) for row in _rows(config.state / "cumulet.db", "hosts", ""))


def _by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def _files(agent: Path) -> list[str]:
    folders = [agent / name for name in ("disks", "volumes", "images", "quarantine")]
    return sorted(str(path.relative_to(agent)) for folder in folders for path in folder.rglob("*") if path.is_file())


async def _guests(state: Path) -> dict[str, str]:
    socket = state / "agent" / "libvirt" / "run" / "libvirt-sock"
    if not socket.exists():
        return {}
    virsh = ("virsh", "-q", "-c", f"qemu+unix:///system?socket={socket}")
    listed = (await run(*virsh, "list", "--all", "--uuid")).decode().split()
    return {uuid: (await run(*virsh, "domstate", uuid)).decode().strip() for uuid in listed}


async def _taps(namespace: str) -> list[str]:
    if not await asyncio.to_thread(Path("/run/netns", namespace).exists):
        return []
    links = json.loads(await run("ip", "-json", "-n", namespace, "link"))
    return sorted(link["ifname"] for link in links if link["ifname"].startswith("tap"))


async def _interfaces(state: Path) -> dict[str, str]:
    found = {}
    for name, ids in await _table("ovs-vsctl", state / "ovs" / "db.sock", "Interface", "name,external_ids"):
        if "iface-id" in (pairs := dict(ids[1])):
            found[pairs["iface-id"]] = name
    return found


async def _logical_ports(state: Path) -> dict[str, str]:
    rows = await _table("ovn-nbctl", state / "ovn" / "nb.sock", "Logical_Switch_Port", "name,type")
    return {row[0]: row[1] for row in rows}


async def _table(program: str, socket: Path, table: str, columns: str) -> list[list[Any]]:
    """The rows of an OVSDB table, each a list of values in the order of `columns`."""
    if not await asyncio.to_thread(socket.exists):
        return []
    answer = await run(program, f"--db=unix:{socket}", "--format=json", f"--columns={columns}", "list", table)
    found = json.loads(answer)
    order = [found["headings"].index(name) for name in columns.split(",")]
    return [[row[at] for at in order] for row in found["data"]]
