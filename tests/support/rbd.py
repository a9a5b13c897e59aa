"""A pool for images in a real Ceph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from cumulet.contract.guests import ImageSource
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.image.bytestores.settings import RbdSettings
from cumulet.kernel.ceph.client import Client
from cumulet.kernel.ceph.pool import Pool

from .ceph import Ceph

POOL = "images"


def ceph_rbd(cluster: Ceph, pool: str = POOL) -> RbdSettings:
    """The settings of a store in it, for a user who may do what such a user has to, and no more."""
    cluster.pool(pool)
    return RbdSettings(pool, cluster.conf, pool, str(cluster.user(pool, pool)), prefix="cloud.", patience=15.0)


def configured(settings: RbdSettings) -> str:
    """The store `ceph`, as a configuration file says it."""
    told = {name: getattr(settings, name) for name in ("pool", "conf", "user", "keyring", "prefix")}
    lines = [f'{name} = "{value}"' for name, value in told.items()]
    return "\n".join(["[image_stores.ceph]", 'type = "rbd"', f"patience = {settings.patience}", *lines, ""])


def emptied(settings: RbdSettings) -> RbdStore:
    """The store, with nothing in it."""
    store = RbdStore(settings)
    for key in store.incoming() + store.complete() + [entry.key for entry in store.quarantined()]:
        store.drop(key)
        store.purge(key)
    return store


def raw_image(store: RbdStore, content: bytes) -> ImageSource:
    """A raw image with this content in the store, as hosts are told of it."""
    sink = store.begin("a")
    sink.write(content)
    sink.flush()
    sink.keep()
    return ImageSource("image1", store.url("a"), len(content), hashlib.sha512(content).hexdigest(), "raw", private=True)


@contextmanager
def root_pool(cluster: Ceph, name: str = "roots") -> Iterator[Pool]:
    """A pool for root disks, as a host may use it that may only read the images; empty before and after."""
    cluster.pool(name)
    keyring = cluster.user("rooted", name, also="profile rbd-read-only pool=images")
    pool = Pool(Client(cluster.conf, "rooted", str(keyring), patience=15.0), name)
    try:
        yield pool
    finally:
        for image in pool.names():
            pool.remove(image)
