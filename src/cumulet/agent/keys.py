"""The keys that tell what made an object (K2)."""

from __future__ import annotations


def made_by(created_by: str, key: str) -> bool:
    """Whether an object made by the key `created_by` belongs to the attempt `key`: the same key, one below it, or its repetition.

    `w/2/disk` is below `w/2`, not below `w/20`; `w/disk#2` is a repetition of `w/disk`.
    """
    return created_by == key or created_by.startswith((key.rstrip("/") + "/", key + "#"))
