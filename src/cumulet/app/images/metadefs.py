"""Loading metadata definitions from files in the format that Glance ships its own in: one namespace a file, with all in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from ..operator.client import Client, RequestFailed

LOADED, REPLACED, KEPT, REFUSED = "loaded", "replaced", "there already, kept", "refused"
NAMESPACES = "/image/v2/metadefs/namespaces"

Document = tuple[Path, dict[str, Any]]


def documents(sources: Sequence[Path]) -> list[Document]:
    """What is in these files, and in all files `*.json` of these folders. Raises ValueError naming what cannot be read."""
    found = []
    for source in sources:
        for path in sorted(source.glob("*.json")) if source.is_dir() else [source]:
            try:
                found.append((path, msgspec.json.decode(path.read_bytes(), type=dict[str, Any])))
            except (OSError, msgspec.DecodeError) as problem:
                raise ValueError(f"{path}: {problem}") from None
    if not found:
        raise ValueError(f"There is no JSON file in {', '.join(map(str, sources))}.")
    return found


async def load(client: Client, found: Sequence[Document], replace: bool) -> list[tuple[Path, str]]:
    """Make each namespace; what became of each. One that is there already is kept, or replaced as a whole."""
    return [(path, await _load(client, document, replace)) for path, document in found]


async def _load(client: Client, document: dict[str, Any], replace: bool) -> str:
    try:
        await client.call("POST", NAMESPACES, document)
    except RequestFailed as problem:
        if problem.status != 409:
            return f"{REFUSED}: {problem}"
        return await _replace(client, document) if replace else KEPT
    return LOADED


async def _replace(client: Client, document: dict[str, Any]) -> str:
    """The new one is made before anything old is lost: under another name, in case it is refused."""
    name = str(document["namespace"])
    path, trial = f"{NAMESPACES}/{quote(name, safe='')}", f"{name[:60]} (loading)"
    try:
        await client.call("POST", NAMESPACES, {**document, "namespace": trial, "protected": False})
        await client.call("PUT", path, {"namespace": name, "protected": False})
        await client.call("DELETE", path)
        kept = {field: document[field] for field in _OF_NAMESPACE if field in document}
        await client.call("PUT", f"{NAMESPACES}/{quote(trial, safe='')}", kept)
    except RequestFailed as problem:
        return f"{REFUSED}: {problem}"
    return REPLACED


_OF_NAMESPACE = ("namespace", "display_name", "description", "visibility", "protected", "owner")
