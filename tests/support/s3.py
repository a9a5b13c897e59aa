"""An S3 service on the loopback, with one bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from cumulet.image.bytestores.settings import S3Settings


@contextmanager
def s3_service() -> Iterator[S3Settings]:
    """The settings of a store in it, with parts as small as S3 allows."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        port = server.get_host_and_port()[1]
        settings = S3Settings(
            "images", f"http://127.0.0.1:{port}", access_key="key", secret_key="secret", prefix="cloud/", part_mb=5
        )
        boto3.client(
            "s3", endpoint_url=settings.endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
        ).create_bucket(Bucket=settings.bucket)
        yield settings
    finally:
        server.stop()
