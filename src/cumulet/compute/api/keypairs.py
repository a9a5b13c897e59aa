"""Keypairs. https://docs.openstack.org/api-ref/compute/#keypairs-keypairs"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Struct, UnsetType

from ...kernel.db import Page
from ...kernel.errors import Invalid
from ...kernel.http import Lives, Paging, Request, Response, Version
from ..model import Keypair
from ..operations import keypairs
from . import links, queries
from . import values as v

POLICY = "os_compute_api:os-keypairs:"
TYPED = Version(2, 2)
ANY_USER = Version(2, 10)
PAGED = Version(2, 35)
NEVER_MADE_HERE = Version(2, 92)


class NewKeypair(Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to be kept, or a pair to be made."""

    name: v.Text255
    public_key: str | None = None
    type: Annotated[Literal["ssh", "x509"], Lives("2.2")] = "ssh"
    user_id: Annotated[str | None, Lives("2.10")] = None

    def check(self, version: Version) -> None:
        """Raise Invalid."""
        v.name("name", self.name)
        allowed = r"[_\-@. a-zA-Z0-9]+" if version >= NEVER_MADE_HERE else r"[_\- a-zA-Z0-9]+"
        if not re.fullmatch(allowed, self.name):
            raise v.wrong("name", self.name, f"It does not match '{allowed}'.")
        if version >= NEVER_MADE_HERE and self.public_key is None:
            raise Invalid("Invalid input for field/attribute keypair. 'public_key' is a required property.")


class KeypairName(Struct, kw_only=True):
    """A key in a list."""

    name: str
    public_key: str
    fingerprint: str
    type: Annotated[str, Lives("2.2")]


class KeypairEntry(Struct):
    """A key in a list, wrapped as a single one is."""

    keypair: KeypairName


class KeypairView(Struct, kw_only=True):
    """A key."""

    name: str
    public_key: str
    fingerprint: str
    user_id: str
    type: Annotated[str, Lives("2.2")]
    private_key: str | UnsetType = UNSET
    id: int | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    updated_at: UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET
    deleted_at: UnsetType | None = UNSET


def _common(k: Keypair) -> dict[str, Any]:
    return {"name": k.name, "public_key": k.public_key, "fingerprint": k.fingerprint, "user_id": k.user_id, "type": k.type}


def _shown(k: Keypair) -> KeypairView:
    kept: dict[str, Any] = {"updated_at": None, "deleted": False, "deleted_at": None}
    return KeypairView(id=k.sequence, created_at=k.created_at, **kept, **_common(k))


def _created(made: Keypair, pair: keypairs.Pair) -> KeypairView:
    """The private key is shown this once, and kept nowhere."""
    return KeypairView(private_key=pair.private_key or UNSET, **_common(made))


def _user(request: Request, what: str, given: str | None = None) -> str:
    """Whose keys: the caller's own, or another user's for administrators. Raises Forbidden."""
    version = request.version or ANY_USER
    asked = given or (request.asked("user_id") if version >= ANY_USER else None)
    user_id = asked or request.actor.user_id
    request.authorize(POLICY + what, user_id=user_id)
    return user_id


async def index(request: Request) -> Response:
    """A user's keys."""
    queries.only(request, "user_id", "limit", "marker")
    user_id = _user(request, "index")
    paged = (request.version or PAGED) >= PAGED
    page = Paging({}, {}, always_limit=True).page(request) if paged else Page()
    found = await keypairs.page(request.tx, user_id, page)
    names = [KeypairName(name=k.name, public_key=k.public_key, fingerprint=k.fingerprint, type=k.type) for k in found]
    more = links.following(request, "/v2.1/os-keypairs", [k.name for k in found], page.limit) if paged else []
    return Response(200, {"keypairs": [KeypairEntry(name) for name in names], **({"keypairs_links": more} if more else {})})


async def show(request: Request, name: str) -> Response:
    """One of a user's keys."""
    queries.only(request, "user_id")
    return Response(200, {"keypair": _shown(await keypairs.get(request.tx, _user(request, "show"), name))})


async def create(request: Request, body: NewKeypair) -> Response:
    """Keep a key, or make a pair."""
    version = request.version or TYPED
    body.check(version)
    user_id = _user(request, "create", body.user_id)
    pair = await keypairs.pair(body.type, user_id, body.public_key, request.tx.now)
    async with request.parts.db.tx() as tx:
        made = await keypairs.create(tx, (user_id, request.actor.project_id or ""), body.name, body.type, pair)
    return Response(201 if version >= TYPED else 200, {"keypair": _created(made, pair)})


async def delete(request: Request, name: str) -> Response:
    """Forget a key."""
    queries.only(request, "user_id")
    await keypairs.delete(request.tx, _user(request, "delete"), name)
    return Response(204 if (request.version or TYPED) >= TYPED else 202)
