"""Password hashes that other programs made: bcrypt, bcrypt over SHA-256, scrypt and PBKDF2, as passlib writes them.

https://passlib.readthedocs.io/en/stable/modular_crypt_format.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

import bcrypt

BCRYPT_BYTES = 72
"""How much of a password bcrypt looks at."""
MOST_SCRYPT_MEMORY = 1 << 30


def is_known(stored: str) -> bool:
    """Whether `stored` is of a kind that `matches` understands."""
    return _check_of(stored) is not None


def matches(stored: str, password: str) -> bool:
    """Whether `stored` is a hash of `password`; one that cannot be read is of nothing."""
    check = _check_of(stored)
    try:
        return check is not None and check(stored, password.encode())
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError):
        return False


def _check_of(stored: str) -> Callable[[str, bytes], bool] | None:
    return next((check for prefix, check in _CHECKS.items() if stored.startswith(prefix)), None)


def _bcrypt(stored: str, password: bytes) -> bool:
    return bcrypt.checkpw(password[:BCRYPT_BYTES], stored.encode())


def _bcrypt_sha256(stored: str, password: bytes) -> bool:
    """`$bcrypt-sha256$v=2,t=2b,r=12$salt$digest`: bcrypt of the password's HMAC, so that all of it counts."""
    _, _, parameters, salt, digest = stored.split("$")
    given = dict(part.split("=") for part in parameters.split(","))
    if given["v"] != "2":
        return False
    key = base64.b64encode(hmac.digest(salt.encode(), password, "sha256"))
    return bcrypt.checkpw(key, f"${given['t']}${int(given['r']):02d}${salt}{digest}".encode())


def _scrypt(stored: str, password: bytes) -> bool:
    """`$scrypt$ln=16,r=8,p=1$salt$digest`; `ln` is the logarithm of the cost."""
    _, _, parameters, salt, digest = stored.split("$")
    given = {name: int(value) for name, value in (part.split("=") for part in parameters.split(","))}
    wanted, cost = _bytes(digest), {"n": 1 << given["ln"], "r": given["r"], "p": given["p"]}
    made = hashlib.scrypt(password, salt=_bytes(salt), **cost, maxmem=MOST_SCRYPT_MEMORY, dklen=len(wanted))
    return hmac.compare_digest(made, wanted)


def _pbkdf2_sha512(stored: str, password: bytes) -> bool:
    """`$pbkdf2-sha512$25000$salt$digest`."""
    _, _, rounds, salt, digest = stored.split("$")
    wanted = _bytes(digest)
    return hmac.compare_digest(hashlib.pbkdf2_hmac("sha512", password, _bytes(salt), int(rounds), len(wanted)), wanted)


def _bytes(text: str) -> bytes:
    """Base64 without padding; passlib writes a dot for a plus here and there."""
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4), validate=True)


_CHECKS: dict[str, Callable[[str, bytes], bool]] = {
    "$2a$": _bcrypt,
    "$2b$": _bcrypt,
    "$2y$": _bcrypt,
    "$bcrypt-sha256$": _bcrypt_sha256,
    "$scrypt$": _scrypt,
    "$pbkdf2-sha512$": _pbkdf2_sha512,
}
"""By what a hash begins with."""
