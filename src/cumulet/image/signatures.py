"""Signed images: bytes that somebody vouches for are accepted only if the signature over them is right.

Four properties of the image say so, as in Glance: `img_signature` (base64), `img_signature_hash_method`, `img_signature_key_type`
and `img_signature_certificate_uuid`, which names one of the certificates that the operator trusts: `<uuid>.pem` in a folder.
https://docs.openstack.org/glance/latest/user/signature.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kernel import ids
from ..kernel.clock import Clock
from ..kernel.errors import Invalid

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SIGNATURE, HASH, KEY, CERTIFICATE = _NAMES = (
    "img_signature",
    "img_signature_hash_method",
    "img_signature_key_type",
    "img_signature_certificate_uuid",
)
_FAILED = "Signature verification failed"
_HASHES = {"SHA-224": "SHA224", "SHA-256": "SHA256", "SHA-384": "SHA384", "SHA-512": "SHA512"}
_CURVES = ("SECP384R1", "SECP521R1", "SECT409K1", "SECT409R1", "SECT571K1", "SECT571R1")
KEYS = ("RSA-PSS", "DSA", *(f"ECC_{curve}" for curve in _CURVES))


class Certificates:
    """The certificates in a folder, which need not be there; `None` is no folder: nothing is trusted."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def find(self, certificate_id: str) -> Certificate:
        """A certificate that is valid now. Raises Invalid."""
        from cryptography import x509

        if not ids.is_uuid(certificate_id):
            raise Invalid(f"Invalid value for '{CERTIFICATE}': {certificate_id!r} is not a UUID.")
        path = self._folder / f"{ids.normal_uuid(certificate_id)}.pem" if self._folder else None
        if path is None or not path.is_file():
            raise Invalid(f"{_FAILED}: there is no trusted certificate {certificate_id}.")
        try:
            found = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError as problem:
            raise Invalid(f"{_FAILED}: certificate {certificate_id} cannot be read.", internal=str(problem)) from None
        if not found.not_valid_before_utc.timestamp() <= self._clock.now() <= found.not_valid_after_utc.timestamp():
            raise Invalid(f"{_FAILED}: certificate {certificate_id} is not valid now.")
        return found


class Verifier:
    """Hashes bytes as they pass by, then tells whether the signature is of these bytes."""

    def __init__(self, key: Any, key_type: str, hash_name: str, signature: bytes) -> None:
        from cryptography.hazmat.primitives import hashes

        self._key, self._key_type, self._signature = key, key_type, signature
        self._algorithm = getattr(hashes, hash_name)()
        self._hash = hashes.Hash(self._algorithm)

    async def watch(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same pieces, and Invalid at their end unless the signature is of them."""
        from cryptography.exceptions import InvalidSignature

        async for piece in pieces:
            self._hash.update(piece)
            yield piece
        try:
            self._verify(self._hash.finalize())
        except InvalidSignature:
            raise Invalid(f"{_FAILED}: the signature is not of these bytes.") from None

    def _verify(self, digest: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

        hashed = utils.Prehashed(self._algorithm)
        if self._key_type == "RSA-PSS":
            scheme = padding.PSS(padding.MGF1(self._algorithm), padding.PSS.AUTO)
            self._key.verify(self._signature, digest, scheme, hashed)
        elif self._key_type == "DSA":
            self._key.verify(self._signature, digest, hashed)
        else:
            self._key.verify(self._signature, digest, ec.ECDSA(hashed))


def said(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties that say how the image is signed."""
    return {name: properties[name] for name in _NAMES if name in properties}


def checked(certificates: Certificates, properties: Mapping[str, str], pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes of an image with these properties; if it is signed, they end with Invalid unless the signature is of them.

    Raises Invalid at once for properties that cannot be right, half a signature among them, and for a certificate that is not
    trusted.
    """
    found = verifier(certificates, properties)
    return found.watch(pieces) if found else pieces


def verifier(certificates: Certificates, properties: Mapping[str, str]) -> Verifier | None:
    """What verifies the bytes of an image with these properties; None if it is not signed. Raises Invalid."""
    missing = [name for name in _NAMES if not properties.get(name)]
    if len(missing) == len(_NAMES):
        return None
    if missing:
        raise Invalid(f"The image is signed, but {' and '.join(missing)} are not set.")
    hash_name = _HASHES.get(properties[HASH])
    if hash_name is None:
        raise Invalid(f"Invalid value for '{HASH}': {properties[HASH]!r} is not one of {', '.join(_HASHES)}.")
    try:
        signature = base64.b64decode(properties[SIGNATURE], validate=True)
    except binascii.Error:
        raise Invalid(f"Invalid value for '{SIGNATURE}': it is not base64.") from None
    key = certificates.find(properties[CERTIFICATE]).public_key()
    _check_key(key, properties[KEY])
    return Verifier(key, properties[KEY], hash_name, signature)


def _check_key(key: Any, key_type: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    if key_type not in KEYS:
        raise Invalid(f"Invalid value for '{KEY}': {key_type!r} is not one of {', '.join(KEYS)}.")
    kinds = {"RSA-PSS": rsa.RSAPublicKey, "DSA": dsa.DSAPublicKey}
    right = isinstance(key, kinds.get(key_type, ec.EllipticCurvePublicKey))
    if not right or (key_type.startswith("ECC_") and f"ECC_{key.curve.name.upper()}" != key_type):
        raise Invalid(f"{_FAILED}: the certificate's key is not of type {key_type}.")
