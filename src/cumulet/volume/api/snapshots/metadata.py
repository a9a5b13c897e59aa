"""A snapshot's metadata. https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots"""

from __future__ import annotations

from ....kernel.http import Request, Response, ok
from ...operations import snapshots
from .. import values as v


async def index(request: Request, snapshot_id: str) -> Response:
    """All of it."""
    return ok({"metadata": (await snapshots.get(request.tx, request.actor, snapshot_id)).metadata})


async def add(request: Request, snapshot_id: str, body: v.Metadata) -> Response:
    """Add and overwrite."""
    return ok({"metadata": await snapshots.describe(request.tx, request.actor, snapshot_id, body)})


async def replace(request: Request, snapshot_id: str, body: v.Metadata) -> Response:
    """Set all of it."""
    return ok({"metadata": await snapshots.describe(request.tx, request.actor, snapshot_id, body, replace=True)})


async def show(request: Request, snapshot_id: str, key: str) -> Response:
    """One item."""
    snapshot = await snapshots.get(request.tx, request.actor, snapshot_id)
    return ok({"meta": {key: snapshots.item(snapshot, key)}})


async def set_item(request: Request, snapshot_id: str, key: str, body: v.Metadata) -> Response:
    """Set one item."""
    await snapshots.set_item(request.tx, request.actor, snapshot_id, key, body)
    return ok({"meta": body})


async def remove(request: Request, snapshot_id: str, key: str) -> Response:
    """Remove one item."""
    await snapshots.forget_item(request.tx, request.actor, snapshot_id, key)
    return ok(None)
