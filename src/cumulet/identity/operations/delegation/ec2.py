"""EC2 credentials, as `/users/{id}/credentials/OS-EC2` shows them: an access key and a secret key for a project."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import NotFound
from ....kernel.policy import Actor
from ...keys import KeyRing
from ..resources import users
from . import credentials
from .credentials import EC2, Secret


class Keys(Struct, frozen=True):
    """One credential."""

    user_id: str
    project_id: str | None
    access: str
    secret: str | None
    trust_id: str | None


def _keys(found: Secret) -> Keys:
    blob: dict[str, Any] = msgspec.json.decode(found.blob)
    return Keys(found.credential.user_id, found.credential.project_id, blob["access"], blob.get("secret"), blob.get("trust_id"))


async def create(tx: Tx, vault: KeyRing, actor: Actor, user_id: str, project_id: str) -> Keys:
    """New keys for a user in a project. Raises NotFound, Forbidden."""
    blob = msgspec.json.encode({"access": ids.new_hex(), "secret": ids.new_hex(), "trust_id": actor.trust_id}).decode()
    fields = {"user_id": user_id, "project_id": project_id, "type": EC2, "blob": blob, "extra": {}}
    return _keys(await credentials.create(tx, vault, actor, fields))


async def page(tx: Reader, vault: KeyRing, actor: Actor, user_id: str) -> list[Keys]:
    """All keys of a user. Raises NotFound."""
    await users.get(tx, user_id)
    found = await credentials.page(tx, vault, actor, Page().where("user_id", user_id).where("type", EC2))
    return [_keys(secret) for secret in found]


async def get(tx: Reader, vault: KeyRing, actor: Actor, user_id: str, access: str) -> Keys:
    """The keys with this access key. Raises NotFound, also if they are another user's."""
    return _keys(await _find(tx, vault, actor, user_id, access))


async def _find(tx: Reader, vault: KeyRing, actor: Actor, user_id: str, access: str) -> Secret:
    """Whose they are does not matter to an administrator, who may see and delete all of them."""
    found = await credentials.get(tx, vault, actor, credentials.access_id(access))
    if found.credential.type != EC2 or (found.credential.user_id != user_id and not actor.is_admin):
        raise NotFound(f"Could not find credential: {access}.")
    return found


async def delete(tx: Tx, vault: KeyRing, actor: Actor, user_id: str, access: str) -> None:
    """Delete the keys with this access key. Raises NotFound."""
    await credentials.delete(tx, await _find(tx, vault, actor, user_id, access))
