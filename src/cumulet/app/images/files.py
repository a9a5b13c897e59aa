"""Images from files on this machine: what they are is read from their bytes, and what arrived is compared with what was sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from rich.console import Console

from ...image import formats
from ..operator.client import Client, RequestFailed
from .bars import bar

IMAGES = "/image/v2/images"
ENDINGS = (".qcow2", ".img", ".raw", ".vmdk", ".vdi", ".vhd", ".vhdx", ".iso")
ADDED, KEPT, REFUSED = "added", "there already", "refused"


class Wanted(Struct, frozen=True):
    """What an image made of a file is to be called, who sees it, and which properties it has."""

    name: str
    visibility: str
    properties: Mapping[str, Any] = {}


def found_in(folder: Path) -> list[Path]:
    """The image files in a folder, by name. Raises ValueError if there are none."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in ENDINGS)
    if not found:
        raise ValueError(f"There is no image in {folder}: names that end with {', '.join(ENDINGS)} are looked for.")
    return found


def disk_format(path: Path) -> str:
    """What a file is. Raises ValueError for one that the service would refuse."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        found = formats.inspect(lambda offset, count: os.pread(descriptor, count, offset), size)
    finally:
        os.close(descriptor)
    if found.danger:
        raise ValueError(f"{path.name} is refused because {found.danger}.")
    if found.format in ("gpt", "luks"):
        return "raw"
    return found.format


def is_of(image: dict[str, Any], path: Path) -> bool:
    """Whether an active image has a file's bytes, by the algorithm that the image was hashed by."""
    if image["os_hash_algo"] is None:
        return False
    with path.open("rb") as file:
        return bool(image["os_hash_value"] == hashlib.file_digest(file, image["os_hash_algo"]).hexdigest())


async def import_folder(client: Client, console: Console, paths: list[Path], visibility: str) -> list[tuple[Path, str]]:
    """Make an image of each file, called as the file without its ending; what became of each."""
    return [(path, await _import(client, console, path, visibility)) for path in paths]


async def _import(client: Client, console: Console, path: Path, visibility: str) -> str:
    try:
        if await exists(client, path.stem, path):
            return KEPT
        await add(client, console, path, Wanted(path.stem, visibility))
    except (ValueError, OSError, RequestFailed) as problem:
        return f"{REFUSED}: {problem}"
    return ADDED


async def exists(client: Client, name: str, path: Path) -> bool:
    """Whether an active image of that name has the file's bytes."""
    size = os.stat(path).st_size
    query = f"name={quote(name, safe='')}&size_min={size}&size_max={size}&status=active&visibility=all"
    return any(is_of(image, path) for image in (await client.get(f"{IMAGES}?{query}"))["images"])


async def add(client: Client, console: Console, path: Path, wanted: Wanted) -> dict[str, Any]:
    """Upload a file into a new image, with a progress bar; the active image.

    The image is deleted again if anything goes wrong. Raises ValueError for a file that would be refused, RequestFailed.
    """
    kinds = {"disk_format": disk_format(path), "container_format": "bare"}
    body = {"name": wanted.name, "visibility": wanted.visibility, **kinds, **wanted.properties}
    made = await client.call("POST", IMAGES, body)
    link = f"{IMAGES}/{made['id']}"
    try:
        with bar(console, wanted.name, os.stat(path).st_size) as advance:
            await client.upload(f"{link}/file", path, advance)
        active: dict[str, Any] = await client.get(link)
        if not is_of(active, path):
            raise RequestFailed(0, f"{path.name}: other bytes arrived than were sent")
    except (RequestFailed, OSError):
        await client.call("DELETE", link)
        raise
    return active
