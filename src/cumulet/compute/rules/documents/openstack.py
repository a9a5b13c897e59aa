"""OpenStack's own documents. https://docs.openstack.org/nova/latest/user/metadata.html

Each version is a date; a key is in all versions from the one that introduced it.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from .facts import Facts

VERSIONS = (
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",
    "latest",
)


def meta_data(facts: Facts, version: str) -> dict[str, Any]:
    """`meta_data.json` as `version` has it."""
    server = facts.server
    found: dict[str, Any] = {"uuid": server.id}
    if server.metadata:
        found["meta"] = server.metadata
    if server.personality:
        found["files"] = [{"content_path": f"/content/{at:04}", "path": f["path"]} for at, f in enumerate(server.personality)]
    if server.key_name and server.key_data:
        found["public_keys"] = {server.key_name: server.key_data}
        found["keys"] = [{"name": server.key_name, "type": "ssh", "data": server.key_data}]
    found |= {
        "hostname": facts.hostname,
        "name": server.name,
        "launch_index": server.launch_index,
        "availability_zone": server.zone,
    }
    if version >= "2013-10-17":
        found["random_seed"] = base64.b64encode(facts.seed).decode()
    if version >= "2015-10-15":
        found["project_id"] = server.project_id
    if version >= "2016-06-30":
        found["devices"] = _devices(facts)
    if version >= "2020-10-14":
        found["dedicated_cpus"] = []
    return found


def _devices(facts: Facts) -> list[dict[str, Any]]:
    """The devices that carry tags."""
    nics = [
        {"type": "nic", "bus": "none", "address": "none", "mac": interface.mac, "tags": [interface.tag]}
        for interface in facts.interfaces
        if interface.tag
    ]
    disks = [
        {
            "type": "disk",
            "bus": disk.bus or "virtio",
            "address": "none",
            "serial": disk.volume_id or disk.id,
            "path": disk.device,
            "tags": [disk.tag],
        }
        for disk in facts.disks
        if disk.tag
    ]
    return nics + disks


def files(facts: Facts, version: str) -> dict[str, bytes]:
    """The documents of one version, by name."""
    found = {"meta_data.json": _json(meta_data(facts, version))}
    if facts.server.user_data:
        found["user_data"] = base64.b64decode(facts.server.user_data)
    if version >= "2013-10-17":
        found["vendor_data.json"] = _json({})
    if version >= "2015-10-15":
        found["network_data.json"] = _json(facts.network_data)
    if version >= "2016-10-06":
        found["vendor_data2.json"] = _json({"static": {}})
    return found


def contents(facts: Facts) -> dict[str, bytes]:
    """The files that the client wanted in the guest, by their names under `content`."""
    return {f"{at:04}": base64.b64decode(f["contents"]) for at, f in enumerate(facts.server.personality)}


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
