"""Images that were written as JSON before, kept until they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .model import Image, Key

Variant = frozenset[str]
"""One way of writing an image: what opens protected properties to readers, as far as the reader has it."""

MOST = 32 << 20
"""How many bytes are kept: 1,000 images of few properties are 1 MB."""


class _Kept(NamedTuple):
    version: int
    created_at: str
    text: bytes


class Rendered:
    """The texts of each variant; all of them go when they are more than `most` bytes.

    Whoever asks has the image's `Key` from the database, as it is now, whichever process changed it: an older text is not found.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._kept: dict[Variant, dict[str, _Kept]] = {}

    def find(self, variant: Variant, keys: Sequence[Key]) -> dict[str, bytes | None]:
        """The text of each image in the order of `keys`; None where there is none that holds."""
        known = self._kept.get(variant, {})
        texts: dict[str, bytes | None] = {}
        for key in keys:
            kept = known.get(key.id)
            holds = kept is not None and kept.version == key.version and kept.created_at == key.created_at
            texts[key.id] = kept.text if kept is not None and holds else None
        return texts

    def keep(self, variant: Variant, image: Image, text: bytes) -> None:
        """Keep what was written of an image that is committed as it was read."""
        if self._size + len(text) > self._most:
            self._kept.clear()
            self._size = 0
        known = self._kept.setdefault(variant, {})
        replaced = known.get(image.id)
        self._size += len(text) - (len(replaced.text) if replaced else 0)
        known[image.id] = _Kept(image.version, image.created_at, text)
