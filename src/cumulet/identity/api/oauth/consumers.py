"""Consumers. https://docs.openstack.org/api-ref/identity/v3-ext/#os-oauth1-api"""

from __future__ import annotations

from typing import Any

from ....kernel.db import Page
from ....kernel.errors import Invalid
from ....kernel.http import Request, Response, created, no_content, ok
from ...model import Consumer
from ...operations.oauth import consumers
from .. import fields
from . import bodies


def _view(request: Request, consumer: Consumer) -> dict[str, Any]:
    own = {"id": consumer.id, "description": consumer.description}
    return {**consumer.extra, **own, "links": fields.self_link(request, "OS-OAUTH1/consumers", consumer.id)}


def _said(request: Request, body: bodies.Consumer | bodies.ConsumerChanges) -> dict[str, Any]:
    """What the client said. Raises Invalid for a secret: it is not for clients to choose."""
    found = fields.fields(request, "consumer", body)
    if "secret" in found["extra"]:
        raise Invalid("Invalid input for field/attribute secret. It cannot be chosen.")
    return {**found, **({"description": body.description} if "description" in found else {})}


async def create(request: Request, body: bodies.Consumer) -> Response:
    """Make one; its secret is shown now and never again."""
    made = await consumers.create(request.tx, request.parts.vault, _said(request, body))
    return created({"consumer": {**_view(request, made.consumer), "secret": made.secret}})


async def index(request: Request) -> Response:
    """List them."""
    found = await consumers.page(request.reader, Page())
    return ok(fields.listed(request, "consumers", [_view(request, consumer) for consumer in found]))


async def show(request: Request, consumer_id: str) -> Response:
    """Show one."""
    return ok({"consumer": _view(request, await consumers.get(request.reader, consumer_id))})


async def update(request: Request, consumer_id: str, body: bodies.ConsumerChanges) -> Response:
    """Change what is said of one."""
    known, said = await consumers.get(request.tx, consumer_id), _said(request, body)
    changes = {**said, "extra": {**known.extra, **said["extra"]}}
    return ok({"consumer": _view(request, await consumers.update(request.tx, known, changes))})


async def delete(request: Request, consumer_id: str) -> Response:
    """Delete one: it acts for nobody any more."""
    await consumers.delete(request.tx, consumer_id)
    return no_content()
