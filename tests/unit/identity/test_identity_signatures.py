"""Signatures of EC2 and S3 requests. The expected ones were made by botocore 1.43.11's signers, or are published by AWS."""

from __future__ import annotations

import base64

import msgspec
import pytest

from cumulet.identity.signatures import SIGNED_SECONDS, Signed, check_ec2, check_s3, check_time
from cumulet.kernel.clock import seconds
from cumulet.kernel.errors import Unauthorized

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST, PATH = "cloud.test:8773", "/services/Cloud"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of an empty body."""

SCOPE = "AKIDEXAMPLE/20261122/RegionOne/ec2/aws4_request"


def authorization(names: str, scope: str = SCOPE) -> str:
    """A header of version 4; its own signature does not matter."""
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature=x"


DATED = {"Host": HOST, "X-Amz-Date": "20261122T102030Z"}
VECTORS = {
    "version 2, in a form": (
        Signed(
            "POST",
            HOST,
            PATH,
            {
                "Action": "DescribeInstances",
                "Filter": "a b~*ü",
                "Version": "2013-02-01",
                "AWSAccessKeyId": "AKIDEXAMPLE",
                "SignatureVersion": "2",
                "SignatureMethod": "HmacSHA256",
                "Timestamp": "2026-11-22T10:20:30Z",
            },
            {},
        ),
        "xjMBGIRxRgI+wYFYliz/sXmUl5erNfN01DJbLdVEpUE=",
    ),
    "version 4, in a header": (
        Signed(
            "GET",
            HOST,
            PATH,
            {"Action": "DescribeInstances", "Filter": "a b~*", "Version": "2013-02-01"},
            {**DATED, "User-Agent": "x", "Authorization": authorization("host;x-amz-date")},
            NOTHING,
        ),
        "33e4e44325b48e7a71c69d03ce2c1f3d981fff453cb34a6121a28ce459f9ba2f",
    ),
    "version 4, with a body": (
        Signed(
            "POST",
            HOST,
            PATH,
            {"Action": "DescribeInstances", "Version": "2013-02-01"},
            {
                **DATED,
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": authorization("content-type;host;x-amz-date"),
            },
            "2d44761bb944be9fabf6370d3414f22f32e81fd9d74b137744a9fe807f066519",
        ),
        "2aa19bdda68a41be6b5fcd28b6bb3ac16f155962317c035f97a57ef034327931",
    ),
    "version 4, in the query": (
        Signed(
            "GET",
            HOST,
            PATH,
            {
                "Action": "DescribeInstances",
                "Version": "2013-02-01",
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": SCOPE,
                "X-Amz-Date": "20261122T102030Z",
                "X-Amz-Expires": "300",
                "X-Amz-SignedHeaders": "host",
            },
            {"Host": HOST},
            NOTHING,
        ),
        "dfe02754bc6b9a8cf8a216f9baf4c44d8c656ff4f9913ab7ccf668431052c3c8",
    ),
    "AWS's example of version 4": (
        Signed(
            "GET",
            "iam.amazonaws.com",
            "/",
            {"Action": "ListUsers", "Version": "2010-05-08"},
            {
                "Host": "iam.amazonaws.com",
                "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
                "X-Amz-Date": "20150830T123600Z",
                "Authorization": authorization("content-type;host;x-amz-date", "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request"),
            },
            NOTHING,
        ),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ),
}
VECTOR = pytest.mark.parametrize(("signed", "signature"), VECTORS.values(), ids=VECTORS.keys())


@VECTOR
def test_what_a_client_of_ec2_signs_is_taken(signed, signature):
    check_ec2(SECRET, signed, signature)


@VECTOR
@pytest.mark.parametrize("change", [{"verb": "DELETE"}, {"path": "/other"}, {"params": {"Action": "TerminateInstances"}}])
def test_whatever_is_changed_after_signing_is_refused(signed, signature, change):
    params = {**signed.params, **change.get("params", {})}
    # A form's fields are in the body, which version 4 signs by its hash.
    body = {"body_hash": "0" * 64} if signed.verb == "POST" else {}
    with pytest.raises(Unauthorized, match="not right"):
        check_ec2(SECRET, msgspec.structs.replace(signed, **{**change, **body, "params": params}), signature)


@VECTOR
def test_another_secret_key_signs_otherwise(signed, signature):
    with pytest.raises(Unauthorized, match="not right"):
        check_ec2("another", signed, signature)


def test_a_client_may_leave_the_port_out():
    signed, signature = VECTORS["version 2, in a form"]
    bare = msgspec.structs.replace(signed, host="cloud.test")
    with pytest.raises(Unauthorized):
        check_ec2(SECRET, bare, signature)
    without_port = "hAtx5HGdGgIP1v0k4F7QyfrGn41TQtIIr6oalRFFTcc="
    check_ec2(SECRET, signed, without_port)


@pytest.mark.parametrize("version", ["0", "1", "3"])
def test_versions_that_sign_too_little_are_refused(version):
    signed = Signed("GET", HOST, PATH, {"SignatureVersion": version, "Action": "x", "Timestamp": "2026-11-22T10:20:30Z"}, {})
    with pytest.raises(Unauthorized, match=f"version {version}"):
        check_ec2(SECRET, signed, "x")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Amz-Date": "20261122T102030Z", "Authorization": authorization("host;x-amz-date")},
        {**DATED, "Authorization": "AWS4-HMAC-SHA256 nonsense"},
        {"Host": HOST, "Authorization": authorization("host")},
        {**DATED, "X-Amz-Date": "20261123T000000Z", "Authorization": authorization("host;x-amz-date")},
        {**DATED, "Authorization": authorization("host;x-amz-date", "AKIDEXAMPLE/20261122")},
        {**DATED, "Authorization": "Basic x"},
    ],
    ids=["a signed header is missing", "no scope", "no date", "another date", "half a scope", "another way"],
)
def test_a_signature_without_all_that_it_needs_is_refused(headers):
    with pytest.raises(Unauthorized):
        check_ec2(SECRET, Signed("GET", HOST, PATH, {}, headers, NOTHING), "x")


def encoded(text: str) -> str:
    """As S3's middleware sends it."""
    return base64.urlsafe_b64encode(text.encode()).decode()


S3_2 = encoded("PUT\n\ntext/plain\nSun, 22 Nov 2026 16:20:39 GMT\n/bucket/key%20name")
S3_4 = (
    "AWS4-HMAC-SHA256\n20261122T102030Z\n20261122/RegionOne/{}/aws4_request\n"
    "12a45977a3ca8befa5234556f13f156dab07611e850dfea7e01dffcac35a0c55"
)


def test_what_a_client_of_s3_signs_is_taken():
    check_s3(SECRET, S3_2, "GcQISgP4RdoricfrUKo5vblm4oI=")
    check_s3(SECRET, encoded(S3_4.format("s3")), "f38cb5571e485d7123f8408c0ed2d0adb57af85fb2dde89d5f521abaad4e00b2")


@pytest.mark.parametrize("token", [S3_2, encoded(S3_4.format("s3")), encoded(S3_4.format("ec2")), encoded("AWS4"), "no=base64"])
def test_another_signature_or_another_text_is_refused(token):
    with pytest.raises(Unauthorized):
        check_s3(SECRET, token, "f38cb5571e485d7123f8408c0ed2d0adb57af85fb2dde89d5f521abaad4e00b3")


@pytest.mark.parametrize("where", ["Timestamp", "X-Amz-Date", "header"])
def test_a_signature_is_good_for_a_while(where):
    text = "20261122T102030Z" if where != "Timestamp" else "2026-11-22T10:20:30Z"
    params, headers = ({}, {"x-amz-date": text}) if where == "header" else ({where: text}, {})
    signed, at = Signed("GET", HOST, PATH, params, headers), seconds("2026-11-22T10:20:30")
    for late in (-SIGNED_SECONDS, 0, SIGNED_SECONDS):
        check_time(signed, at + late)
    for late in (-SIGNED_SECONDS - 1, SIGNED_SECONDS + 1):
        with pytest.raises(Unauthorized, match="expired"):
            check_time(signed, at + late)


def test_a_time_that_is_none_is_refused():
    with pytest.raises(Unauthorized, match="ISO 8601"):
        check_time(Signed("GET", HOST, PATH, {"Timestamp": "yesterday"}, {}), 0.0)
