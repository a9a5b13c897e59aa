"""T1: importing, copying and naming images, killed and failed everywhere: finished, or never happened."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.crash import WAYS, Plan, Scenario, Way, deaths
from tests.support.database import MEMORY
from tests.support.images import ImageCloud, image_cloud
from tests.support.web import web_server

from cumulet.image.bytestores.settings import FileSettings, HttpSettings
from cumulet.image.settings import ImportSettings
from cumulet.kernel.errors import Unavailable
from cumulet.kernel.fetching import Reach
from cumulet.kernel.workflow import Crash, Engine

CONTENT = b"some image" * 100
IMAGE = "11111111-1111-1111-1111-111111111111"
ERRORS = (Unavailable("The store does not answer."), RuntimeError("injected"))
URLS: dict[str, str] = {}
"""What the web server has."""

World = Any


@pytest.fixture(scope="module", autouse=True)
def web() -> Iterator[None]:
    """One web server for all cases: what it answers is always the same, and to start one takes as long as to import an image."""
    with web_server() as server:
        URLS.update(plain=server.put("/plain", CONTENT), packed=server.put("/packed", gzip.compress(CONTENT)))
        yield


@asynccontextmanager
async def service() -> AsyncIterator[World]:
    """Two stores of files, and one of the web."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        stores = {each: FileSettings(path=str(folder / each)) for each in ("fast", "cold")}
        settings = ImportSettings(reach=Reach(ports=(), private=True))
        async with image_cloud(folder, {**stores, "web": HttpSettings(private=True)}, imports=settings) as images:
            yield images


async def look(images: ImageCloud) -> dict[str, Any]:
    """The image, how its task ended, and what is in the stores and in staging."""
    image = (await images.client().get(f"/v2/images/{IMAGE}")).json()
    tasks = [task["status"] for task in (await images.client().get(f"/v2/images/{IMAGE}/tasks")).json()["tasks"]]
    shown = {"status": image["status"], "stores": sorted(image.get("stores", "").split(",")), "tasks": tasks}
    return {**shown, "busy": "os_glance_import_task" in image, "objects": len(images.everything())}


def left(status: str, stores: str, task: str, objects: int) -> dict[str, Any]:
    return {"status": status, "stores": stores.split(","), "tasks": [task], "busy": False, "objects": objects}


def made(*fill: Callable[[ImageCloud], Awaitable[None]], **fields: Any) -> Callable[[], Any]:
    """A world with an image, to which something was done."""

    @asynccontextmanager
    async def setup() -> AsyncIterator[World]:
        async with service() as images:
            await images.make(images.client(), id=IMAGE, **fields)
            for each in fill:
                await each(images)
            yield images

    return setup


async def staged(images: ImageCloud) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    assert (await images.client().put(f"/v2/images/{IMAGE}/stage", content=CONTENT, headers=headers)).status_code == 204


async def uploaded(images: ImageCloud) -> None:
    assert (await images.upload(images.client(), IMAGE, CONTENT)).status_code == 204


def asks(name: str, url: str = "", **more: Any) -> Callable[[World], Awaitable[None]]:
    """Begin an import."""

    async def begin(images: World) -> None:
        method = {"name": name, **({"uri": URLS[url]} if url else {})}
        client = images.client("demo", "admin")
        answer = await client.post(f"/v2/images/{IMAGE}/import", json={"method": method, **more})
        assert answer.status_code == 202, answer.text

    return begin


async def name_location(images: World) -> None:
    client = images.client("demo", "admin")
    answer = await client.post(f"/v2/images/{IMAGE}/locations", json={"url": URLS["plain"]})
    assert answer.status_code == 202, answer.text


def whole(found: dict[str, Any]) -> bool:
    """Some stores have it, or none: what is there is what the image says."""
    objects = 0 if found["stores"] == [""] else len(found["stores"])
    return not found["busy"] and found["objects"] == objects and found["status"] == ("active" if objects else "queued")


QUEUED, IN_ONE = left("queued", "", "failure", 0), left("active", "fast", "success", 1)
IN_TWO = left("active", "cold,fast", "success", 2)
EVERYWHERE = {"stores": ["fast", "cold"]}
CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "staged, into every store": (made(staged), asks("glance-direct", **EVERYWHERE), IN_TWO, QUEUED),
    "staged, into any store": (made(staged), asks("glance-direct", all_stores_must_succeed=False, **EVERYWHERE), IN_TWO, whole),
    "from the web, compressed": (made(container_format="compressed"), asks("web-download", "packed"), IN_ONE, QUEUED),
    "into one more store": (made(uploaded), asks("copy-image", stores=["cold"]), IN_TWO, left("active", "fast", "failure", 1)),
    "a location": (made(), name_location, left("active", "web", "success", 0), QUEUED),
}


def scenario(name: str) -> Scenario:
    setup, begin, finished, undone = CASES[name]
    return Scenario(
        setup=setup, start=begin, snapshot=look, finished=finished, undone=undone, errors=ERRORS, cancel=("image", IMAGE)
    )


@pytest.mark.parametrize("survives", WAYS)
@pytest.mark.parametrize("name", CASES)
async def test_T1_an_import_survives_everything(name: str, survives: Way) -> None:
    await survives(scenario(name))


@pytest.mark.parametrize("name", CASES)
async def test_a_list_shows_each_step_of_an_import(name: str) -> None:
    tried = scenario(name)
    points = set(await deaths(tried))
    async with tried.setup() as images:
        await tried.start(images)
        stops = 0
        while await stopped(images, Plan(crash=points)):
            stops += 1
            await listed_as_it_is(images)
            await images.clock.advance(3600)
        await listed_as_it_is(images)
    assert stops >= 4


async def stopped(images: ImageCloud, plan: Plan) -> bool:
    """Run on to the next of the plan's points; False if that was the end."""
    engine = Engine(images.db, images.services, "a life", images.clock)
    engine.fault = plan
    try:
        await engine.run_pending()
    except Crash:
        return True
    return False


async def listed_as_it_is(images: ImageCloud) -> None:
    client = images.client()
    listed = (await client.get("/v2/images")).json()["images"]
    assert listed == [(await client.get(f"/v2/images/{IMAGE}")).json()]
