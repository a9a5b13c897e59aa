"""Where what is, below the agent's state folder."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from ..refusals import Refusal

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def safe(name: str) -> str:
    """`name`, if it can be a file's name and nothing else. Raises Refusal."""
    if not _SAFE.fullmatch(name):
        raise Refusal(f"{name!r} cannot be the name of an object on a host.")
    return name


class Layout(Struct, frozen=True):
    """Paths of objects. The ledger keeps them relative to `state`, so that the folder can be moved."""

    state: Path

    def prepare(self) -> None:
        """Make the folders. They are the agent's and QEMU's alone."""
        for name in ("images", "disks", "volumes", "quarantine"):
            (self.state / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def absolute(self, path: str) -> Path:
        """A ledger path on this machine."""
        return self.state / path

    def relative(self, path: str) -> str | None:
        """The ledger path of a path on this machine; None if it is outside the state folder."""
        plain = Path(path)
        if ".." in plain.parts or not plain.is_relative_to(self.state):
            return None
        return str(plain.relative_to(self.state))

    def of(self, owner: str, kind: str) -> str:
        """The ledger path of an object in place."""
        if kind == "volume":
            return f"volumes/{safe(owner)}.qcow2"
        if kind == "image":
            return f"images/{safe(owner)}"
        suffix = "iso" if kind == "config" else "qcow2"
        return f"disks/{safe(owner)}/{safe(kind)}.{suffix}"

    def quarantine(self, object_id: str) -> str:
        """The ledger path of an object in quarantine."""
        return f"quarantine/{object_id}"


def unfinished(path: Path) -> Path:
    """What a file is called while it is being made."""
    return path.with_name(path.name + ".making")
