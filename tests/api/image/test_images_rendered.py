"""A list shows each image as it is now, although it keeps what it wrote of it before."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cumulet.image.bytestores.settings import FileSettings
from cumulet.image.model import Key
from cumulet.image.operations.upkeep import deleted, sweep
from cumulet.image.protections import Protections, Section
from cumulet.image.rendered import Rendered
from cumulet.image.store import images as rows
from cumulet.image.store import labels, locations, members, transitions
from cumulet.image.store.tables import IMAGES
from cumulet.kernel.db import Query
from support.images import ImageCloud, image, image_cloud

MEDIA = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def images(tmp_path):
    """Two stores."""
    stores = {name: FileSettings(path=str(tmp_path / name)) for name in ("fast", "cold")}
    async with image_cloud(tmp_path, stores) as cloud:
        yield cloud


async def listed(client, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/v2/images{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["images"]
    return found


class Desk:
    """Requests about one image."""

    def __init__(self, images: ImageCloud, image_id: str) -> None:
        self.images, self.path = images, f"/v2/images/{image_id}"
        self.image_id = image_id
        self.client = images.client("demo", "admin")

    async def patch(self, op: str, name: str, value: Any = None) -> None:
        change = {"op": op, "path": f"/{name}", **({} if op == "remove" else {"value": value})}
        await self.ask("patch", json=[change], headers=MEDIA)

    async def ask(self, method: str, what: str = "", **more: Any) -> None:
        answer = await getattr(self.client, method)(f"{self.path}{what}", **more)
        assert answer.status_code < 300, answer.text

    async def upload(self, content: bytes = b"bytes") -> int:
        return (await self.images.upload(self.client, self.image_id, content)).status_code

    async def fill(self) -> None:
        assert await self.upload() == 204

    async def bring(self, name: str, **more: Any) -> None:
        await self.ask("post", "/import", json={"method": {"name": name}, **more})

    async def look(self) -> None:
        """The list has the image as it is, and so has the next one."""
        shown = (await self.client.get(self.path)).json()
        for _ in range(2):
            assert await listed(self.client) == [shown]


async def renamed(desk: Desk) -> None:
    for name in ("one", "another", None):
        await desk.patch("replace", "name", name)
        await desk.look()


async def given_properties(desk: Desk) -> None:
    for op, value in (("add", "blue"), ("replace", "red"), ("remove", None)):
        await desk.patch(op, "color", value)
        await desk.look()


async def tagged(desk: Desk) -> None:
    for method, tag in (("put", "a"), ("put", "b"), ("delete", "a")):
        await desk.ask(method, f"/tags/{tag}")
        await desk.look()
    await desk.patch("replace", "tags", ["c"])
    await desk.look()


async def moved_about(desk: Desk) -> None:
    for name, value in (("visibility", "public"), ("protected", True), ("min_ram", 512), ("owner", "somebody")):
        await desk.patch("replace", name, value)
        await desk.look()


async def filled(desk: Desk) -> None:
    await desk.fill()
    await desk.look()
    for action in ("deactivate", "reactivate"):
        await desk.ask("post", f"/actions/{action}")
        await desk.look()


async def filled_in_vain(desk: Desk) -> None:
    await desk.patch("replace", "disk_format", "qcow2")
    await desk.look()
    assert await desk.upload() == 415
    await desk.look()


async def staged_and_imported(desk: Desk) -> None:
    await desk.ask("put", "/stage", content=b"bytes", headers=OCTETS)
    await desk.look()
    await desk.bring("glance-direct", stores=["fast"])
    await desk.look()
    await desk.images.settle()
    await desk.look()


async def copied_and_taken_out(desk: Desk) -> None:
    await desk.fill()
    await desk.look()
    await desk.bring("copy-image", stores=["cold"])
    await desk.look()
    await desk.images.settle()
    await desk.look()
    assert (await desk.client.delete(f"/v2/stores/fast/{desk.image_id}")).status_code == 204
    await desk.look()


async def deleted_and_restored(desk: Desk) -> None:
    await desk.fill()
    await desk.look()
    await desk.ask("delete")
    assert await listed(desk.client) == []
    await deleted.restore(desk.images.parts, desk.image_id)
    await desk.look()


async def made_anew(desk: Desk) -> None:
    """Its id is free once it is gone for good."""
    await desk.ask("delete")
    await desk.images.clock.advance(73 * 3600)
    await sweep.sweep(desk.images.parts)
    await desk.images.make(desk.client, id=desk.image_id, name="a new one")
    await desk.look()
    assert (await listed(desk.client))[0]["name"] == "a new one"


WAYS = (
    *(renamed, given_properties, tagged, moved_about, filled, filled_in_vain),
    *(staged_and_imported, copied_and_taken_out, deleted_and_restored, made_anew),
)


@pytest.mark.parametrize("way", WAYS)
async def test_a_list_shows_an_image_as_it_is_after_it_was(images, way):
    made = await images.make(images.client(), name="an image", color="green")
    desk = Desk(images, made["id"])
    await desk.look()
    await way(desk)


async def test_an_image_that_is_hidden_or_not_shared_any_more_is_not_listed(images):
    owner, friend = images.client(), images.client("friend")
    made = await images.make(owner)
    members_path = f"/v2/images/{made['id']}/members"
    assert await listed(friend) == []
    await owner.post(members_path, json={"member": "friend"})
    await friend.put(f"{members_path}/friend", json={"status": "accepted"})
    assert await listed(friend) == await listed(owner) == [made]
    await owner.delete(f"{members_path}/friend")
    assert await listed(friend) == []
    change = {"op": "replace", "path": "/os_hidden", "value": True}
    await owner.patch(f"/v2/images/{made['id']}", json=[change], headers=MEDIA)
    assert await listed(owner) == []
    assert (await listed(owner, "?os_hidden=true"))[0]["os_hidden"]


async def test_everybody_is_shown_the_properties_that_he_may_read_whoever_asked_before(tmp_path):
    import re

    open_to = {"secret": ("admin",), "billing": ("admin", "member")}
    sections = [Section(re.compile(f"^{name}$"), {"create": ("@",), "read": roles}) for name, roles in open_to.items()]
    async with image_cloud(tmp_path, protections=Protections((*sections, Section(re.compile("."), {"read": ("@",)})))) as images:
        clients = [images.client("demo", role) for role in ("admin", "member", "reader")]
        await images.make(clients[0], secret="1", billing="2")
        for order in (clients, clients[::-1]):
            shown = {client: (await listed(client))[0] for client in order}
            assert [("secret" in shown[client], "billing" in shown[client]) for client in clients] == [
                (True, True),
                (False, True),
                (False, False),
            ]


def test_no_statement_changes_an_image_without_its_version():
    found = [query for module in (rows, labels, locations, members, transitions) for query in vars(module).values()]
    changes = [query.statement for query in found if isinstance(query, Query) and isinstance(query.statement, sa.Update)]
    ours = [change for change in changes if change.table is IMAGES and change is not transitions.RENEW.statement]
    assert len(ours) >= 12
    assert [str(change) for change in ours if "version=" not in str(change).replace(" ", "")] == []


def test_what_is_kept_is_bounded_and_holds_for_one_version_only():
    def key(image_id: str, version: int = 0, created_at: str = image("x").created_at) -> Key:
        return Key(image_id, "p", "shared", version, created_at)

    rendered, everybody = Rendered(most=10), frozenset[str]()
    rendered.keep(everybody, image("a", version=3), b"aaaa")
    assert rendered.find(everybody, [key("a", 3)]) == {"a": b"aaaa"}
    for other in (key("a", 2), key("a", 4), key("a", 3, "2030-01-01T00:00:00.000000")):
        assert rendered.find(everybody, [other]) == {"a": None}
    assert rendered.find(frozenset({"admin"}), [key("a", 3)]) == {"a": None}
    for version in range(20):
        rendered.keep(everybody, image("a", version=version), b"aaaa")
    rendered.keep(everybody, image("b"), b"bbbb")
    assert rendered.find(everybody, [key("a", 19), key("b")]) == {"a": b"aaaa", "b": b"bbbb"}
    rendered.keep(everybody, image("c"), b"cccc")
    assert rendered.find(everybody, [key("a", 19), key("b"), key("c")]) == {"a": None, "b": None, "c": b"cccc"}
