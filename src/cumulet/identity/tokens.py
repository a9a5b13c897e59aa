"""The token format: AES-256-GCM over msgpack."""

from __future__ import annotations

import base64

import msgspec
from msgspec import Struct

from ..kernel.errors import Unauthorized
from .keys import KeyRing
from .model import Scope


class Claims(Struct, frozen=True, array_like=True):
    """What a token says. Instants are in seconds; `audit_ids` holds its own and that of the token it was made from, if any.

    `trust_id`, `application_credential_id` or `access_token_id` name the delegation that it came from; `idp_id` and `protocol_id`
    the log-in by an identity provider. New fields go to the end and have a default: tokens of the version before are read too.
    """

    user_id: str
    methods: tuple[str, ...]
    scope: Scope
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]
    trust_id: str = ""
    application_credential_id: str = ""
    idp_id: str = ""
    protocol_id: str = ""
    access_token_id: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Claims).decode


def seal(keys: KeyRing, claims: Claims) -> str:
    """The token for these claims."""
    return base64.urlsafe_b64encode(keys.seal(_encode(claims))).rstrip(b"=").decode()


def read(keys: KeyRing, token: str) -> Claims:
    """The claims of a token, whether expired or not. Raises Unauthorized if it is not one of ours."""
    try:
        return _decode(keys.open(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))))
    except (ValueError, msgspec.MsgspecError):
        raise Unauthorized("The token is not valid.") from None
