"""A volume's metadata. https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes

Since 3.15 an answer has an `ETag`, and a change with `If-Match` happens only if the metadata is still what that says.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from ....kernel.errors import NotFound
from ....kernel.http import Request, Response, ok
from ...operations import descriptions, volumes
from .. import values as v
from .listing import minor

TAGGED = 15


def _tag(metadata: dict[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(metadata, order="deterministic")).hexdigest()[:32]


def _answer(request: Request, view: dict[str, Any], metadata: dict[str, str]) -> Response:
    return ok(view, {"ETag": f'"{_tag(metadata)}"'} if minor(request) >= TAGGED else None)


async def _outdated(request: Request, volume_id: str) -> bool:
    """Whether the metadata is no longer what `If-Match` says."""
    expected = request.header("If-Match")
    if expected is None or minor(request) < TAGGED or expected.strip() == "*":
        return False
    volume = await volumes.hold(request.tx, request.actor, volume_id)
    return _tag(volume.metadata) not in [tag.strip().removeprefix("W/").strip('"') for tag in expected.split(",")]


async def index(request: Request, volume_id: str) -> Response:
    """All of it."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return _answer(request, {"metadata": volume.metadata}, volume.metadata)


async def add(request: Request, volume_id: str, body: v.Metadata) -> Response:
    """Add and overwrite."""
    if await _outdated(request, volume_id):
        return Response(412)
    after = await descriptions.add(request.tx, request.actor, volume_id, body)
    return _answer(request, {"metadata": after}, after)


async def replace(request: Request, volume_id: str, body: v.Metadata) -> Response:
    """Set all of it."""
    if await _outdated(request, volume_id):
        return Response(412)
    after = await descriptions.add(request.tx, request.actor, volume_id, body, replace=True)
    return _answer(request, {"metadata": after}, after)


async def show(request: Request, volume_id: str, key: str) -> Response:
    """One item."""
    volume = await volumes.get(request.tx, request.actor, volume_id)
    return _answer(request, {"meta": {key: descriptions.item(volume, key)}}, volume.metadata)


async def set_item(request: Request, volume_id: str, key: str, body: v.Metadata) -> Response:
    """Set one item."""
    if await _outdated(request, volume_id):
        return Response(412)
    await descriptions.set_item(request.tx, request.actor, volume_id, key, body)
    return ok({"meta": body})


async def remove(request: Request, volume_id: str, key: str) -> Response:
    """Remove one item."""
    if not key:
        raise NotFound("The resource could not be found.")
    await descriptions.remove(request.tx, request.actor, volume_id, key)
    return ok(None)
