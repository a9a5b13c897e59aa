"""Rings of AES-256-GCM keys. Tokens and receipts have one, credentials at rest another.

The primary key seals; every key of the ring opens, the staged one too, which is to be the next primary. So whatever is sealed can
be opened by every process that has read the ring since its key was staged (`key_files`).
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..kernel import ids
from . import key_files
from .key_files import Found

NONCE_BYTES, NUMBER_BYTES = 12, 2

log = logging.getLogger("cumulet.identity")


class KeyRing:
    """The keys in a folder, as they were when it was read last."""

    def __init__(self, folder: Path, found: Found) -> None:
        self.folder = folder
        self.adopt(found)

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """The ring in `folder`; a new one if there is none. Raises ValueError naming a file that is not a key."""
        return cls(folder, key_files.read_or_make(folder))

    def adopt(self, found: Found) -> None:
        """Go on with these keys: the primary one seals from now on, and those that are gone open nothing any more."""
        self._ciphers = {number: AESGCM(key) for number, key in found.keys.items()}
        self._seen = found.changed_at
        self.primary = found.primary
        self.fingerprints = fingerprints(found)

    def seal(self, plain: bytes, about: bytes = b"") -> bytes:
        """`plain` encrypted under the primary key, to be opened only with the same `about`."""
        nonce = ids.secret_bytes(NONCE_BYTES)
        number = self.primary.to_bytes(NUMBER_BYTES, "big")
        return number + nonce + self._ciphers[self.primary].encrypt(nonce, plain, number + about)

    def open(self, sealed: bytes, about: bytes = b"") -> bytes:
        """The inverse of `seal`. Raises ValueError for what no key of the ring has sealed, or what was altered since."""
        if len(sealed) <= NUMBER_BYTES + NONCE_BYTES:
            raise ValueError("it is too short to be what was sealed")
        number, body = sealed[:NUMBER_BYTES], sealed[NUMBER_BYTES + NONCE_BYTES :]
        cipher = self._cipher(sealed_by(sealed))
        if cipher is None:
            raise ValueError("it was sealed with a key that is not in the ring")
        try:
            return cipher.decrypt(sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES], body, number + about)
        except InvalidTag:
            raise ValueError("it is not what was sealed") from None

    def _cipher(self, number: int) -> AESGCM | None:
        """A key by its number; one that was put into the folder since is read now, and opens only."""
        if number not in self._ciphers and key_files.changed_at(self.folder) != self._seen:
            try:
                found = key_files.read(self.folder)
            except ValueError as problem:
                log.error("the keys in use are kept: %s", problem)
                self._seen = key_files.changed_at(self.folder)
            else:
                self._seen = found.changed_at
                self._ciphers |= {n: AESGCM(key) for n, key in found.keys.items() if n not in self._ciphers}
        return self._ciphers.get(number)


def fingerprints(found: Found) -> dict[int, str]:
    """By number, what tells one key from another and says nothing about it."""
    return {number: hashlib.sha256(b"cumulet key " + key).hexdigest()[:32] for number, key in found.keys.items()}


def sealed_by(sealed: bytes) -> int:
    """The number of the key with which this was sealed."""
    return int.from_bytes(sealed[:NUMBER_BYTES], "big")
