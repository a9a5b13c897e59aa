"""A cloud without guests whose imports can be stopped and killed anywhere: two stores of files, and a web server that can wait."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cumulet.app import wire
from cumulet.app.operator.client import Client

from .real_cloud import RealCloud, real_cloud, until

MIB = 1 << 20
SIZE = 192 * MIB
STORES = ("fast", "cold")


class SlowWeb:
    """Serves `content` at every path: the first half at once, the other one when `go_on` is set. `url` is None once it is gone."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.go_on = threading.Event()
        self.asked = 0
        self.url = ""


@contextmanager
def slow_web(content: bytes) -> Iterator[SlowWeb]:
    """A running one."""
    web = SlowWeb(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked += 1
            half = len(web.content) // 2
            self.send_response(200)
            self.send_header("Content-Length", str(len(web.content)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked was killed
                self.wfile.write(web.content[:half])
                web.go_on.wait()
                self.wfile.write(web.content[half:])

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.url = f"http://127.0.0.1:{server.server_address[1]}/image"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        web.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Importing:
    """One process of a cloud. `shared` is where its stores are; `client` is the administrator."""

    def __init__(self, cloud: RealCloud, shared: Path) -> None:
        self.cloud, self.shared = cloud, shared
        self.client = Client("")

    @property
    def log(self) -> str:
        """What the process logged."""
        return (self.cloud.state / "log" / "cumulet.log").read_text(errors="replace")

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        pid = self.cloud.serving()
        assert pid is not None, "it does not run"
        os.kill(pid, number)

    def configure(self, *plugins: str) -> None:
        """Write the configuration."""
        stores = "\n".join(f'[image_stores.{name}]\ntype = "file"\npath = "{self.shared / name}"' for name in (*STORES, "waiting"))
        lines = ('image_default_store = "fast"', 'image_staging_store = "waiting"', stores)
        more = f"[image_import]\nplugins = {list(plugins)}\n[image_import.reach]\nports = []\nprivate = true\n"
        self.cloud.file = self.shared / f"{self.cloud.state.name}.toml"
        self.cloud.file.write_text("\n".join([*lines, more.replace("'", '"')]))

    async def up(self) -> None:
        """Start the process, and log in."""
        await self.cloud.must("up", "--fake")
        self.client = await Client.log_in(self.cloud.config.url, self.cloud.credentials("admin"))

    async def queued(self, disk_format: str = "raw") -> str:
        """A new image."""
        wanted = {"name": "i", "disk_format": disk_format, "container_format": "bare"}
        return str((await self.client.call("POST", "/image/v2/images", wanted))["id"])

    async def staged(self, content: bytes, disk_format: str = "raw") -> str:
        """A new image with bytes that wait for their import."""
        image_id, file = await self.queued(disk_format), self.shared / "content"
        await asyncio.to_thread(file.write_bytes, content)
        await self.client.upload(f"/image/v2/images/{image_id}/stage", file)
        file.unlink()
        return image_id

    async def ask(self, image_id: str, method: str, uri: str = "", **more: Any) -> None:
        """Begin an import."""
        said = {"name": method, **({"uri": uri} if uri else {})}
        await self.client.call("POST", f"/image/v2/images/{image_id}/import", {"method": said, **more})

    async def image(self, image_id: str) -> dict[str, Any]:
        """What GET shows."""
        return dict(await self.client.get(f"/image/v2/images/{image_id}"))

    async def task(self, image_id: str) -> dict[str, Any]:
        """The image's latest task."""
        return dict((await self.client.get(f"/image/v2/images/{image_id}/tasks"))["tasks"][-1])

    async def ended(self, image_id: str, seconds: float = 60) -> dict[str, Any]:
        """Its task, once it is over."""

        async def over() -> dict[str, Any] | None:
            task = await self.task(image_id)
            return task if task["status"] in ("success", "failure") else None

        return dict(await until(over, f"the import of {image_id} ends", seconds))

    def objects(self, store: str, folder: str = "images") -> list[Path]:
        """The bytes in a store."""
        return [*(self.shared / store / folder).iterdir()]

    def all_objects(self) -> list[Path]:
        """Those of every store, complete or not, the staging one's included."""
        return [path for store in (*STORES, "waiting") for f in ("incoming", "images") for path in self.objects(store, f)]

    async def appears(self, store: str, folder: str = "images", size: int = 0) -> None:
        """Wait until there are bytes, at least so many."""

        async def there() -> bool:
            with contextlib.suppress(FileNotFoundError):  # it was renamed meanwhile
                return any(path.stat().st_size >= size for path in self.objects(store, folder))
            return True

        await until(there, f"{size} bytes in {folder} of {store}", 60, pause=0.002)

    async def stores_uncommitted(self, store: str, size: int) -> None:
        """Kill the process when a store has all bytes, and the database does not know it yet."""
        await self.appears(store, "incoming", size)
        with self.nothing_is_committed() as database:
            await self.appears(store)
            assert database.execute("SELECT count(*) FROM image_locations WHERE store = ?", (store,)).fetchone() == (0,)
            self.cloud.kill()

    def converters(self) -> list[int]:
        """The ids of the processes that convert images of this cloud."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if words[0].endswith("qemu-img") and any(str(self.shared) in word for word in words):
                    found.append(int(folder.name))
        return found

    async def converter(self) -> int:
        """The process that converts, stopped in the middle."""

        async def one() -> int | None:
            return next(iter(self.converters()), None)

        pid = int(await until(one, "a conversion", 60, pause=0.001))
        os.kill(pid, signal.SIGSTOP)
        return pid

    @contextmanager
    def nothing_is_committed(self) -> Iterator[sqlite3.Connection]:
        """Somebody else writes to the database and does not end: the connection that does."""
        database = sqlite3.connect(self.cloud.state / "cumulet.db", isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("ROLLBACK")
        finally:
            database.close()

    async def is_whole(self, image_id: str, content: bytes, *stores: str) -> None:
        """Check that the image is active, in exactly these stores, and that nothing else is anywhere."""
        image = await self.image(image_id)
        assert (image["status"], sorted(image["stores"].split(","))) == ("active", sorted(stores))
        assert image["os_hash_value"] == hashlib.sha512(content).hexdigest()
        assert not [name for name in image if name.startswith("os_glance") and image[name]]
        for store in stores:
            [path] = self.objects(store)
            assert await asyncio.to_thread(path.read_bytes) == content
        assert len(self.all_objects()) == len(stores), self.all_objects()

    async def is_queued(self, image_id: str) -> None:
        """Check that the image is as before its import, and that there are no bytes anywhere."""
        image = await self.image(image_id)
        assert (image["status"], image["size"], image.get("stores")) == ("queued", None, None)
        assert "os_glance_import_task" not in image
        assert self.all_objects() == []


@asynccontextmanager
async def importing(shared: Path, *plugins: str, **options: object) -> AsyncIterator[Importing]:
    """A running one."""
    async with real_cloud(**options) as cloud:
        made = Importing(cloud, shared)
        made.configure(*plugins)
        await made.up()
        yield made


@asynccontextmanager
async def two_processes(shared: Path, dsn: str, *plugins: str) -> AsyncIterator[tuple[Importing, Importing]]:
    """Two processes with folders of their own, which share the database, the keys and the stores."""
    async with importing(shared, *plugins, database=dsn) as first, real_cloud(database=dsn) as cloud:
        for ring in (wire.TOKEN_KEYS, wire.CREDENTIAL_KEYS):
            shutil.copytree(first.cloud.state / ring, cloud.state / ring)
        second = Importing(cloud, shared)
        second.configure(*plugins)
        await cloud.must("up", "--fake")
        second.client = await Client.log_in(cloud.config.url, first.cloud.credentials("admin"))
        yield first, second
