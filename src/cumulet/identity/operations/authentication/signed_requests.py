"""Tokens for requests that were signed with EC2 credentials, for services that got such a request and ask whose it is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ....kernel.db import Reader
from ....kernel.errors import NotFound, Unauthorized
from ...keys import KeyRing
from ...model import ApplicationCredential, Credential, Trust, User
from ...store import users
from ...store.delegation import application_credentials, credentials, trusts
from ..delegation.credentials import EC2, access_id, opened
from ..tokens import Authenticated, Tokens
from .logging_in import Wanted, grant_token
from .methods import Proof
from .named import REFUSAL, Named

METHOD = "ec2credential"


class _Blob(msgspec.Struct, frozen=True):
    access: str
    secret: str
    trust_id: str | None = None
    app_cred_id: str | None = None


class _Found(msgspec.Struct, frozen=True):
    """Keys, with the delegation that they were made by."""

    credential: Credential
    secret: str
    user: User
    trust: Trust | None
    application: ApplicationCredential | None


async def log_in(tokens: Tokens, vault: KeyRing, access: str, check: Callable[[str], None]) -> Authenticated:
    """A token of the user in the project that the keys are for. `check` gets the secret key and raises Unauthorized.

    Keys that were made by delegation give no more than was delegated. Raises NotFound for an unknown access key, Unauthorized.
    """
    async with tokens.db.read() as tx:
        found = await _find(tx, vault, access)
        check(found.secret)
    wanted = Wanted("project", Named(id=found.credential.project_id))
    if found.trust is not None:
        wanted = Wanted("trust", Named(id=found.trust.id))
    elif found.application is not None:
        wanted = Wanted()
    user = await tokens.directories.current(found.user)
    return await grant_token(tokens, Proof(user, (METHOD,), credential=found.application), wanted)


async def _find(tx: Reader, vault: KeyRing, access: str) -> _Found:
    credential = await credentials.find(tx, access_id(access))
    if credential is None or credential.type.lower() != EC2:
        raise NotFound("EC2 access key not found.")
    try:
        blob = msgspec.json.decode(opened(vault, credential).blob, type=_Blob)
    except msgspec.DecodeError:
        raise Unauthorized(REFUSAL, internal=f"the blob of credential {credential.id} has no secret key") from None
    trust = await trusts.find(tx, blob.trust_id) if blob.trust_id else None
    application = await application_credentials.find(tx, blob.app_cred_id) if blob.app_cred_id else None
    if (blob.trust_id and trust is None) or (blob.app_cred_id and application is None):
        raise Unauthorized(REFUSAL, internal=f"the delegation of credential {credential.id} is gone")
    if application is not None and application.project_id != credential.project_id:
        raise Unauthorized("The keys are for another project than the application credential that they were made by.")
    # Keys made with an impersonating trust's token belong to the trustor; the trust itself was given to the trustee.
    user = await users.find(tx, trust.trustee_user_id if trust is not None else credential.user_id)
    if user is None:
        raise Unauthorized(REFUSAL, internal=f"the user of credential {credential.id} is gone")
    return _Found(credential, blob.secret, user, trust, application)
