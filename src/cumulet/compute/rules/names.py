"""Names of things."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable

from ...kernel.errors import Conflict, Invalid

_NOT_IN_HOSTNAMES = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST = 63


def hostname(name: str, server_id: str) -> str:
    """A hostname made of a server's name, as upstream makes it; `Server-<id>` if nothing of the name can be used."""
    plain = _NOT_IN_HOSTNAMES.sub("", re.sub(r"[ _.]", "-", name)).lower()
    return plain.strip(".-")[:_LONGEST].rstrip("-") or f"Server-{server_id}"


def numbered(name: str, number: int, count: int) -> str:
    """The name of one of several servers that were asked for at once."""
    return name if count == 1 else f"{name}-{number + 1}"


def host_hash(project_id: str, host_id: str | None) -> str:
    """The `hostId` of a server: the same host looks different to each project. "" if it is nowhere."""
    return hashlib.sha224(f"{project_id}{host_id}".encode()).hexdigest() if host_id else ""


def next_device(taken: Iterable[str], prefix: str = "vd") -> str:
    """The first free device name, `/dev/vda` to `/dev/vdz`. Raises Conflict if there is none."""
    used = {device.removeprefix("/dev/") for device in taken}
    for letter in string.ascii_lowercase:
        if prefix + letter not in used:
            return f"/dev/{prefix}{letter}"
    raise Conflict("The server has no free device name left; 26 disks are the most.")


def chosen_device(wanted: str | None, taken: Iterable[str]) -> str:
    """The device name a client asked for if a guest can have it, else the next free one. Raises Conflict if it is taken."""
    used = list(taken)
    if wanted is None or not re.fullmatch(r"(/dev/)?vd[a-z]", wanted):
        return next_device(used)
    device = "/dev/" + wanted.removeprefix("/dev/")
    if device in used:
        raise Conflict(f"The device {device} is already used by another disk of the server.")
    return device


def search_pattern(text: str) -> str:
    """A client's regular expression. Raises Invalid if it is none."""
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as problem:
        raise Invalid(f"Invalid regular expression '{text}': {problem}.") from None
    return text
