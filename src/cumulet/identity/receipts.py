"""Receipts: what somebody has proved who must prove more before they get a token. Sealed like tokens, and never taken for one."""

from __future__ import annotations

import base64

import msgspec
from msgspec import Struct

from ..kernel.errors import Unauthorized
from .keys import KeyRing

LIFETIME_SECONDS = 300.0
_ABOUT = b"receipt"
"""What a receipt is sealed about: tokens are about nothing, so that neither can be opened as the other."""


class Receipt(Struct, frozen=True, array_like=True):
    """A user, and the methods by which they proved who they are. Instants are in seconds. New fields go to the end."""

    user_id: str
    methods: tuple[str, ...]
    issued_at: float
    expires_at: float


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Receipt).decode


def seal(keys: KeyRing, receipt: Receipt) -> str:
    """The text of a receipt."""
    return base64.urlsafe_b64encode(keys.seal(_encode(receipt), _ABOUT)).rstrip(b"=").decode()


def read(keys: KeyRing, text: str) -> Receipt:
    """A receipt from its text, whether expired or not. Raises Unauthorized if it is not one of ours."""
    try:
        return _decode(keys.open(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), _ABOUT))
    except (ValueError, msgspec.MsgspecError):
        raise Unauthorized("The auth receipt is not valid.") from None
