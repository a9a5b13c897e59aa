"""An S3 service on the loopback, with one bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from cumulet.image.bytestores.settings import S3Settings

from .ceph import Ceph


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
        yield with_bucket(settings)
    finally:
        server.stop()


def with_bucket(settings: S3Settings) -> S3Settings:
    """The same, once the bucket is there."""
    client = boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name="us-east-1",
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
    )
    client.create_bucket(Bucket=settings.bucket)
    return settings


def ceph_s3(cluster: Ceph) -> S3Settings:
    """The same by a real Ceph."""
    keys = {"access_key": cluster.access_key, "secret_key": cluster.secret_key}
    return with_bucket(S3Settings("images", cluster.gateway, **keys, prefix="cloud/", part_mb=5))
