"""What the image service is put together from."""

from __future__ import annotations

import base64

import msgspec
from msgspec import Struct

from ..identity.keys import KeyRing
from ..identity.operations.catalog import Catalog
from ..kernel.clock import SystemClock
from ..kernel.db import Database
from .bytestores import Stores
from .bytestores.cache import Cache
from .protections import Protections
from .rendered import Rendered
from .settings import Settings
from .signatures import Certificates

_ABOUT = b"image import"


class Parts(Struct, frozen=True):
    """The service's surroundings, for what manages its own transactions, and for workflows' commands.

    `vault` seals what must not be readable in the database. `catalog` says where other regions' image services are.
    `rendered` is kept for lists.
    """

    db: Database
    stores: Stores
    settings: Settings = Settings()
    protections: Protections = Protections()
    certificates: Certificates = Certificates(None, SystemClock())
    vault: KeyRing | None = None
    catalog: Catalog | None = None
    cache: Cache | None = None
    rendered: Rendered = msgspec.field(default_factory=Rendered)

    def close(self) -> None:
        """Finish what the stores' and the cache's threads are doing."""
        self.stores.close()
        if self.cache is not None:
            self.cache.close()

    def seal(self, secret: str) -> str:
        """A secret as it may be stored. Raises ValueError without a vault."""
        if self.vault is None:
            raise ValueError("there is no vault")
        return base64.b64encode(self.vault.seal(secret.encode(), _ABOUT)).decode()

    def unseal(self, sealed: str) -> str:
        """The inverse of `seal`. Raises ValueError."""
        if self.vault is None:
            raise ValueError("there is no vault")
        return self.vault.open(base64.b64decode(sealed), _ABOUT).decode()
