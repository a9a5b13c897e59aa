"""Changes of images in the audit log: who did what to which image, and no value that he sent."""

from __future__ import annotations

from typing import Any

from cumulet.image.api.metadefs.routes import ROUTES as METADEFS
from cumulet.image.api.routes import ROUTES
from cumulet.kernel import audit
from cumulet.kernel.audit import Event, Sought

IMAGES = "/image/v2/images"
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
OCTETS = {"Content-Type": "application/octet-stream"}


async def events(cloud, **sought: Any) -> list[Event]:
    """What is in the log, the oldest first."""
    await cloud.cloud.tokens.later.write()
    async with cloud.db.read() as tx:
        return await audit.page(tx, Sought(service="image", **sought))


async def test_each_change_of_an_image_is_an_event_that_outlives_it(cloud):
    demo, admin = await cloud.client("demo"), await cloud.admin()
    made = (await demo.post(IMAGES, json={"name": "secret", "disk_format": "raw", "container_format": "bare"})).json()
    one = f"{IMAGES}/{made['id']}"
    await demo.put(f"{one}/file", content=b"some bytes", headers=OCTETS)
    await demo.put(f"{one}/tags/green")
    await demo.patch(one, json=[{"op": "add", "path": "/color", "value": "hidden"}], headers=PATCH)
    await admin.post(f"{one}/actions/deactivate")
    assert (await demo.delete(one)).status_code == 204
    found = await events(cloud)
    assert [event.action for event in found] == [
        "created.image",
        "upload_image",
        "created.image_tag",
        "updated.image",
        "deactivate_image",
        "deleted.image",
    ]
    assert {event.target_id for event in found if event.action != "created.image_tag"} == {made["id"]}
    assert [event.user_id for event in found] == [demo.user_id] * 4 + [admin.user_id, demo.user_id]
    assert found[0].details["fields"] == ["container_format", "disk_format", "name"]
    assert found[2].details["request"] == {"method": "PUT", "path": f"{one}/tags/green"}
    assert "hidden" not in str(found)
    assert [event.action for event in await events(cloud, action="deleted.image")] == ["deleted.image"]


async def test_what_was_refused_is_no_event(cloud):
    demo = await cloud.client("demo")
    made = (await demo.post(IMAGES, json={"disk_format": "raw", "container_format": "bare"})).json()
    assert (await (await cloud.client("other")).delete(f"{IMAGES}/{made['id']}")).status_code == 404
    assert (
        await demo.put(f"{IMAGES}/{made['id']}/file", content=b"x", headers={**OCTETS, "Content-Length": "2"})
    ).status_code >= 400
    assert (await demo.post(IMAGES, json={"name": 3})).status_code == 400
    assert [event.action for event in await events(cloud)] == ["created.image"]


def test_every_route_that_changes_something_has_an_event():
    names = {(route.method, route.path): route.event for route in (*ROUTES, *METADEFS) if route.method != "GET"}
    assert [route for route, event in names.items() if event is None] == []
    assert len(names) > 30
