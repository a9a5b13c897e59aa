"""Reading images again and comparing them with the hashes that were taken when they arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from rich.console import Console

from ..operator.client import Client, RequestFailed
from .bars import bar
from .files import IMAGES

DEACTIVATED = "deactivated: its bytes cannot be read"


class Checked(Struct, frozen=True):
    """One image, and what is wrong with it; None: its bytes are what they were."""

    id: str
    name: str
    finding: str | None


async def find(client: Client, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """The images with these ids or names; with none given every image that has bytes. Raises RequestFailed for an unknown one."""
    found: list[dict[str, Any]] = []
    for status in ("active", "deactivated"):
        for hidden in ("false", "true"):
            path = f"/v2/images?visibility=all&status={status}&os_hidden={hidden}"
            while path:
                page = await client.get(f"/image{path}")
                found += page["images"]
                path = page.get("next", "")
    if not wanted:
        return found
    chosen = [image for image in found if image["id"] in wanted or image["name"] in wanted]
    unknown = [one for one in wanted if not any(one in (image["id"], image["name"]) for image in chosen)]
    if unknown:
        raise RequestFailed(0, f"There is no image {unknown[0]} with bytes.")
    return chosen


async def verify(client: Client, console: Console, images: Sequence[dict[str, Any]]) -> list[Checked]:
    """Read each image and compare."""
    return [Checked(image["id"], image["name"] or "", await _finding(client, console, image)) for image in images]


async def _finding(client: Client, console: Console, image: dict[str, Any]) -> str | None:
    if image["status"] == "deactivated":
        return DEACTIVATED
    read, size = hashlib.new(image["os_hash_algo"]), 0

    def take(block: bytes) -> None:
        nonlocal size
        size += len(block)
        read.update(block)
        advance(block)

    try:
        with bar(console, image["name"] or image["id"], image["size"]) as advance:
            await client.download(f"{IMAGES}/{image['id']}/file", take)
    except RequestFailed as problem:
        return f"cannot be read: {problem}"
    if size != image["size"]:
        return f"has {size} bytes instead of {image['size']}"
    if read.hexdigest() != image["os_hash_value"]:
        return f"its bytes changed: {image['os_hash_algo']} is {read.hexdigest()[:16]}… instead of {image['os_hash_value'][:16]}…"
    return None
