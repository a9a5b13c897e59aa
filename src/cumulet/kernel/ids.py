"""Identifiers and secrets. The only place that draws random numbers."""

from __future__ import annotations

import secrets
import uuid


def new_uuid() -> str:
    """A random UUID with dashes."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """A random UUID without dashes: identity's ids."""
    return uuid.uuid4().hex


def derived_uuid(*parts: str) -> str:
    """The same UUID for the same parts, so that a retry creates nothing twice (RFC 4122, version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(parts)))


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID, with or without dashes."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def secret_bytes(size: int) -> bytes:
    """`size` unpredictable bytes."""
    return secrets.token_bytes(size)


def secret_text(size: int = 24) -> str:
    """An unpredictable URL-safe text made of `size` random bytes."""
    return secrets.token_urlsafe(size)


def mac_address(prefix: str = "fa:16:3e") -> str:
    """A random MAC address under `prefix`, three octets."""
    return prefix + "".join(f":{octet:02x}" for octet in secrets.token_bytes(3))


def pick(count: int) -> int:
    """A random number from 0 to `count` - 1."""
    return secrets.randbelow(count)


def normal_uuid(text: str) -> str:
    """A UUID as OpenStack writes it: lower case, with dashes. Raises ValueError."""
    return str(uuid.UUID(text))
