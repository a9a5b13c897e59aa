"""Public keys: reading, fingerprints, making pairs."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from ...kernel.errors import Invalid

SSH, X509 = "ssh", "x509"
_PRINCIPAL = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""Microsoft's user principal name."""


class Pair(Struct, frozen=True):
    """A public key (or a certificate), and the private key if it was made here."""

    public_key: str
    private_key: str | None = None


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


def generate(kind: str, user_id: str, now: float) -> Pair:
    """A new pair; takes a tenth of a second of a processor. RSA, since guests encrypt passwords for the owner with it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if kind == X509:
        certificate = _certificate(private, user_id, datetime.fromtimestamp(now, UTC))
        bundle = pkcs12.serialize_key_and_certificates(None, private, certificate, None, serialization.NoEncryption())
        return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), base64.b64encode(bundle).decode())
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    secret = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return Pair(f"{public.decode()} Generated-by-Cumulet", secret.decode())


def _certificate(private: rsa.RSAPrivateKey, user_id: str, now: datetime) -> x509.Certificate:
    """A client certificate for WinRM, signed by itself, valid for ten years; the user is named as Windows wants it."""
    common_name = user_id[:64]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    principal = f"{common_name}@localhost".encode()
    value = bytes((0x0C, len(principal))) + principal
    return (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number(), now, now + timedelta(days=3650))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.OtherName(_PRINCIPAL, value)]), critical=False)
        .sign(private, hashes.SHA256())
    )
