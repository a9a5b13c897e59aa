"""The documents under their paths."""

from __future__ import annotations

from typing import Any

import msgspec

from . import ec2, openstack
from .facts import Facts

ON_DRIVE = ("2018-08-27", "latest")
"""The versions on a config drive: cloud-init looks for the newest it knows, simpler programs for `latest`."""


def answer(facts: Facts, path: str) -> bytes | None:
    """The document or the listing at a path of the metadata service; None if there is none."""
    parts = [part for part in path.split("/") if part]
    found: Any = tree(facts, parts)
    for part in parts:
        if not isinstance(found, dict) or part.startswith("_"):
            return None
        found = found.get(part)
    return None if found is None else _written(found)


def tree(facts: Facts, parts: list[str]) -> dict[str, Any]:
    """Everything there is, as nested dictionaries; only the version that `parts` names is worked out."""
    version = parts[0] if parts else ""
    found: dict[str, Any] = {name: {} for name in ec2.VERSIONS}
    if version in ec2.VERSIONS:
        found[version] = ec2.tree(facts)
    if version == "openstack":
        found["openstack"] = _openstack(facts, parts[1] if len(parts) > 1 else "")
    return found


def _openstack(facts: Facts, version: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: {} for name in openstack.VERSIONS}
    if version in openstack.VERSIONS:
        found[version] = dict(openstack.files(facts, version))
        if version >= "2013-04-04":
            found[version]["password"] = facts.server.password
    if version == "content":
        found["content"] = openstack.contents(facts)
    return found


def _written(found: Any) -> bytes:
    if isinstance(found, dict):
        return "\n".join(_entry(name, value) for name, value in found.items() if not name.startswith("_")).encode()
    return found if isinstance(found, bytes) else str(found).encode()


def _entry(name: str, value: Any) -> str:
    """A name in a listing; a directory ends with a slash, a key shows its own name."""
    if isinstance(value, dict):
        return str(value["_name"]) if "_name" in value else (f"{name}/" if value else name)
    return name


def drive_files(facts: Facts) -> dict[str, bytes]:
    """The files of a config drive, by path."""
    found: dict[str, bytes] = {}
    for version in ON_DRIVE:
        documents = openstack.files(facts, version)
        if facts.server.admin_password:
            told = {**openstack.meta_data(facts, version), "admin_pass": facts.server.admin_password}
            documents["meta_data.json"] = msgspec.json.encode(told)
        found |= {f"openstack/{version}/{name}": content for name, content in documents.items()}
    found |= {f"openstack/content/{name}": content for name, content in openstack.contents(facts).items()}
    found["ec2/latest/meta-data.json"] = msgspec.json.encode(_plain(ec2.meta_data(facts)))
    if facts.server.user_data:
        found["ec2/latest/user-data"] = openstack.files(facts, "latest")["user_data"]
    return found


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {k: _plain(v) if isinstance(v, dict) else v for k, v in found.items() if not k.startswith("_")}
