"""Snapshots as JSON objects."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType, field

from ....kernel.http import Lives
from ...model import Snapshot


class SnapshotView(Struct, kw_only=True):
    """A snapshot."""

    id: str
    name: str | None
    description: str | None
    volume_id: str
    status: str
    size: int
    metadata: dict[str, str]
    created_at: str
    updated_at: str | None
    progress: str | UnsetType = field(name="os-extended-snapshot-attributes:progress", default=UNSET)
    project_id: str | UnsetType = field(name="os-extended-snapshot-attributes:project_id", default=UNSET)
    group_snapshot_id: Annotated[UnsetType | None, Lives("3.14")] = UNSET
    user_id: Annotated[str | UnsetType, Lives("3.41")] = UNSET
    consumes_quota: Annotated[bool | UnsetType, Lives("3.65")] = UNSET


def brief(s: Snapshot) -> SnapshotView:
    """A snapshot in the short list."""
    return SnapshotView(
        id=s.id,
        name=s.name,
        description=s.description,
        volume_id=s.volume_id,
        status=s.status,
        size=s.size_gb,
        metadata=s.metadata,
        created_at=s.created_at,
        updated_at=s.updated_at,
    )


def plain(s: Snapshot) -> SnapshotView:
    """A snapshot as create and update answer it."""
    shown = brief(s)
    shown.group_snapshot_id, shown.user_id, shown.consumes_quota = None, s.user_id, True
    return shown


def whole(s: Snapshot) -> SnapshotView:
    """A snapshot as lists and show have it."""
    shown = plain(s)
    shown.progress, shown.project_id = "100%" if s.status == "available" else "0%", s.project_id
    return shown
