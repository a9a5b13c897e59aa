"""All stores of a cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ...kernel.errors import Invalid, Unavailable
from ..model import Location
from .bytestore import ByteStore, workers
from .file import FileStore
from .http import HttpStore
from .protocol import Store
from .settings import FileSettings, HttpSettings, RbdSettings, S3Settings, StoreSettings, enabled, folder

STAGING = "staging"
"""The store in which images wait for their import, unless the configuration names another one."""

_CONNECTIONS = 16
"""How many requests to other machines run at a time."""

T = TypeVar("T")


class Stores:
    """The stores by name. `default` takes uploads that name none; in `staging` images wait for their import."""

    def __init__(self, known: Iterable[ByteStore], default: str, staging: ByteStore, network: ThreadPoolExecutor) -> None:
        self.known = {store.name: store for store in known}
        self.default = self.known[default]
        self.staging = staging
        self._network = network

    async def beside(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what waits for other machines beside the event loop, in threads that uploads do not wait for."""
        return await asyncio.get_running_loop().run_in_executor(self._network, work, *arguments)

    def get(self, name: str) -> ByteStore:
        """A store. Raises Invalid for one that is not enabled."""
        found = self.known.get(name)
        if found is None:
            raise Invalid(f"Store {name!r} is not known; enabled are: {', '.join(self.known)}.")
        return found

    def find(self, name: str) -> ByteStore:
        """A store or the staging store. Raises Invalid."""
        return self.staging if name == self.staging.name else self.get(name)

    def writable(self, name: str | None = None) -> ByteStore:
        """A store that takes uploads; by default the default one. Raises Invalid."""
        found = self.get(name) if name else self.default
        if found.store.read_only:
            raise Invalid(f"Store {found.name!r} is read-only.")
        return found

    def for_url(self, url: str) -> ByteStore:
        """The read-only store that reads a URL. Raises Invalid if none does."""
        scheme = url.partition("://")[0]
        found = [store for store in self.known.values() if store.store.read_only and scheme in ("http", "https")]
        if not found:
            raise Invalid(f"Invalid location: this service has no store for {scheme!r} URLs.")
        return found[0]

    def sorted(self, locations: Iterable[Location]) -> list[Location]:
        """Places where an image's bytes are: those in heavier stores first."""

        def weight(location: Location) -> tuple[int, bool]:
            store = self.known.get(location.store)
            return (store.weight if store else 0, store is self.default)

        return sorted(locations, key=weight, reverse=True)

    def best_location(self, locations: Iterable[Location]) -> Location:
        """The one to read. Raises Unavailable if no store of them is enabled any more."""
        found = [location for location in self.sorted(locations) if location.store in self.known]
        if not found:
            raise Unavailable("None of the stores that hold the image's data is enabled.")
        return found[0]

    @property
    def all(self) -> list[ByteStore]:
        """Every store, the staging one included."""
        others = [store for store in self.known.values() if store is not self.staging]
        return [*others, self.staging]

    def close(self) -> None:
        """Finish what the threads are doing."""
        for store in self.all:
            store.close()
        self._network.shutdown()


def open_stores(state: Path, named: Mapping[str, StoreSettings], default: str = "", staging: str = "") -> Stores:
    """The stores that the configuration names. Raises ValueError for one that is named and not there, or cannot be used."""
    settings, files, network = enabled(dict(named)), workers(), workers(_CONNECTIONS)
    pools = {name: files if isinstance(said, FileSettings) else network for name, said in settings.items()}
    known = [ByteStore(n, _open(state, n, s), pools[n], s.description, s.weight) for n, s in settings.items()]
    by_name = {store.name: store for store in known}
    default = default or next((n for n, store in by_name.items() if not store.store.read_only), "")
    for option, name in (("image_default_store", default), ("image_staging_store", staging)):
        if name and (name not in by_name or by_name[name].store.read_only):
            raise ValueError(f"{option}: {name!r} is not a store that takes uploads")
    if not default:
        raise ValueError("image_stores: at least one store must take uploads")
    waiting = by_name[staging] if staging else ByteStore(STAGING, FileStore(state / "image-staging"), files)
    return Stores(known, default, waiting, network)


def _open(state: Path, name: str, settings: StoreSettings) -> Store:
    if isinstance(settings, FileSettings):
        return FileStore(folder(state, name, settings), settings.sparse)
    if isinstance(settings, HttpSettings):
        return HttpStore(settings.private)
    if isinstance(settings, RbdSettings):
        return _rbd(settings)
    return _s3(settings)


def _rbd(settings: RbdSettings) -> Store:
    from .rbd import RbdStore

    try:
        return RbdStore(settings)
    except ValueError as problem:
        raise ValueError(f"image_stores: a store of type rbd cannot be used: {problem}") from None


def _s3(settings: S3Settings) -> Store:
    from .s3 import S3Store

    return S3Store(settings)
