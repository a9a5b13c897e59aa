"""Rings of AES-256-GCM keys, one file a key. Tokens have one, credentials at rest another."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..kernel import ids

KEY_BYTES, NONCE_BYTES, NUMBER_BYTES = 32, 12, 2
_UNFINISHED = ".new"


class KeyRing:
    """Keys by number in a folder, readable by the owner only. The highest number encrypts, all of them decrypt."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """The ring in `folder`; a new one with one key if there is none. Raises ValueError naming a file that is not a key."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / _UNFINISHED).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            _write(folder, 0)
        return cls(_keys(folder))

    def seal(self, plain: bytes, about: bytes = b"") -> bytes:
        """`plain` encrypted under the newest key, to be opened only with the same `about`."""
        nonce = ids.secret_bytes(NONCE_BYTES)
        number = self._newest.to_bytes(NUMBER_BYTES, "big")
        return number + nonce + self._ciphers[self._newest].encrypt(nonce, plain, number + about)

    def open(self, sealed: bytes, about: bytes = b"") -> bytes:
        """The inverse of `seal`. Raises ValueError for what no key of the ring has sealed, or what was altered since."""
        if len(sealed) <= NUMBER_BYTES + NONCE_BYTES:
            raise ValueError("it is too short to be what was sealed")
        number, body = sealed[:NUMBER_BYTES], sealed[NUMBER_BYTES + NONCE_BYTES :]
        cipher = self._ciphers.get(int.from_bytes(number, "big"))
        if cipher is None:
            raise ValueError("it was sealed with a key that is not in the ring")
        try:
            return cipher.decrypt(sealed[NUMBER_BYTES : NUMBER_BYTES + NONCE_BYTES], body, number + about)
        except InvalidTag:
            raise ValueError("it is not what was sealed") from None


def rotate(folder: Path, keep: int = 3) -> int:
    """Put a newer key into the ring's folder and remove all but the newest `keep`; the new key's number.

    What was sealed with a removed key cannot be opened any more. A running process goes on with the keys that it has read.
    Raises ValueError naming a file that is not a key, or if fewer than two keys would be kept.
    """
    if keep < 2:
        raise ValueError("a ring keeps two keys at least, or what was sealed a moment ago could not be opened")
    numbers = sorted(_keys(folder))
    _write(folder, numbers[-1] + 1)
    for number in numbers[: 1 - keep]:
        (folder / str(number)).unlink()
    return numbers[-1] + 1


def _keys(folder: Path) -> dict[int, bytes]:
    keys = {}
    for path in folder.iterdir():
        key = path.read_bytes() if path.is_file() else b""
        if not path.name.isdigit() or len(key) != KEY_BYTES:
            raise ValueError(f"{path} is not a key: a number as its name and {KEY_BYTES} bytes are expected")
        keys[int(path.name)] = key
    return keys


def _write(folder: Path, number: int) -> None:
    """Write a key under another name first, so that a crash leaves no half of one."""
    unfinished = folder / _UNFINISHED
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(ids.secret_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / str(number))
