"""What an operator may set about images. The configuration reads this file at every command: it imports little."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ..kernel.fetching import Reach

HOUR = 3600.0
Method = Literal["glance-direct", "web-download", "copy-image", "glance-download"]
Algorithm = Literal["sha512", "sha384", "sha256", "sha224", "sha3_512", "sha3_384", "sha3_256", "sha3_224", "blake2b", "blake2s"]
"""What Python has everywhere, but for MD5 and SHA-1, of which other bytes with the same hash can be made."""
Plugin = Literal["image_decompression", "image_conversion", "inject_image_metadata"]


class ImportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may set about imports.

    `plugins` work on every imported image, decompression before conversion. `inject` are properties given to imported images, but
    not to those of users with one of the roles `inject_ignores`. `reach` says where web-download may lead.
    """

    methods: tuple[Method, ...] = ("glance-direct", "web-download", "copy-image", "glance-download")
    plugins: tuple[Plugin, ...] = ("image_decompression",)
    output_format: Literal["raw", "qcow2", "vmdk", "vdi"] = "raw"
    inject: dict[str, str] = {}
    inject_ignores: tuple[str, ...] = ("admin",)
    reach: Reach = Reach()


class Settings(Struct, frozen=True):
    """What an operator may set. Sizes are in bytes, times in seconds.

    `largest` is the largest image. `grace` is how long the bytes of a deleted image are kept; they are purged earlier, oldest
    first, while less than `reserve` is free. An upload without progress for `stall` is given up. `storage_quota` is how much every
    project may keep, 0 for any amount. `show_locations`: users see and change where images' bytes are, as by Glance's
    `show_multiple_locations`. New bytes are hashed by `hashing_algorithm`; what an image has been hashed by stays with it.
    """

    largest: int = 1 << 40
    grace: float = 72 * HOUR
    reserve: int = 2 << 30
    stall: float = 600.0
    storage_quota: int = 0
    show_locations: bool = False
    hashing_algorithm: Algorithm = "sha512"
    imports: ImportSettings = ImportSettings()
