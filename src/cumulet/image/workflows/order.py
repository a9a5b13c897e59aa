"""What an import is to do, and what its steps tell each other."""

from __future__ import annotations

from msgspec import Struct

from ..model import HASH, IMPORTING, Attempt, Facts, Location


class Content(Struct, frozen=True):
    """Bytes that are not in all their stores yet: where they are, and what they are said to be."""

    at: Location
    disk_format: str
    container_format: str


class Order(Struct, frozen=True):
    """One import, as its task `task_id`.

    `attempt_id` is the second part of the keys of all that it writes. The bytes are those of `content`, once they are there; until
    then they come from `url`. They are hashed by `algorithm`; `expected` is the hash of an image that is copied only. `properties`
    are given to the image; those of its signature are `signed`. `storage_quota` is what every project may keep, in bytes, 0 for any
    amount.
    """

    task_id: str
    image_id: str
    attempt_id: str
    content: Content
    stores: list[str]
    all_must_succeed: bool = True
    url: str | None = None
    token: str | None = None
    plugins: list[str] = []
    output_format: str = "raw"
    properties: dict[str, str] = {}
    signed: dict[str, str] = {}
    storage_quota: int = 0
    expected: str | None = None
    algorithm: str = HASH

    @property
    def attempt(self) -> Attempt:
        """The try to fill the image."""
        return Attempt(self.image_id, self.attempt_id, IMPORTING)

    @property
    def copies(self) -> bool:
        """Whether the image is active, and only goes to more stores."""
        return self.expected is not None


class Described(Struct, frozen=True):
    """What another region says about an image of its own."""

    disk_format: str
    container_format: str
    properties: dict[str, str]


class Copied(Struct, frozen=True):
    """What came of one store: the bytes' facts, or why there are none."""

    store: str
    facts: Facts | None
    problem: str = ""
