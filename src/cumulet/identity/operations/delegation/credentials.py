"""Credentials: secrets that are kept for users, sealed at rest. An EC2 credential is one with an access key and a secret key."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from ....kernel.policy import Actor
from ...keys import KeyRing
from ...model import Credential
from ...store.delegation import credentials
from .. import projects
from ..resources import users

EC2, CODES = "ec2", "totp"
_BOUND = ("trust_id", "app_cred_id")
"""What an EC2 credential's blob says of the delegation that it was made by; it cannot be changed."""


class Secret(Struct, frozen=True):
    """A credential and its blob in the clear."""

    credential: Credential
    blob: str


def sealed(vault: KeyRing, credential_id: str, blob: str) -> str:
    """A blob as it is kept: only under this credential's id can it be opened."""
    return base64.b64encode(vault.seal(blob.encode(), credential_id.encode())).decode()


def unsealed(vault: KeyRing, credential_id: str, blob: str) -> str:
    """A sealed blob in the clear. Raises Unavailable if no key of the ring has sealed it under this id."""
    try:
        return vault.open(base64.b64decode(blob), credential_id.encode()).decode()
    except ValueError as problem:
        raise Unavailable(f"The credential {credential_id} cannot be decrypted.", internal=str(problem)) from None


def opened(vault: KeyRing, credential: Credential) -> Secret:
    """A credential with its blob in the clear. Raises Unavailable if no key of the ring has sealed it."""
    return Secret(credential, unsealed(vault, credential.id, credential.blob))


def check_delegated(actor: Actor, project_id: str | None) -> None:
    """Raise Forbidden if somebody who acts by delegation means a credential outside the project that was delegated."""
    if actor.is_delegated and project_id != actor.project_id:
        raise Forbidden("The credential's project is not the one for which rights were delegated.")


async def get(tx: Reader, vault: KeyRing, actor: Actor, credential_id: str) -> Secret:
    """A credential. Raises NotFound, Forbidden."""
    found = await credentials.find(tx, credential_id)
    if found is None:
        raise NotFound(f"Could not find credential: {credential_id}.")
    check_delegated(actor, found.project_id)
    return opened(vault, found)


async def page(tx: Reader, vault: KeyRing, actor: Actor, wanted: Page) -> list[Secret]:
    """Credentials; to somebody who acts by delegation, those of the delegated project."""
    if actor.is_delegated:
        wanted = wanted.where("project_id", actor.project_id or "")
    return [opened(vault, found) for found in await credentials.page(tx, wanted)]


async def create(tx: Tx, vault: KeyRing, actor: Actor, fields: dict[str, Any]) -> Secret:
    """A new credential. One of type ec2 takes its id from its access key, and remembers by what delegation it was made.

    Raises Invalid, NotFound for an unknown user or project, Forbidden for what was not delegated, Conflict if the access key is
    known.
    """
    check_delegated(actor, fields["project_id"])
    if actor.is_delegated and fields["type"].lower() == CODES:
        raise Forbidden("Codes to log in with would give more than was delegated: log in as yourself to make them.")
    await users.get(tx, fields["user_id"])
    if fields["project_id"] is not None:
        await projects.get(tx, fields["project_id"])
    blob, credential_id = fields.pop("blob"), ids.new_hex()
    if fields["type"].lower() == EC2:
        blob, credential_id = _ec2(actor, fields, blob)
        if await credentials.find(tx, credential_id) is not None:
            raise Conflict("Conflict occurred attempting to store credential - its access key is known already.")
    made = Credential(id=credential_id, blob=sealed(vault, credential_id, blob), **fields)
    await credentials.add(tx, made)
    return Secret(made, blob)


def access_id(access: str) -> str:
    """The id of the EC2 credential with this access key."""
    return hashlib.sha256(access.encode()).hexdigest()


def _ec2(actor: Actor, fields: dict[str, Any], blob: str) -> tuple[str, str]:
    """The blob and id of a new EC2 credential."""
    if actor.restricted or actor.access_token_id is not None:
        raise Forbidden("A restricted application credential, or an access token, must not make other credentials.")
    if fields["project_id"] is None:
        raise Invalid("'project_id' is a required property of a credential of type ec2.")
    keys = _ec2_keys(blob)
    given = {"trust_id": actor.trust_id, "app_cred_id": actor.application_credential_id}
    keys |= {name: value for name, value in given.items() if value is not None}
    return msgspec.json.encode(keys).decode(), access_id(keys["access"])


def _ec2_keys(blob: str) -> dict[str, Any]:
    try:
        keys = msgspec.json.decode(blob)
    except msgspec.DecodeError:
        keys = None
    if not isinstance(keys, dict) or not isinstance(keys.get("access"), str):
        raise Invalid("Invalid blob in credential: one of type ec2 is a JSON object with an access key under 'access'.")
    return keys


async def update(tx: Tx, vault: KeyRing, known: Secret, changes: dict[str, Any]) -> Secret:
    """Change a credential's blob or its extra fields. Raises Invalid for what is fixed once it is made."""
    for fixed in ("user_id", "project_id", "type"):
        if fixed in changes and changes.pop(fixed) != getattr(known.credential, fixed):
            raise Invalid(f"Invalid input for field/attribute {fixed}. It cannot be changed; make another credential.")
    blob = changes.pop("blob", known.blob)
    if known.credential.type.lower() == EC2:
        _check_same_delegation(known.blob, blob)
    changed = msgspec.structs.replace(known.credential, blob=sealed(vault, known.credential.id, blob), **changes)
    await credentials.save(tx, changed)
    return Secret(changed, blob)


def _check_same_delegation(old: str, new: str) -> None:
    before, after = _ec2_keys(old), _ec2_keys(new)
    for name in _BOUND:
        if before.get(name) != after.get(name):
            raise Invalid(f"Invalid input for field/attribute blob. {name} cannot be changed.")


async def delete(tx: Tx, known: Secret) -> None:
    """Delete a credential."""
    await credentials.remove(tx, known.credential.id)


async def totp_secrets(tx: Reader, vault: KeyRing, user_id: str) -> list[str]:
    """A user's secrets for codes by time, in base32."""
    return [opened(vault, found).blob for found in await credentials.of_user(tx, user_id, CODES)]
