"""Which stores there are, as the configuration says it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class FileSettings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="file"):
    """Files in the folder `path`; empty is a folder of the store's name in the state folder."""

    path: str = ""
    sparse: bool = True
    weight: int = 0
    description: str = "Files on the control plane's disk"


class HttpSettings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="http"):
    """What web servers keep: read-only. `private`: also servers at addresses that are not public."""

    private: bool = False
    weight: int = -1
    description: str = "Web servers, for reading"


class S3Settings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="s3"):
    """A bucket of an S3 service. Without `access_key` the keys come from where AWS's tools look for them.

    `prefix` stands before every object's name. `part_mb` is the size of the pieces of an upload in MiB; the largest image has
    10,000 of them.
    """

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = ""
    prefix: str = ""
    part_mb: int = 16
    weight: int = 0
    description: str = "A bucket"


class RbdSettings(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="rbd"):
    """Block images in the pool `pool` of a Ceph cluster, which the user `client.<user>` may write.

    `conf` is the cluster's configuration file, `keyring` the file with the user's key; empty: where `conf` says. `prefix` stands
    before every image's name. `patience`: seconds after which a cluster that does not answer is given up.
    """

    pool: str = "images"
    conf: str = "/etc/ceph/ceph.conf"
    user: str = "cumulet"
    keyring: str = ""
    prefix: str = ""
    patience: float = 60.0
    weight: int = 0
    description: str = "A Ceph pool"


StoreSettings = FileSettings | HttpSettings | S3Settings | RbdSettings

DEFAULT_NAME, HTTP_NAME = "file", "http"


def enabled(named: dict[str, StoreSettings]) -> dict[str, StoreSettings]:
    """What is configured; if nothing is, files in the state folder and web servers."""
    return named or {DEFAULT_NAME: FileSettings(), HTTP_NAME: HttpSettings()}


def folder(state: Path, name: str, settings: FileSettings) -> Path:
    """Where a file store's files are. The one that is there by default has had this folder from the first version on."""
    if settings.path:
        return Path(settings.path)
    return state / "images" if name == DEFAULT_NAME else state / "image-stores" / name
