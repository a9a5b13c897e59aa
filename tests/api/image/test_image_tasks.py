"""Tasks: who sees them, and the old way of importing."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.image.settings import ImportSettings
from cumulet.kernel.fetching import Reach
from support.images import ImageCloud, image_cloud
from support.web import web_server


@pytest.fixture
async def images(tmp_path):
    """An image service that may download from this machine."""
    async with image_cloud(tmp_path, imports=ImportSettings(reach=Reach(ports=(), private=True))) as cloud:
        yield cloud


def order(url: object, **properties: Any) -> dict[str, Any]:
    fields = {"container_format": "bare", "disk_format": "raw", **properties}
    return {"type": "import", "input": {"import_from": url, "import_from_format": "raw", "image_properties": fields}}


async def ask(images: ImageCloud, body: dict[str, Any], role: str = "admin") -> Any:
    answer = await images.client("demo", role).post("/v2/tasks", json=body)
    await images.settle()
    return answer


async def test_an_administrator_imports_by_a_task(images):
    admin = images.client("demo", "admin")
    with web_server() as web:
        answer = await ask(images, order(web.put("/image", b"by a task"), name="imported", visibility="public"))
        assert answer.status_code == 201, answer.text
        task = (await admin.get(f"/v2/tasks/{answer.json()['id']}")).json()
        assert (task["status"], task["owner"], task["input"]["import_from_format"]) == ("success", "demo", "raw")
        image = (await admin.get(f"/v2/images/{task['result']['image_id']}")).json()
        assert (image["status"], image["name"], image["size"]) == ("active", "imported", 9)
    assert task["expires_at"] is not None
    await images.clock.advance(49 * 3600)
    from cumulet.image.operations.upkeep.sweep import sweep

    await sweep(images.parts)
    assert (await admin.get(f"/v2/tasks/{task['id']}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"type": "export", "input": {}},
        {"type": "import"},
        {"type": "import", "input": {"image_properties": {}}},
        order(7),
        order("ftp://example.org/"),
        order("http://example.org/", status="active"),
    ],
)
async def test_a_task_that_cannot_be_done_is_not_made(images, body):
    assert (await ask(images, body)).status_code in (400, 403)
    admin = images.client("demo", "admin")
    assert (await admin.get("/v2/tasks")).json()["tasks"] == []
    assert (await admin.get("/v2/images")).json()["images"] == []


async def test_tasks_are_the_administrators(images):
    assert (await ask(images, order("http://127.0.0.1/"), "member")).status_code == 403
    for path in ("/v2/tasks", "/v2/tasks/some"):
        assert (await images.client().get(path)).status_code == 403


async def test_tasks_are_listed_filtered_and_paged(images):
    admin = images.client("demo", "admin")
    for _ in range(3):
        assert (await ask(images, order("http://nowhere.invalid/"))).status_code == 201
        await images.clock.advance(1)
    listed = (await admin.get("/v2/tasks?limit=2")).json()
    assert (len(listed["tasks"]), listed["first"], listed["schema"]) == (2, "/v2/tasks?limit=2", "/v2/schemas/tasks")
    assert "input" not in listed["tasks"][0]
    rest = (await admin.get(listed["next"])).json()
    ids = [task["id"] for task in listed["tasks"] + rest["tasks"]]
    assert len(set(ids)) == 3
    assert len((await admin.get("/v2/tasks?status=failure&type=import")).json()["tasks"]) == 3
    assert (await admin.get("/v2/tasks?status=success")).json()["tasks"] == []
    assert (await admin.get("/v2/tasks?status=odd")).status_code == 400
    up = (await admin.get("/v2/tasks?sort_key=created_at&sort_dir=asc")).json()["tasks"]
    assert [task["id"] for task in up] == ids[::-1]
