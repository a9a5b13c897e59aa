"""Host aggregates. https://docs.openstack.org/api-ref/compute/#host-aggregates-os-aggregates"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ....kernel.errors import Invalid
from ....kernel.http import Lives, Request, Response, ok
from ...operations import aggregates
from ...operations.aggregates import Aggregate, Described
from .. import values as v
from .services import Hostname


class NewAggregate(Struct, kw_only=True, forbid_unknown_fields=True):
    """An aggregate to be made."""

    name: v.Text255
    availability_zone: v.Text255 | None = None


class AggregateChanges(Struct, kw_only=True, forbid_unknown_fields=True):
    """What changes of an aggregate."""

    name: v.Text255 | UnsetType = UNSET
    availability_zone: v.Text255 | UnsetType | None = UNSET


class Member(Struct, kw_only=True, forbid_unknown_fields=True):
    """A host that comes or goes."""

    host: Hostname


class Marks(Struct, kw_only=True, forbid_unknown_fields=True):
    """Metadata to be set; null takes a key away."""

    metadata: dict[v.MetadataKey, Annotated[str, Meta(max_length=255)] | None]


class AggregateView(Struct, kw_only=True):
    """An aggregate."""

    id: int
    uuid: Annotated[str, Lives("2.41")]
    name: str
    availability_zone: str | None
    created_at: str
    updated_at: str | None
    deleted: bool = False
    deleted_at: None = None
    hosts: list[str] | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET


def _brief(a: Aggregate, **more: Any) -> AggregateView:
    return AggregateView(
        id=a.sequence,
        uuid=a.id,
        name=a.name,
        availability_zone=a.zone,
        created_at=a.created_at,
        updated_at=a.updated_at,
        **more,
    )


def _view(found: Described) -> AggregateView:
    return _brief(found.aggregate, hosts=[host.hostname for host in found.hosts], metadata=found.aggregate.metadata)


def _number(text: str) -> int:
    return v.count("id", text, least=-0x7FFFFFFF)


def _zone(name: str) -> str:
    """The name of a zone. Raises Invalid."""
    if ":" in name:
        raise v.wrong("availability_zone", name, "It must not contain a colon.")
    return v.name("availability_zone", name)


async def index(request: Request) -> Response:
    """All of them."""
    return ok({"aggregates": [_view(found) for found in await aggregates.index(request.tx)]})


async def show(request: Request, aggregate_id: str) -> Response:
    """One of them."""
    return ok({"aggregate": _view(await aggregates.get(request.tx, _number(aggregate_id)))})


async def create(request: Request, body: NewAggregate) -> Response:
    """A new one."""
    zone = _zone(body.availability_zone) if body.availability_zone is not None else None
    return ok({"aggregate": _brief(await aggregates.create(request.tx, v.name("name", body.name), zone))})


async def update(request: Request, aggregate_id: str, body: AggregateChanges) -> Response:
    """Rename it, or change its zone."""
    if body.name is UNSET and body.availability_zone is UNSET:
        raise Invalid("Invalid input for field/attribute aggregate. One of 'name' and 'availability_zone' is required.")
    name = None if isinstance(body.name, UnsetType) else v.name("name", body.name.strip(" "))
    marks: dict[str, str | None] = {}
    if not isinstance(body.availability_zone, UnsetType):
        marks["availability_zone"] = body.availability_zone and _zone(body.availability_zone)
    return ok({"aggregate": _view(await aggregates.change(request.tx, _number(aggregate_id), name, marks))})


async def delete(request: Request, aggregate_id: str) -> Response:
    """Delete it."""
    await aggregates.delete(request.tx, _number(aggregate_id))
    return ok(None)


async def add_host(request: Request, aggregate_id: str, body: Member) -> Response:
    """Put a host into it."""
    return ok({"aggregate": _view(await aggregates.add_host(request.tx, _number(aggregate_id), body.host))})


async def remove_host(request: Request, aggregate_id: str, body: Member) -> Response:
    """Take a host out of it."""
    return ok({"aggregate": _view(await aggregates.remove_host(request.tx, _number(aggregate_id), body.host))})


async def set_metadata(request: Request, aggregate_id: str, body: Marks) -> Response:
    """Set metadata, leave the rest."""
    marks = dict(body.metadata)
    if zone := marks.get("availability_zone"):
        _zone(zone)
    return ok({"aggregate": _view(await aggregates.change(request.tx, _number(aggregate_id), None, marks))})
