"""A pool for images in a real Ceph."""

from __future__ import annotations

from cumulet.image.bytestores.settings import RbdSettings

from .ceph import Ceph

POOL, USER = "images", "images"


def ceph_rbd(cluster: Ceph) -> RbdSettings:
    """The settings of a store in it, for a user who may do what such a user has to, and no more."""
    cluster.pool(POOL)
    return RbdSettings(POOL, cluster.conf, USER, str(cluster.user(USER, POOL)), prefix="cloud.", patience=15.0)
