"""Public keys: reading, fingerprints, making pairs."""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from ...kernel.errors import Invalid

SSH, X509 = "ssh", "x509"


def fingerprint(kind: str, public_key: str) -> str:
    """The fingerprint that clients are shown: MD5 for SSH keys (RFC 4716), SHA-1 for certificates. Raises Invalid."""
    return _ssh_fingerprint(public_key) if kind == SSH else _certificate_fingerprint(public_key)


def _ssh_fingerprint(public_key: str) -> str:
    problem = Invalid("Keypair data is invalid: failed to generate fingerprint")
    try:
        serialization.load_ssh_public_key(public_key.encode())
        content = base64.b64decode(public_key.split(None, 2)[1], validate=True)
    except UnsupportedAlgorithm:
        content = base64.b64decode(public_key.split(None, 2)[1])
    except (ValueError, IndexError, binascii.Error):
        raise problem from None
    return _colons(hashlib.md5(content, usedforsecurity=False).hexdigest())


def _certificate_fingerprint(certificate: str) -> str:
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise Invalid("Keypair data is invalid: failed to generate X509 fingerprint") from None
    return _colons(found.fingerprint(hashes.SHA1()).hex())


def _colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def generate(kind: str) -> tuple[str, str]:
    """A new pair: (public key, private key), both as text. Raises Invalid for a kind that is not made here."""
    if kind != SSH:
        raise Invalid("A certificate is not made here: give its text as public_key.")
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    secret = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    return f"{public.decode()} Generated-by-Cumulet", secret.decode()
