"""The token format: AES-256-GCM over msgpack, under a ring of keys of which the newest encrypts."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from ..kernel import ids
from ..kernel.errors import Unauthorized
from .model import Scope


class Claims(Struct, frozen=True, array_like=True):
    """What a token says. Instants are in seconds; `audit_ids` holds its own and that of the token it was made from, if any."""

    user_id: str
    methods: tuple[str, ...]
    scope: Scope
    issued_at: float
    expires_at: float
    audit_ids: tuple[str, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Claims).decode


class KeyRing:
    """Keys by number in a folder, one file each, readable by the owner only. The highest number encrypts, all of them decrypt."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """The ring in `folder`; a new one with one key if there is none. Raises ValueError naming a file that is not a key."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not any(folder.iterdir()):
            descriptor = os.open(folder / "0", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(ids.secret_bytes(32))
        keys = {}
        for path in folder.iterdir():
            key = path.read_bytes()
            if not path.name.isdigit() or len(key) != 32:
                raise ValueError(f"{path} is not a token key: a number as its name and 32 bytes are expected")
            keys[int(path.name)] = key
        return cls(keys)

    def seal(self, claims: Claims) -> str:
        """The token for these claims."""
        nonce = ids.secret_bytes(12)
        number = self._newest.to_bytes(2, "big")
        sealed = self._ciphers[self._newest].encrypt(nonce, _encode(claims), number)
        return base64.urlsafe_b64encode(number + nonce + sealed).rstrip(b"=").decode()

    def open(self, token: str) -> Claims:
        """The claims of a token, whether expired or not. Raises Unauthorized if it is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            cipher = self._ciphers[int.from_bytes(raw[:2], "big")]
            return _decode(cipher.decrypt(raw[2:14], raw[14:], raw[:2]))
        except (ValueError, KeyError, InvalidTag, msgspec.MsgspecError):
            raise Unauthorized("The token is not valid.") from None
