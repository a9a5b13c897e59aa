"""Making, showing, patching, deleting images; tags; deactivation."""

from __future__ import annotations

import pytest

DRAFT_4 = "application/openstack-images-v2.0-json-patch"
RFC_6902 = "application/openstack-images-v2.1-json-patch"
UUID = "00000000-1111-2222-3333-444455556666"


async def patch(client, image_id, *operations, media=RFC_6902):
    return await client.patch(f"/v2/images/{image_id}", json=list(operations), headers={"Content-Type": media})


async def test_a_new_image_is_queued_shared_and_shown_with_every_field(images):
    client = images.client()
    answer = await client.post("/v2/images", json={"name": "new", "tags": ["b", "a", "b"], "color": "blue", "ramdisk_id": UUID})
    assert answer.status_code == 201
    made = answer.json()
    link = f"/v2/images/{made['id']}"
    assert answer.headers["Location"] == f"http://cloud/image{link}"
    assert made == {
        "id": made["id"],
        "name": "new",
        "status": "queued",
        "visibility": "shared",
        "owner": "demo",
        "tags": ["a", "b"],
        "color": "blue",
        "ramdisk_id": UUID,
        "protected": False,
        "os_hidden": False,
        "min_disk": 0,
        "min_ram": 0,
        **dict.fromkeys(("disk_format", "container_format", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")),
        "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z",
        "self": link,
        "file": f"{link}/file",
        "schema": "/v2/schemas/image",
    }
    assert (await client.get(link)).json() == made


async def test_an_id_may_be_chosen_once_and_is_never_used_again(images):
    client = images.client()
    await images.make(client, id=UUID)
    assert (await client.post("/v2/images", json={"id": UUID})).status_code == 409
    await client.delete(f"/v2/images/{UUID}")
    assert (await client.post("/v2/images", json={"id": UUID})).status_code == 409


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("id", "not-a-uuid", 400),
        ("name", 5, 400),
        ("name", "x" * 256, 400),
        ("visibility", "secret", 400),
        ("disk_format", "wrong", 400),
        ("container_format", "wrong", 400),
        ("min_disk", -1, 400),
        ("min_ram", 1 << 31, 400),
        ("min_ram", True, 400),
        ("protected", "yes", 400),
        ("os_hidden", 1, 400),
        ("tags", "tag", 400),
        ("tags", ["x" * 256], 400),
        ("tags", [str(at) for at in range(129)], 413),
        ("color", 5, 400),
        ("color", None, 400),
        ("x" * 256, "value", 400),
        ("kernel_id", "not-a-uuid", 400),
        ("status", "active", 403),
        ("size", 5, 403),
        ("checksum", "x", 403),
        ("self", "/", 403),
        ("stores", "file", 403),
        ("deleted", "true", 403),
        ("locations", [], 403),
        ("os_glance_foo", "bar", 403),
        ("owner", "somebody else", 403),
        ("visibility", "public", 403),
    ],
)
async def test_a_wrong_field_is_refused_by_name_and_makes_nothing(images, field, value, status):
    client = images.client()
    answer = await client.post("/v2/images", json={field: value})
    assert answer.status_code == status
    assert (await images.client("admin", "admin").get("/v2/images")).json()["images"] == []


async def test_a_body_that_is_not_an_object_is_refused(images):
    for content in (b"", b"[]", b"{", b'"x"'):
        answer = await images.client().post("/v2/images", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


async def test_too_many_properties_are_refused(images):
    client = images.client()
    most = {f"p{at}": "x" for at in range(128)}
    made = await images.make(client, **most)
    assert {name: made[name] for name in most} == most
    assert (await client.post("/v2/images", json={**most, "one more": "x"})).status_code == 413
    assert (await patch(client, made["id"], {"op": "add", "path": "/one_more", "value": "x"})).status_code == 413


async def test_a_reader_can_look_but_not_touch(images):
    made = await images.make(images.client())
    reader = images.client(role="reader")
    assert (await reader.get(f"/v2/images/{made['id']}")).status_code == 200
    for method, path in (
        ("POST", "/v2/images"),
        ("DELETE", f"/v2/images/{made['id']}"),
        ("PUT", f"/v2/images/{made['id']}/tags/t"),
    ):
        assert (await reader.request(method, path, json={} if method == "POST" else None)).status_code == 403


async def test_a_patch_changes_fields_and_properties(images):
    client = images.client()
    made = await images.make(client, color="blue", shape="round")
    await images.clock.advance(60)
    answer = await patch(
        client,
        made["id"],
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "add", "path": "/os_distro", "value": "debian"},
        {"op": "replace", "path": "/color", "value": "red"},
        {"op": "remove", "path": "/shape"},
        {"op": "add", "path": "/a~1b~0c", "value": "escaped"},
        {"op": "replace", "path": "/tags", "value": ["x"]},
    )
    assert answer.status_code == 200
    changed = answer.json()
    assert changed == (await client.get(f"/v2/images/{made['id']}")).json()
    assert "shape" not in changed
    expected = {"name": "renamed", "os_distro": "debian", "color": "red", "a/b~c": "escaped", "tags": ["x"]}
    assert {name: changed[name] for name in expected} == expected
    assert (changed["created_at"], changed["updated_at"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:01:00Z")


async def test_a_patch_of_the_first_draft_is_understood(images):
    client = images.client()
    made = await images.make(client, color="blue")
    answer = await patch(client, made["id"], {"replace": "/name", "value": "n"}, {"remove": "/color"}, media=DRAFT_4)
    assert (answer.json()["name"], "color" in answer.json()) == ("n", False)
    assert (await patch(client, made["id"], {"add": "/name", "value": "m"}, media=DRAFT_4)).status_code == 409


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "replace", "path": "/id", "value": UUID}, 403),
        ({"op": "add", "path": "/os_glance_foo", "value": "bar"}, 403),
        ({"op": "add", "path": "/locations/-", "value": {"url": "file:///etc/passwd", "metadata": {}}}, 403),
        ({"op": "replace", "path": "/owner", "value": "somebody else"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "remove", "path": "/nothing"}, 409),
        ({"op": "replace", "path": "/nothing", "value": "x"}, 409),
        ({"op": "replace", "path": "/visibility", "value": "secret"}, 400),
        ({"op": "replace", "path": "/disk_format", "value": "wrong"}, 400),
        ({"op": "replace", "path": "/name"}, 400),
        ({"op": "move", "path": "/name", "from": "/color"}, 400),
        ({"op": "replace", "path": "name", "value": "x"}, 400),
        ({"op": "replace", "path": "/tags/0", "value": "x"}, 400),
        ({"op": "replace", "path": "/a~2", "value": "x"}, 400),
        ({"op": "replace", "value": "x"}, 400),
        ({"path": "/name", "value": "x"}, 400),
        ("nonsense", 400),
    ],
)
async def test_a_wrong_operation_changes_nothing_of_the_whole_patch(images, operation, status):
    client = images.client()
    made = await images.make(client, name="before")
    answer = await patch(client, made["id"], {"op": "replace", "path": "/name", "value": "after"}, operation)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert (await client.get(f"/v2/images/{made['id']}")).json() == made


async def test_a_patch_of_another_media_type_is_refused_with_the_right_ones(images):
    client = images.client()
    made = await images.make(client)
    answer = await patch(client, made["id"], media="application/json")
    assert answer.status_code == 415
    assert RFC_6902 in answer.headers["Accept-Patch"]


async def test_formats_are_fixed_once_there_is_data(images):
    client = images.client()
    shown = await images.active(client)
    answer = await patch(client, shown["id"], {"op": "replace", "path": "/disk_format", "value": "qcow2"})
    assert answer.status_code == 403
    assert "disk_format" in answer.json()["message"]


async def test_an_administrator_may_publish_and_give_away(images):
    admin = images.client("admin", "admin")
    made = await images.make(admin, owner="demo")
    assert made["owner"] == "demo"
    changes = [{"op": "replace", "path": "/owner", "value": "other"}, {"op": "replace", "path": "/visibility", "value": "public"}]
    answer = await patch(admin, made["id"], *changes)
    assert (answer.json()["owner"], answer.json()["visibility"]) == ("other", "public")


async def test_a_protected_image_is_not_deleted(images):
    client = images.client()
    made = await images.make(client, protected=True)
    assert (await client.delete(f"/v2/images/{made['id']}")).status_code == 403
    await patch(client, made["id"], {"op": "replace", "path": "/protected", "value": False})
    assert (await client.delete(f"/v2/images/{made['id']}")).status_code == 204
    assert (await client.delete(f"/v2/images/{made['id']}")).status_code == 404
    assert (await client.get(f"/v2/images/{made['id']}")).status_code == 404


async def test_tags_come_and_go(images):
    client = images.client()
    made = await images.make(client, tags=["kept"])
    for _ in range(2):
        assert (await client.put(f"/v2/images/{made['id']}/tags/new")).status_code == 204
    assert (await client.get(f"/v2/images/{made['id']}")).json()["tags"] == ["kept", "new"]
    assert (await client.delete(f"/v2/images/{made['id']}/tags/new")).status_code == 204
    assert (await client.delete(f"/v2/images/{made['id']}/tags/new")).status_code == 404
    assert (await client.put(f"/v2/images/{UUID}/tags/new")).status_code == 404


async def test_the_129th_tag_is_refused(images):
    client = images.client()
    made = await images.make(client, tags=[f"t{at}" for at in range(128)])
    assert (await client.put(f"/v2/images/{made['id']}/tags/t5")).status_code == 204
    assert (await client.put(f"/v2/images/{made['id']}/tags/one_more")).status_code == 413


async def test_T6_the_bytes_of_a_deactivated_image_cannot_be_read_by_anybody(images):
    client, admin = images.client(), images.client("admin", "admin")
    shown = await images.active(client, b"content", visibility="shared")
    path = f"/v2/images/{shown['id']}"
    for _ in range(2):
        assert (await client.post(f"{path}/actions/deactivate")).status_code == 204
    assert (await client.get(path)).json()["status"] == "deactivated"
    for reader in (client, admin):
        assert (await reader.get(f"{path}/file")).status_code == 403
        assert (await reader.get(f"{path}/file", headers={"Range": "bytes=0-1"})).status_code == 403
    assert (await admin.get(f"{path}/locations")).json() == []
    for _ in range(2):
        assert (await client.post(f"{path}/actions/reactivate")).status_code == 204
    assert (await client.get(f"{path}/file")).content == b"content"


async def test_a_queued_image_is_neither_deactivated_nor_reactivated(images):
    client = images.client()
    made = await images.make(client)
    for action in ("deactivate", "reactivate"):
        assert (await client.post(f"/v2/images/{made['id']}/actions/{action}")).status_code == 403


async def test_locations_are_for_services_and_cannot_be_added(images):
    client, admin = images.client(), images.client("admin", "admin")
    queued, active = await images.make(client), await images.active(client)
    assert (await client.get(f"/v2/images/{active['id']}/locations")).status_code == 403
    assert (await admin.get(f"/v2/images/{active['id']}/locations")).json()[0]["url"].startswith("file:///")
    body = {"url": "http://example.org/image"}
    assert (await client.post(f"/v2/images/{queued['id']}/locations", json=body)).status_code == 400
    assert (await client.post(f"/v2/images/{active['id']}/locations", json=body)).status_code == 409


async def test_there_are_no_import_tasks(images):
    client = images.client()
    made = await images.make(client)
    assert (await client.get(f"/v2/images/{made['id']}/tasks")).json() == {"tasks": []}
