"""Signatures of requests that clients of EC2 and S3 make, version 2 and 4, as the secret key's owner would have made them.

Sources: "Signature Version 2 signing process" and "Signature Version 4 signing process" in the AWS General Reference, "Signing and
authenticating REST requests" in the S3 developer guide; and what Keystone's EC2 extension takes of a request. Versions 0 and 1 of
EC2 are refused: one signs nothing but an action and a time, the other cannot tell `ab=c` from `a=bc`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from ..kernel.clock import seconds
from ..kernel.errors import Unauthorized

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNED_SECONDS = 15 * 60.0
"""How long a signature is good for, before and after the time that it names."""

_S3_SERVICES = ("s3", "iam", "sts")


class Signed(Struct, frozen=True):
    """A request that somebody signed, without its body: `body_hash` is the SHA-256 of that, in hexadecimal."""

    verb: str
    host: str
    path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    body_hash: str = ""


class _Scope(Struct, frozen=True):
    """What version 4 says of itself, in the header Authorization or in parameters."""

    credential: str
    signed_headers: str
    date: str


def check_ec2(secret: str, signed: Signed, signature: str) -> None:
    """Raise Unauthorized unless `signature` is that of the request. Some clients leave the port of the host out."""
    hosts = dict.fromkeys((signed.host, urlsplit(f"//{signed.host}").hostname or ""))
    _require_one_of([_ec2(secret, signed, host) for host in hosts], signature)


def check_s3(secret: str, token: str, signature: str) -> None:
    """Raise Unauthorized unless `signature` is that of the text that S3's client signed; `token` is its base64."""
    try:
        text = base64.urlsafe_b64decode(token)
    except ValueError:
        raise Unauthorized("What was signed is not in base64.") from None
    made = _s3_4(secret, text) if text.startswith(b"AWS4") else _base64(hmac.digest(secret.encode(), text, "sha1"))
    _require_one_of([made], signature)


def check_time(signed: Signed, now: float) -> None:
    """Raise Unauthorized unless the request was signed about now. One that names no time is good for ever, as upstream has it."""
    headers = _lower(signed.headers)
    text = signed.params.get("Timestamp") or headers.get("x-amz-date") or signed.params.get("X-Amz-Date")
    if not text:
        return
    try:
        at = seconds(str(text))
    except ValueError:
        raise Unauthorized("The time of the signature is not one as ISO 8601 writes it.") from None
    if abs(now - at) > SIGNED_SECONDS:
        raise Unauthorized("The signature is expired, or of another time than it says.")


def _require_one_of(made: list[str], signature: str) -> None:
    """Every comparison takes the same time, and all of them are made."""
    if not sum(hmac.compare_digest(one.encode(), signature.encode()) for one in made):
        raise Unauthorized("The signature is not right.")


def _ec2(secret: str, signed: Signed, host: str) -> str:
    version = signed.params.get("SignatureVersion")
    if version == "2":
        return _ec2_2(secret, signed, host)
    if version is not None:
        raise Unauthorized(f"Signatures of version {version} are not taken here; 2 and 4 are.")
    if (
        not _lower(signed.headers).get("authorization", "").startswith(ALGORITHM)
        and signed.params.get("X-Amz-Algorithm") != ALGORITHM
    ):
        raise Unauthorized(f"The request names no way of signing: SignatureVersion 2 or {ALGORITHM} is expected.")
    return _ec2_4(secret, signed)


def _ec2_2(secret: str, signed: Signed, host: str) -> str:
    method = signed.params.get("SignatureMethod", "HmacSHA256")
    if method != "HmacSHA256":
        raise Unauthorized(f"Signatures by {method} are not taken here; those by HmacSHA256 are.")
    params = {**{k: v for k, v in signed.params.items() if k != "Signature"}, "SignatureMethod": method}
    text = f"{signed.verb}\n{host}\n{signed.path}\n{_query(params)}"
    return _base64(hmac.digest(secret.encode(), text.encode(), "sha256"))


def _ec2_4(secret: str, signed: Signed) -> str:
    headers, scope = _lower(signed.headers), _scope(signed)
    date, *rest = scope.credential.split("/")[1:]
    if len(rest) != 3 or not scope.date.startswith(date):
        raise Unauthorized("The scope of the signature is not one of the request's date.")
    names = scope.signed_headers.split(";")
    if any(name not in headers for name in names):
        raise Unauthorized("A header was signed that the request does not have.")
    query = "" if signed.verb.upper() == "POST" else _query({k: v for k, v in signed.params.items() if k != "X-Amz-Signature"})
    canonical = "\n".join(
        (
            signed.verb.upper(),
            signed.path,
            query,
            *(f"{name}:{headers[name]}" for name in names),
            "",
            scope.signed_headers,
            signed.body_hash,
        )
    )
    text = "\n".join((ALGORITHM, scope.date, "/".join((date, *rest)), hashlib.sha256(canonical.encode()).hexdigest()))
    return hmac.digest(_key(secret, [date, *rest]), text.encode(), "sha256").hex()


def _scope(signed: Signed) -> _Scope:
    headers = _lower(signed.headers)
    stated = headers.get("authorization")
    if stated is None:
        found = {name: str(signed.params.get(f"X-Amz-{name}", "")) for name in ("Credential", "SignedHeaders")}
    else:
        parts = (part.strip().partition("=") for part in stated.removeprefix(ALGORITHM).split(","))
        found = {name: value for name, _, value in parts}
    date = headers.get("x-amz-date") or str(signed.params.get("X-Amz-Date", ""))
    if not found.get("Credential") or not found.get("SignedHeaders") or not date:
        raise Unauthorized("The signature names no credential, no headers or no date.")
    return _Scope(found["Credential"], found["SignedHeaders"], date)


def _s3_4(secret: str, text: bytes) -> str:
    lines = text.decode(errors="replace").split("\n")
    scope = lines[2].split("/") if len(lines) == 4 and lines[0] == ALGORITHM else []
    if len(scope) != 4 or scope[2] not in _S3_SERVICES or scope[3] != "aws4_request":
        raise Unauthorized("What was signed is not a request to S3.")
    return hmac.digest(_key(secret, scope), text, "sha256").hex()


def _key(secret: str, scope: list[str]) -> bytes:
    """The key for one date, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _query(params: Mapping[str, Any]) -> str:
    return "&".join(f"{quote(name, safe='-_~')}={quote(str(params[name]), safe='-_~')}" for name in sorted(params))


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower().strip(): value.strip() for name, value in headers.items()}


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
