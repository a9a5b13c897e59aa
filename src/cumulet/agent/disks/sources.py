"""Where an image's bytes come from: a file, a web server, or a Ceph cluster that this host can reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from cumulet.contract.guests import ImageSource
from cumulet.kernel.ceph.block_image import BlockImage
from cumulet.kernel.ceph.client import Client
from cumulet.kernel.ceph.pool import Pool
from cumulet.kernel.errors import Invalid, Unavailable
from cumulet.kernel.fetching import ANY_PORT, fetch

_CHUNK = 1 << 20


class Place(NamedTuple):
    """A snapshot in a cluster, as `rbd://fsid/pool/image/snapshot` names it."""

    fsid: str
    pool: str
    image: str
    snapshot: str


def place(url: str) -> Place:
    """Where an RBD URL leads. Raises Invalid."""
    parts = [unquote(each) for each in url.removeprefix("rbd://").split("/")]
    if not url.startswith("rbd://") or len(parts) != 4 or not all(parts):
        raise Invalid("The image's address does not name a cluster, a pool, an image and a snapshot.", internal=url)
    return Place(*parts)


@contextlib.contextmanager
def opened(image: ImageSource, ceph: Client) -> Iterator[Iterator[bytes]]:
    """The bytes in blocks. Raises OSError; and Invalid, Unavailable, ValueError for what cannot be fetched, or not by this host."""
    parts = urlsplit(image.url)
    if parts.scheme == "file":
        with open(unquote(parts.path), "rb") as file:
            yield iter(lambda: file.read(_CHUNK), b"")
    elif parts.scheme == "rbd":
        with _snapshot(place(image.url), ceph) as snapshot:
            yield _blocks(snapshot)
    else:
        with fetch(image.url, replace(ANY_PORT, private=image.private)) as answer:
            yield answer.blocks


@contextlib.contextmanager
def _snapshot(at: Place, ceph: Client) -> Iterator[BlockImage]:
    pool = Pool(ceph, at.pool)
    if pool.fsid != at.fsid:
        raise Invalid("The image is in another Ceph cluster than this host's.", internal=f"{at.fsid}, not {pool.fsid}")
    try:
        snapshot = pool.open(at.image, at.snapshot)
    except OSError as problem:
        raise Unavailable("The image's Ceph pool cannot be read.", internal=str(problem)) from None
    with contextlib.closing(snapshot):
        yield snapshot


def _blocks(snapshot: BlockImage) -> Iterator[bytes]:
    try:
        for offset in range(0, snapshot.size(), _CHUNK):
            yield snapshot.read(offset, _CHUNK)
    except OSError as problem:
        raise Unavailable("The image's Ceph pool stopped answering.", internal=str(problem)) from None
