"""Two processes serve one PostgreSQL database: each lists what the other has just done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cumulet.image.bytestores import open_stores
from cumulet.image.protections import Protections
from cumulet.image.settings import Settings
from cumulet.kernel.db.postgres import Postgres
from support.clock import FakeClock
from support.images import ImageCloud
from support.postgres import fresh_postgres

MEDIA = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


@pytest.fixture
async def both(postgres_dsn: str, clock: FakeClock, tmp_path: Path) -> AsyncIterator[list[ImageCloud]]:
    """Each has connections and a memory of its own."""
    async with fresh_postgres(postgres_dsn, clock) as one:
        other = Postgres(postgres_dsn, clock, size=5)
        clouds = [ImageCloud(db, clock, open_stores(tmp_path, {}), Settings(reserve=0), Protections()) for db in (one, other)]
        try:
            yield clouds
        finally:
            for cloud in clouds:
                await cloud.close()
            await other.close()


async def listed(cloud: ImageCloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await cloud.client().get("/v2/images")).json()["images"]
    return found


async def test_what_one_process_does_to_an_image_the_other_one_lists(both: list[ImageCloud]) -> None:
    made = await both[0].make(both[0].client(), name="an image")
    path = f"/v2/images/{made['id']}"
    first, second = (cloud.client("demo", "admin") for cloud in both)
    for client, method, what, more in (
        (first, "put", "/file", {"content": b"bytes", "headers": {"Content-Type": "application/octet-stream"}}),
        (second, "put", "/tags/a", {}),
        (first, "patch", "", {"json": [{"op": "add", "path": "/color", "value": "blue"}], "headers": MEDIA}),
        (second, "patch", "", {"json": [{"op": "replace", "path": "/visibility", "value": "private"}], "headers": MEDIA}),
        (first, "post", "/actions/deactivate", {}),
        (second, "delete", "/tags/a", {}),
    ):
        before = [await listed(cloud) for cloud in both]
        answer = await getattr(client, method)(f"{path}{what}", **more)
        assert answer.status_code < 300, answer.text
        shown = (await second.get(path)).json()
        assert before[0] == before[1] != [shown]
        assert await listed(both[0]) == await listed(both[1]) == [shown]
    assert (await first.delete(path)).status_code == 204
    assert await listed(both[0]) == await listed(both[1]) == []
