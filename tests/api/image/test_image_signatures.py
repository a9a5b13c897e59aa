"""Signed images: accepted only with a right signature by a trusted certificate."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

CONTENT = b"bytes that somebody vouches for" * 1000
CERTIFICATE = "00000000-1111-2222-3333-444455556666"
START = datetime(2027, 1, 1, tzinfo=UTC)
HASHES = {"SHA-224": hashes.SHA224(), "SHA-256": hashes.SHA256(), "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}
KEYS = {
    "RSA-PSS": rsa.generate_private_key(65537, 2048),
    "DSA": dsa.generate_private_key(1024),
    "ECC_SECP384R1": ec.generate_private_key(ec.SECP384R1()),
    "ECC_SECP521R1": ec.generate_private_key(ec.SECP521R1()),
}


def trust(images, key, days=30):
    """Write a certificate for a key where the operator keeps those that are trusted."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(START).not_valid_after(START + timedelta(days=days))
    images.certificates.mkdir(exist_ok=True)
    signed = made.sign(KEYS["ECC_SECP384R1"], hashes.SHA256())
    (images.certificates / f"{CERTIFICATE}.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def signature(key_type, hash_method, content=CONTENT):
    key, algorithm = KEYS[key_type], HASHES[hash_method]
    if key_type == "RSA-PSS":
        return key.sign(content, padding.PSS(padding.MGF1(algorithm), padding.PSS.MAX_LENGTH), algorithm)
    return key.sign(content, algorithm) if key_type == "DSA" else key.sign(content, ec.ECDSA(algorithm))


def properties(key_type="RSA-PSS", hash_method="SHA-256", **changed):
    said = {
        "img_signature": base64.b64encode(signature(key_type, hash_method)).decode(),
        "img_signature_hash_method": hash_method,
        "img_signature_key_type": key_type,
        "img_signature_certificate_uuid": CERTIFICATE,
    }
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


async def uploaded(images, content=CONTENT, **signed):
    client = images.client()
    made = await images.make(client, **signed)
    answer = await images.upload(client, made["id"], content)
    shown = (await client.get(f"/v2/images/{made['id']}")).json()
    return answer, shown["status"]


@pytest.mark.parametrize("key_type", KEYS)
@pytest.mark.parametrize("hash_method", ["SHA-256", "SHA-512"])
async def test_a_right_signature_is_accepted(images, key_type, hash_method):
    trust(images, KEYS[key_type])
    answer, status = await uploaded(images, **properties(key_type, hash_method))
    assert (answer.status_code, status) == (204, "active")


@pytest.mark.parametrize("key_type", KEYS)
async def test_other_bytes_are_refused_and_nothing_of_them_is_left(images, key_type):
    trust(images, KEYS[key_type])
    answer, status = await uploaded(images, CONTENT + b"!", **properties(key_type))
    assert (answer.status_code, status) == (400, "queued")
    assert answer.json()["message"] == "Signature verification failed: the signature is not of these bytes."
    assert images.files()["images"] == images.files()["incoming"] == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"img_signature": None}, "img_signature are not set"),
        ({"img_signature_key_type": None, "img_signature_hash_method": None}, "hash_method and img_signature_key_type"),
        ({"img_signature": "not base64!"}, "not base64"),
        ({"img_signature_hash_method": "MD5"}, "'MD5' is not one of"),
        ({"img_signature_key_type": "RSA"}, "'RSA' is not one of"),
        ({"img_signature_key_type": "DSA"}, "key is not of type DSA"),
        ({"img_signature_key_type": "ECC_SECP384R1"}, "key is not of type ECC_SECP384R1"),
        ({"img_signature_certificate_uuid": "../../etc/passwd"}, "not a UUID"),
        ({"img_signature_certificate_uuid": CERTIFICATE.replace("0", "9")}, "no trusted certificate"),
    ],
)
async def test_properties_that_cannot_be_right_are_refused_before_the_bytes(images, changed, why):
    trust(images, KEYS["RSA-PSS"])
    answer, status = await uploaded(images, **properties(**changed))
    assert (answer.status_code, status) == (400, "queued")
    assert why in answer.json()["message"]


async def test_a_certificate_that_has_expired_vouches_for_nothing(images):
    trust(images, KEYS["RSA-PSS"], days=3)
    answer, status = await uploaded(images, **properties())
    assert (answer.status_code, status) == (400, "queued")
    assert "is not valid now" in answer.json()["message"]


async def test_a_certificate_that_cannot_be_read_is_named(images):
    images.certificates.mkdir()
    (images.certificates / f"{CERTIFICATE}.pem").write_text("no certificate")
    answer, _ = await uploaded(images, **properties())
    assert f"certificate {CERTIFICATE} cannot be read" in answer.json()["message"]


async def test_without_trusted_certificates_no_signed_image_is_accepted(images):
    answer, status = await uploaded(images, **properties())
    assert (answer.status_code, status) == (400, "queued")
