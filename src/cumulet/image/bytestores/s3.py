"""Bytes in a bucket of an S3 service.

    images/<key>       incoming as a multipart upload; complete, or small, as an object
    quarantine/<key>   an empty object: the bytes of that key are in quarantine since it was made

An object cannot be renamed, only copied; so quarantine is a mark. No image that can be read names marked bytes.
https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...kernel.clock import seconds, stamp
from ...kernel.errors import TooLarge, Unavailable
from .protocol import BLOCK, Health, Quarantined, Sink
from .settings import S3Settings

MIB = 1 << 20
_MOST_PARTS = 10_000
_URL_SECONDS = 24 * 3600
_ABSENT = ("404", "NoSuchKey", "NotFound", "NoSuchUpload")
_FULL = ("QuotaExceeded", "EntityTooLarge", "InsufficientCapacity", "XMinioStorageFull", "507")


class S3Store:
    """The bucket, which is made if it is not there. Raises ValueError if the extra `s3` is not installed."""

    kind = "s3"
    read_only = False
    private = True

    def __init__(self, settings: S3Settings) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise ValueError("image_stores: a store of type s3 needs the extra: pip install 'cumulet[s3]'") from None
        self._settings = settings
        self._failures: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
        path_style = {"addressing_style": "path"} if settings.endpoint else {}
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.endpoint or None,
            region_name=settings.region,
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key or None,
            config=Config(
                s3=path_style,
                retries={"max_attempts": 5, "mode": "standard"},
                # Services other than Amazon's do not all know the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def properties(self) -> dict[str, str | int | bool]:
        """Where the bucket is."""
        told = self._settings
        return {"bucket": told.bucket, "endpoint": told.endpoint, "region": told.region, "chunk_size": told.part_mb * MIB}

    def health(self) -> Health:
        """Whether the bucket can be used."""
        try:
            self.call("head_bucket")
        except Unavailable as problem:
            return Health(problem.message)
        return Health()

    def begin(self, key: str) -> Sink:
        """Nothing is sent before there is enough for a first part."""
        return _S3Sink(self, self.object(key), self._settings.part_mb * MIB)

    def object(self, key: str, folder: str = "images") -> str:
        """The object's name in the bucket."""
        return f"{self._settings.prefix}{folder}/{key}"

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """One request to the service. Raises TooLarge, Unavailable (code `absent` if there is no such object)."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self._settings.bucket, **arguments)
        except self._failures as problem:
            code = str(getattr(problem, "response", {}).get("Error", {}).get("Code", ""))
            if code in _FULL:
                raise TooLarge("The image store is full.", internal=str(problem)) from None
            absent = "absent" if code in _ABSENT else ""
            raise Unavailable("The image store does not answer now.", absent, internal=str(problem)) from None
        return answer

    def blocks(self, key: str, offset: int, count: int) -> Iterator[bytes]:
        """One GET with a range."""
        if not count:
            return
        body = self.call("get_object", Key=self.object(key), Range=f"bytes={offset}-{offset + count - 1}")["Body"]
        with contextlib.closing(body):
            while count:
                block = self._piece(body, min(BLOCK, count))
                yield block
                count -= len(block)

    def _piece(self, body: Any, count: int) -> bytes:
        try:
            block: bytes = body.read(count)
        except Exception as problem:  # the client lets errors of two libraries under it through
            raise Unavailable("The image store stopped sending.", internal=str(problem)) from None
        if not block:
            raise Unavailable("The image's data ends too early.")
        return block

    def size(self, key: str) -> int | None:
        """The object's length; None also while it is in quarantine."""
        if self._head(self.object(key, "quarantine")) is not None:
            return None
        head = self._head(self.object(key))
        return int(head["ContentLength"]) if head else None

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            return self.call("head_object", Key=name)
        except Unavailable as problem:
            if problem.code == "absent":
                return None
            raise

    def path(self, key: str) -> Path | None:
        """Never a local file."""
        return None

    def url(self, key: str) -> str:
        """A URL that needs no keys, for a day."""
        asked = {"Bucket": self._settings.bucket, "Key": self.object(key)}
        url: str = self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=_URL_SECONDS)
        return url

    def address(self, key: str) -> str:
        """Bucket and object."""
        return f"s3://{self._settings.bucket}/{self.object(key)}"

    def drop(self, key: str) -> None:
        """End unfinished uploads, delete the object."""
        for upload in self._uploads(self.object(key)):
            self.abort(upload["Key"], upload["UploadId"])
        self.call("delete_object", Key=self.object(key))

    def abort(self, name: str, upload_id: str) -> None:
        """Give up a multipart upload; one that is not there any more is as good."""
        try:
            self.call("abort_multipart_upload", Key=name, UploadId=upload_id)
        except Unavailable as problem:
            if problem.code != "absent":
                raise

    def quarantine(self, key: str, now: float) -> None:
        """Mark."""
        if self._head(self.object(key)) is not None:
            self.call("put_object", Key=self.object(key, "quarantine"), Body=b"", Metadata={"since": stamp(now)})

    def restore(self, key: str, now: float) -> bool:
        """Remove the mark."""
        if self._head(self.object(key)) is None:
            return False
        self.call("delete_object", Key=self.object(key, "quarantine"))
        return True

    def purge(self, key: str) -> None:
        """The bytes first: a mark without bytes is found again, bytes without a mark would be taken for live ones."""
        self.call("delete_object", Key=self.object(key))
        self.call("delete_object", Key=self.object(key, "quarantine"))

    def incoming(self) -> list[str]:
        """Unfinished multipart uploads."""
        return [upload["Key"].removeprefix(self.object("")) for upload in self._uploads(self.object(""))]

    def complete(self) -> list[str]:
        """Objects without a mark."""
        marked = {item["Key"].removeprefix(self.object("", "quarantine")) for item in self._objects("quarantine")}
        found = [item["Key"].removeprefix(self.object("")) for item in self._objects("images")]
        return [key for key in found if key not in marked]

    def quarantined(self) -> list[Quarantined]:
        """Objects with a mark, since when it is there."""
        sizes = {item["Key"].removeprefix(self.object("")): int(item["Size"]) for item in self._objects("images")}
        found = []
        for item in self._objects("quarantine"):
            key = item["Key"].removeprefix(self.object("", "quarantine"))
            mark = self._head(item["Key"]) or {}
            since = mark.get("Metadata", {}).get("since")
            found.append(Quarantined(key, seconds(since) if since else item["LastModified"].timestamp(), sizes.get(key, 0)))
        return sorted(found, key=lambda entry: entry.since)

    def _objects(self, folder: str) -> Iterator[dict[str, Any]]:
        more: dict[str, str] = {}
        while True:
            page = self.call("list_objects_v2", Prefix=self.object("", folder), **more)
            yield from page.get("Contents", [])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _uploads(self, prefix: str) -> Iterator[dict[str, Any]]:
        more: dict[str, str] = {}
        while True:
            page = self.call("list_multipart_uploads", Prefix=prefix, **more)
            yield from page.get("Uploads", [])
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


class _S3Sink:
    """An object that is being sent: in one request if it is small, else as a multipart upload."""

    def __init__(self, store: S3Store, name: str, part_size: int) -> None:
        self._store, self._name, self._part_size = store, name, part_size
        self._waiting = bytearray()
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, block: bytes) -> None:
        """Collect a part, send it once it is full."""
        self._waiting += block
        while len(self._waiting) >= self._part_size:
            self._send(bytes(self._waiting[: self._part_size]))
            del self._waiting[: self._part_size]

    def _send(self, part: bytes) -> None:
        if not self._upload_id:
            self._upload_id = self._store.call("create_multipart_upload", Key=self._name)["UploadId"]
        number = len(self._parts) + 1
        if number > _MOST_PARTS:
            raise TooLarge(f"The store takes images of up to {_MOST_PARTS * self._part_size} bytes.")
        sent = self._store.call("upload_part", Key=self._name, UploadId=self._upload_id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def take(self, path: Path) -> bool:
        """A local file has to be sent."""
        return False

    def flush(self) -> None:
        """Send the rest; from now on there is an object, which no image names yet."""
        if self._upload_id:
            if self._waiting:
                self._send(bytes(self._waiting))
            done = {"Parts": self._parts}
            self._store.call("complete_multipart_upload", Key=self._name, UploadId=self._upload_id, MultipartUpload=done)
        else:
            self._store.call("put_object", Key=self._name, Body=bytes(self._waiting))
        self._waiting.clear()

    def look(self, offset: int, count: int) -> bytes:
        """A GET with a range; nothing where the object has ended."""
        if not count:
            return b""
        try:
            body: bytes = self._store.call("get_object", Key=self._name, Range=f"bytes={offset}-{offset + count - 1}")[
                "Body"
            ].read()
        except Unavailable as problem:
            if "InvalidRange" in problem.internal:
                return b""
            raise
        return body

    def keep(self) -> None:
        """A complete object is durable."""

    def close(self) -> None:
        """What was begun and not completed is left to `drop`."""
        self._waiting.clear()
